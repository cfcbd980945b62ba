"""A bounded queue between who reads and who classifies, and small batches out of it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

__all__ = ["Flow"]

T = TypeVar("T")


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Flow(Generic[T]):
    """Reads in a thread of its own, no further ahead than the queue is long.

    Parameters
    ----------
    items : iterable
        Read until it ends; an error of it is raised where the batches are taken.
    length : int
        Most items that wait. With more the reader waits too: back-pressure.
    drop : bool
        Instead of waiting, what comes while the queue is full is dropped and counted.
    """

    def __init__(self, items: Iterable[T], *, length: int, drop: bool = False) -> None:
        self.dropped = 0
        """Items dropped; 0 unless asked for."""
        self._items, self._drop = items, drop
        self._queue: queue.Queue[T | _End] = queue.Queue(length)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                self._put(item)
                if self._stopped.is_set():
                    return
        except BaseException as found:  # noqa: BLE001  raised again by who takes
            error = found
        self._wait_in(_End(error))

    def _put(self, item: T) -> None:
        if not self._drop:
            self._wait_in(item)
            return
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self.dropped += 1

    def _wait_in(self, item: T | _End) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def batches(
        self, size: int, wait_s: float, on_idle: Callable[[], None] = lambda: None
    ) -> Iterator[list[T]]:
        """Give batches: full, or what is there when the first item has waited long enough.

        Parameters
        ----------
        size : int
        wait_s : float
        on_idle : callable
            Called when nothing came for that time.
        """
        self._thread.start()
        try:
            while True:
                batch, end = self._batch(size, wait_s)
                if batch:
                    yield batch
                elif end is None:
                    on_idle()
                if end is not None:
                    if end.error is not None:
                        raise end.error
                    return
        finally:
            self._stopped.set()

    def _batch(self, size: int, wait_s: float) -> tuple[list[T], _End | None]:
        batch: list[T] = []
        deadline = time.monotonic() + wait_s
        while len(batch) < size:
            left = deadline - time.monotonic()
            try:
                item = self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, _End):
                return batch, item
            if not batch:
                deadline = time.monotonic() + wait_s
            batch.append(item)
        return batch, None
