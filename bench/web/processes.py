"""Servers as child processes: a free port, waiting until they answer, what memory they hold, a clean end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from pathlib import Path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Process:
    """A server with its log file, in a process group of its own."""

    def __init__(
        self, command: list[str], log: Path, environment: dict[str, str] | None = None, folder: Path | None = None
    ):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("wb") as output:
            self.child = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                start_new_session=True,
            )

    def wait_for(self, port: int, path: str, seconds: float = 120) -> None:
        """Until the path answers with anything but 5xx."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                break
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", path)
                if connection.getresponse().status < 500:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        tail = self.log.read_text(errors="replace").splitlines()[-20:]
        self.stop()
        raise SystemExit("\n".join([f"no answer on port {port}; the end of {self.log}:", *tail]))

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()

    def resident_mib(self) -> float:
        """Proportional share of the process and everything below it, so that forked workers are not counted twice."""
        return sum(proportional_kib(one) for one in family(self.child.pid)) / 1024


def family(first: int) -> list[int]:
    found, at = [first], 0
    while at < len(found):
        for children in Path(f"/proc/{found[at]}/task").glob("*/children"):
            found += [int(one) for one in children.read_text().split()]
        at += 1
    return found


def proportional_kib(process: int) -> int:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
