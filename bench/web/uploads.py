"""From an uploaded file to a stored prediction: one at a time, many at a time, and far more than can be done."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from sites import ROOT, Thorax
from visits import Client, percentile

FILM = ROOT / "samples/normal-1.jpeg"
FOLDER = 40
BOUNDARY = "thorax-bench-boundary"
ENDED = {"completed", "refused", "failed", "cancelled"}
NUMBERS = count()


@dataclass
class Told:
    """What came of the uploads that were offered."""

    accepted: list[str] = field(default_factory=list)
    refused: int = 0
    without_retry_after: int = 0
    seconds: float = 0.0


def film() -> bytes:
    """The sample with a comment of its own, so that no two uploads are the same file."""
    data = FILM.read_bytes()
    words = f"bench {time.time_ns()} {next(NUMBERS)}".encode()
    comment = b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words
    return data[:2] + comment + data[2:]


def form(record_number: str, films: int) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="record_number"\r\n\r\n{record_number}\r\n'.encode()
    ]
    for _ in range(films):
        parts += [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="film.jpeg"\r\n'.encode(),
            b"Content-Type: image/jpeg\r\n\r\n",
            film(),
            b"\r\n",
        ]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


class Uploader:
    """A signed-in doctor's browser; each thread has its own connection."""

    def __init__(self, site: Thorax, record_number: str):
        self.site = site
        self.record_number = record_number
        self.own = threading.local()

    def client(self) -> Client:
        if not hasattr(self.own, "client"):
            self.own.client = Client(self.site.address)
            self.own.client.cookies = dict(self.site.client.cookies)
        return self.own.client

    def send(self, films: int = 1) -> tuple[int, list[str], str | None]:
        """The status, the predictions of the films that were accepted, and Retry-After."""
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Accept": "application/json"}
        headers["Accept-Encoding"] = "identity"
        status, answer, body = self.client().send("POST", "/upload", form(self.record_number, films), headers)
        if status >= 400:
            return status, [], answer.get("Retry-After")
        return status, [one["prediction_id"] for one in json.loads(body)["files"] if one.get("prediction_id")], None

    def status(self, prediction: str) -> str:
        headers = {"Accept-Encoding": "identity"}
        _, _, body = self.client().send("GET", f"/predictions/{prediction}/progress", headers=headers)
        return json.loads(body)["status"]

    def wait(self, prediction: str, pause: float = 0.005) -> str:
        while (status := self.status(prediction)) not in ENDED:
            time.sleep(pause)
        return status

    def whole(self) -> float:
        """Milliseconds from the first byte sent until the prediction is stored."""
        start = time.perf_counter_ns()
        status, accepted, _ = self.send()
        if not accepted:
            raise SystemExit(f"an upload answered {status}")
        ended = self.wait(accepted[0])
        if ended != "completed":
            raise SystemExit(f"an upload ended as {ended}")
        return (time.perf_counter_ns() - start) / 1e6


def one_at_a_time(uploader: Uploader, times: int) -> list[float]:
    uploader.whole()
    return [uploader.whole() for _ in range(times)]


def beside_a_batch(uploader: Uploader, times: int) -> tuple[list[float], float]:
    """Milliseconds of each upload while folders of films are worked through, and films stored a second, all counted."""
    taken, folders, start = [], [], time.perf_counter()
    for _ in range(times):
        # Films of a folder are read one after the other: with half of the last one done it is time for the next.
        if not folders or uploader.status(folders[-FOLDER // 2]) in ENDED:
            status, accepted, _ = uploader.send(FOLDER)
            if len(accepted) != FOLDER:
                raise SystemExit(f"a folder of {FOLDER} films answered {status}, {len(accepted)} of them accepted")
            folders += accepted
        taken.append(uploader.whole())
    for prediction in folders:
        uploader.wait(prediction, 0.05)
    return taken, (times + len(folders)) / (time.perf_counter() - start)


def together(uploader: Uploader, at_once: int, times: int) -> tuple[list[float], float]:
    """Milliseconds of each, and stored predictions a second."""
    start = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        taken = list(pool.map(lambda _: uploader.whole(), range(times)))
    return taken, times / (time.perf_counter() - start)


def offer(uploader: Uploader, rate: float, seconds: float) -> Told:
    """Uploads at a fixed rate, whether the earlier ones were answered or not."""
    told, guard = Told(), threading.Lock()

    def one() -> None:
        status, accepted, retry_after = uploader.send()
        with guard:
            if accepted:
                told.accepted += accepted
            elif status in (429, 503):
                told.refused += 1
                told.without_retry_after += retry_after is None
            else:
                raise SystemExit(f"an upload answered {status}")

    start = time.perf_counter()
    with ThreadPoolExecutor(64) as pool:
        sent = []
        for number in range(int(rate * seconds)):
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
            sent.append(pool.submit(one))
        for each in sent:
            each.result()
    told.seconds = time.perf_counter() - start
    return told


def measure(uploader: Uploader, at_once: int, times: int, overload_seconds: float) -> list[str]:
    """Lines for the report."""
    alone = one_at_a_time(uploader, times)
    beside, both = beside_a_batch(uploader, times)
    many, rate = together(uploader, at_once, max(times, 2 * at_once))
    told = offer(uploader, 10 * rate, overload_seconds)
    ended = [uploader.wait(prediction, 0.05) for prediction in told.accepted]
    stored = sum(status == "completed" for status in ended)
    doubled = len(told.accepted) - len(set(told.accepted))
    return [
        "| upload to stored prediction | p50 ms | p99 ms | stored a second |",
        "|---|---:|---:|---:|",
        f"| one at a time, {len(alone)} uploads | {percentile(alone, 0.5):.0f} | {percentile(alone, 0.99):.0f} | {1000 * len(alone) / sum(alone):.2f} |",
        f"| one at a time beside a large batch, {len(beside)} uploads | {percentile(beside, 0.5):.0f} | {percentile(beside, 0.99):.0f} | {both:.2f} |",
        f"| {at_once} at a time, {len(many)} uploads | {percentile(many, 0.5):.0f} | {percentile(many, 0.99):.0f} | {rate:.2f} |",
        "",
        f"Ten times the sustainable rate for {told.seconds:.0f} s ({10 * rate:.0f} uploads a second offered): {len(told.accepted)} accepted,",
        f"{told.refused} told to come back later ({told.without_retry_after} of them without saying when); of the accepted {stored} stored,",
        f"{len(ended) - stored} lost, {doubled} doubled.",
    ]
