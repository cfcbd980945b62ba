"""The part of a live view that works: watches, predicts, classifies, and writes the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError, GridError, InundateError
from inundate.show.serve.flood import Flood
from inundate.show.serve.inbox import Batch, Inbox, RainFile, Refused
from inundate.show.serve.journal import Journal
from inundate.show.serve.pictures import Pictures
from inundate.show.serve.placing import Placing
from inundate.show.serve.says import Says
from inundate.show.serve.state import LiveState
from inundate.show.serve.watch import Health

__all__ = ["Worker"]

_SLOWEST_S = 30.0  # between tries while something does not work
_TIDY = 1000  # looks between two times of forgetting


class Worker:
    """Takes what is new in a folder, one look at a time.

    Parameters
    ----------
    inbox : Inbox
    journal : Journal
    state : LiveState
    flood : Flood
    says : Says
    placing : Placing
    health : Health
    pictures : Pictures
    wake : callable
        Called after each change.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        journal: Journal,
        state: LiveState,
        flood: Flood,
        says: Says,
        placing: Placing,
        health: Health,
        pictures: Pictures,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._inbox, self._journal, self._state = inbox, journal, state
        self._flood, self._says, self._placing = flood, says, placing
        self._health, self._pictures, self.wake = health, pictures, wake
        self._shown: np.datetime64 | None = None
        self._cast: np.datetime64 | None = None  # rain that a nowcast was made of, or failed with
        self._stop = threading.Event()
        self._looks = 0
        self._is_behind = True  # rain that was read before has frames to come

    def recover(self) -> None:
        """Build the view from the journal; what was read is not read again."""
        rain: list[tuple[np.datetime64, str]] = []
        for change in self._journal.lines():
            self._inbox.take(change)
            self._state.apply(change)
            if change["kind"] == "frame":
                self._shown = _moment(change["time"])
            elif change["kind"] == "nowcast":
                self._cast = _moment(change["issued"])
            elif change["kind"] == "rain":
                rain.append((_moment(max(change["times"])), change["file"]))
        self._inbox.forget_gone()
        begin = max((end for end, _ in rain), default=_moment("1970-01-01")) - self._flood.reach
        for end, name in rain:
            path = self._inbox.folder / name
            if end > begin and path.is_file():
                self._reread(path)
        self._pictures.tidy(self._state.picture_names())

    def _reread(self, path: Path) -> None:
        """Read rain again that was read before; what spoiled since is told, and taken as dry."""
        try:
            self._flood.read(path)
        except (DataError, GridError) as error:
            self._health.fail("rain read before", error)

    def look(self) -> int:
        """Take everything that is new and give how many changes that made.

        A part that fails is told in the health and tried again with the next look; what it had
        to take is still in the folder.
        """
        self._health.look()
        before = self._journal.seq
        for part in (self._take_posts, self._take_rain, self._take_frames):
            self._try(part)
        if self._awaits_nowcast():
            self._try(self._take_nowcast)
        self._looks += 1
        if self._looks % _TIDY == 0:
            self._inbox.forget_gone()
        self._health.is_ready = True
        return self._journal.seq - before

    def _try(self, part: Callable[[], None]) -> None:
        name = part.__name__.removeprefix("_take_")
        try:
            part()
        except Exception as error:  # noqa: BLE001  a fault of one part leaves the others going
            self._health.fail(name, error)
        else:
            self._health.mend(name)

    def run(self, stop: threading.Event, poll_s: float) -> None:
        """Look again and again until told to stop; more rarely while something fails."""
        wait, self._stop = poll_s, stop
        while not stop.is_set():
            self.look()
            wait = min(wait * 2, _SLOWEST_S) if self._health.problems else poll_s
            stop.wait(wait)

    def _note(self, change: dict[str, Any]) -> dict[str, Any]:
        """Write a change down, then show it: what is shown was never not written."""
        noted = self._journal.append(change)
        self._inbox.take(noted)
        self._state.apply(noted)
        self.wake()
        return noted

    def _take_posts(self) -> None:
        for found in self._inbox.posts():
            if isinstance(found, Refused):
                self._note({"kind": "refused", "file": found.name, "why": found.why})
            else:
                self._note(self._posts_of(found))

    def _posts_of(self, batch: Batch) -> dict[str, Any]:
        new: dict[str, dict[str, Any]] = {}
        for post in batch.posts:
            if not self._state.is_known(post["post"]):
                new.setdefault(post["post"], post)
        if batch.is_located:
            told = [self._placing.located(row) for row in new.values()]
        else:
            answers = self._says([post["text"] for post in new.values()]) if new else []
            told = [
                self._placing.post(post, answer)
                for post, answer in zip(new.values(), answers, strict=True)
            ]
        return {
            "kind": "posts", "file": batch.name, "from": batch.start, "to": batch.end,
            "last": batch.is_last, "posts": told, "repeated": len(batch.posts) - len(new),
            "broken": batch.broken,
        }  # fmt: skip

    def _take_rain(self) -> None:
        for found in self._inbox.rain():
            change = self._rain_of(found)
            if change is not None:
                self._note(change)
                self._is_behind = True

    def _rain_of(self, found: RainFile) -> dict[str, Any] | None:
        """Read a rain file; None if it cannot be read yet, as while another writes it."""
        try:
            ends = self._flood.read(found.path)
        except (DataError, GridError) as error:
            if self._inbox.is_settled(found.name, found.path):
                why = f"{error.message} ({error.hint})" if error.hint else error.message
                return {"kind": "refused", "file": found.name, "why": why}
            return None
        return {"kind": "rain", "file": found.name, "times": [f"{end}Z" for end in ends]}

    def _take_frames(self) -> None:
        if not self._is_behind:
            return
        for frame in self._flood.frames(self._shown):
            self._note(self._pictures.frame(frame))
            self._shown = frame.time
        self._is_behind = False
        self._pictures.tidy(self._state.picture_names())

    @property
    def waits_for(self) -> str | None:
        """What the next nowcast waits for; None without nowcasts, empty if for nothing."""
        return None if self._flood.ahead is None else self._flood.ahead.lacks()

    def _awaits_nowcast(self) -> bool:
        """Whether there is rain that no nowcast was made of, and enough for one."""
        newest = self._flood.newest
        if newest is None or self.waits_for != "":
            return False
        return self._cast is None or bool(newest > self._cast)

    def _take_nowcast(self) -> None:
        ahead, newest = self._flood.ahead, self._flood.newest
        if ahead is None:
            return
        try:
            outlook = ahead.make(self._flood, between=self._between)
        except _StoppedError:
            return
        except InundateError:
            self._cast = newest  # these frames give none; the next ones may
            raise
        self._note(self._pictures.outlook(outlook, ahead))
        self._cast = outlook.issued
        self._pictures.tidy(self._state.picture_names())

    def _between(self) -> None:
        """Let posts through while members are predicted, and the end of the server."""
        if self._stop.is_set():
            raise _StoppedError
        self._try(self._take_posts)


class _StoppedError(Exception):
    """The server ends; what was begun is begun anew after the next start."""


def _moment(text: str) -> np.datetime64:
    return np.datetime64(text.removesuffix("Z"), "ms")
