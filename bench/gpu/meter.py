"""How much of the card's memory is used, watched from outside of the process that uses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pynvml

# Seconds between two looks.
BETWEEN = 0.005


@dataclass
class Seen:
    """Bytes by which the used memory grew at most."""

    growth: int = 0


class Meter:
    """The first card."""

    def __init__(self) -> None:
        pynvml.nvmlInit()
        self.card = pynvml.nvmlDeviceGetHandleByIndex(0)
        name = pynvml.nvmlDeviceGetName(self.card)
        self.name = name.decode() if isinstance(name, bytes) else name
        self.total = pynvml.nvmlDeviceGetMemoryInfo(self.card).total

    def used(self) -> int:
        return pynvml.nvmlDeviceGetMemoryInfo(self.card).used

    @contextmanager
    def watching(self) -> Iterator[Seen]:
        seen, before, over = Seen(), self.used(), threading.Event()

        def watch() -> None:
            while not over.wait(BETWEEN):
                seen.growth = max(seen.growth, self.used() - before)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()
