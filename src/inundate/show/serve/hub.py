"""Tell many readers of changes: each asks for what it lacks, and none can hold the others up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inundate.show.serve.state import LiveState

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Hub", "TooManyReaders"]

_QUIET_S = 10.0  # a line is sent at least so often, so that a lost reader is noticed
_ID = re.compile(r"([0-9a-f]{32})-([0-9]{1,15})")


class TooManyReaders(Exception):
    """No further page may follow for now."""


class Hub:
    """Server-sent events out of the state's ring of changes.

    No reader has a queue: it remembers the number of the last change that it sent, and takes the
    next ones when it can. One that was away for longer than the ring holds is told to start anew.

    Parameters
    ----------
    state : LiveState
    journal : str
        Name of the journal; an id of another one is worth nothing here.
    """

    def __init__(self, state: LiveState, journal: str) -> None:
        self._state, self._journal = state, journal
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self.readers, self.readers_most = 0, 0

    def open(self) -> None:
        """Begin in the loop that runs."""
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Say from any thread that something changed."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Let every reader go, from within the loop."""
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Count a reader while it follows.

        Raises
        ------
        TooManyReaders
        """
        if self.readers >= self._state.settings.readers:
            raise TooManyReaders
        self.readers += 1
        self.readers_most = max(self.readers_most, self.readers)
        try:
            yield
        finally:
            self.readers -= 1

    def event_id(self, seq: int) -> str:
        """Give the id of a change."""
        return f"{self._journal}-{seq}"

    def position(self, told: str) -> int | None:
        """Give the number in an id; None if it is none of this journal's."""
        found = _ID.fullmatch(told)
        if found is None or found[1] != self._journal:
            return None
        return int(found[2])

    async def events(self, after: int | None) -> AsyncIterator[bytes]:
        """Give what a reader lacks, and then what comes, as lines of an event stream.

        Parameters
        ----------
        after : int or None
            Number of the last change that it has; None if it cannot be told.
        """
        yield b"retry: 2000\n\n"
        while not self._is_closed:
            changed = self._changed  # taken first: a change after this sets it
            found = None if after is None else self._state.since(after)
            if found is None:
                yield b"event: resync\ndata: {}\n\n"
                return
            for seq, kind, text in found:
                yield f"id: {self.event_id(seq)}\nevent: {kind}\ndata: {text}\n\n".encode(
                    "utf-8", "replace"
                )
                after = seq
            if found:
                continue
            try:
                await asyncio.wait_for(changed.wait(), _QUIET_S)
            except TimeoutError:
                yield b": quiet\n\n"
