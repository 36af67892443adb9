"""Asking a server for pages and timing it: wrk for pages that may be asked at full speed, one by one for the others."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LUA = Path(__file__).resolve().parent / "wrk.lua"
ENCODINGS = "br, gzip"
IDLE = 5


@dataclass(frozen=True)
class Figures:
    """Milliseconds at the median and the 99th percentile; requests a second where they were counted."""

    p50: float
    p99: float
    rate: float | None = None


class Client:
    """One kept-alive connection with cookies, as a browser has it."""

    def __init__(self, address: str):
        self.address = address
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self.cookies: dict[str, str] = {}
        self.used = time.monotonic()

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        found = {"Accept-Encoding": ENCODINGS, "Origin": self.address, "Sec-Fetch-Site": "same-origin", **(more or {})}
        if self.cookies:
            found["Cookie"] = self.cookie()
        return found

    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def send(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None):
        """The answer's status, headers and bytes. A connection that the server may have closed meanwhile is opened anew."""
        if time.monotonic() - self.used > IDLE:
            self.connection.close()
        self.used = time.monotonic()
        for attempt in (1, 2):
            try:
                self.connection.request(method, path, body, self.headers(headers))
                answer = self.connection.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.connection.close()
                if attempt == 2 or method != "GET":
                    raise
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, answer.read()

    def page(self, path: str) -> str:
        """A page as text; anything but 200 ends the run, since it would spoil the figures silently."""
        status, _, body = self.send("GET", path, headers={"Accept-Encoding": "identity"})
        if status != 200:
            raise SystemExit(f"{self.address}{path} answered {status}")
        return body.decode()


def wait_until_quiet(seconds: float = 120) -> None:
    """Until both processors idle: a server goes on with requests whose visitor has left, and would slow down who comes next."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        idle, total = processor_time()
        time.sleep(0.25)
        now_idle, now_total = processor_time()
        if now_idle - idle > 0.9 * (now_total - total):
            return
    raise SystemExit(f"the machine does not come to rest within {seconds:.0f} s: stop what else is running")


def processor_time() -> tuple[int, int]:
    """Ticks of all processors since the start: idle, and in all."""
    ticks = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return ticks[3] + ticks[4], sum(ticks)


def wrk(client: Client, paths: list[str], connections: int, seconds: float) -> dict:
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s", "--latency"]
    for name, value in client.headers().items():
        command += ["--header", f"{name}: {value}"]
    command += ["--script", str(LUA), client.address, "--", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if found["refused"] or found["lost"]:
        raise SystemExit(f"{client.address}{paths[0]}: {found['refused']} refused, {found['lost']} lost")
    return found


def at_full_speed(client: Client, paths: list[str], seconds: float, connections: int) -> Figures:
    """Times of one visitor alone, and requests a second of many at once."""
    client.page(paths[0])
    alone = wrk(client, paths, 1, seconds)
    many = wrk(client, paths, connections, seconds)
    return Figures(alone["p50"], alone["p99"], many["requests"] / many["seconds"])


def one_by_one(client: Client, path: str, times: int, before: Callable[[], None]) -> Figures:
    """Times of single requests with something done before each, outside the clock."""
    taken = []
    for _ in range(times):
        before()
        start = time.perf_counter_ns()
        status, _, _ = client.send("GET", path)
        taken.append((time.perf_counter_ns() - start) / 1e6)
        if status != 200:
            raise SystemExit(f"{client.address}{path} answered {status}")
    return Figures(statistics.median(taken), percentile(taken, 0.99))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def middle(rounds: list[Figures]) -> Figures:
    """Medians over rounds."""
    rates = [one.rate for one in rounds if one.rate is not None]
    return Figures(
        statistics.median(one.p50 for one in rounds),
        statistics.median(one.p99 for one in rounds),
        statistics.median(rates) if rates else None,
    )
