"""Play a recorded event: its files appear in a folder as live data would, in their order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.files import atomic_file, write_text
from inundate.core.store import write_dataset
from inundate.fuse.event.make import read_event
from inundate.rain.array import to_rain_dataset
from inundate.rain.open import open_rain

__all__ = ["CLOCK_FILE", "POSTS", "RAIN", "Item", "Played", "items_of", "play_event", "stamp"]

RAIN, POSTS, CLOCK_FILE = "rain", "posts", "clock.json"
_RETRY_S = 1.0
_MARK = "replay.json"
_NAP_S = 0.5  # longest sleep, so that the clock file keeps going


@dataclass(frozen=True)
class Item:
    """One file that appears.

    Attributes
    ----------
    time : datetime64[ms]
        When it does, by the event's clock: the end of a rain interval or of a minute of posts.
    name : str
        Path within the folder; tells kind and time, so a file that is there is not made again.
    lines : tuple of str
        Posts; empty for rain.
    frame : int
        Number of the rain frame; -1 for posts.
    """

    time: np.datetime64
    name: str
    lines: tuple[str, ...] = ()
    frame: int = -1


@dataclass(frozen=True)
class Played:
    """What a replay did.

    Attributes
    ----------
    written, found : int
        Files that it wrote, and that an earlier start had written.
    rain_frames, posts : int
        Of the whole event.
    waited : int
        Times that a file could not be written at once, because the disk was full.
    """

    written: int
    found: int
    rain_frames: int
    posts: int
    waited: int


def stamp(moment: np.datetime64) -> str:
    """Write a time as file names have it.

    Examples
    --------
    >>> stamp(np.datetime64("2030-06-14T15:05:00"))
    '20300614T150500Z'
    """
    return str(moment.astype("datetime64[s]")).replace("-", "").replace(":", "") + "Z"


def items_of(event: Path | str) -> list[Item]:
    """Give the files that an event becomes, in the order in which they appear.

    Raises
    ------
    MissingFileError, DataError
        If the folder is no event, or a post has no time.
    """
    place = Path(event)
    read_event(place)
    ends = open_rain(place / "rain.nc")["time"].to_numpy().astype("datetime64[ms]")
    items = [
        Item(end, f"{RAIN}/rain-{stamp(end)}.nc", frame=number) for number, end in enumerate(ends)
    ]
    batches: dict[np.datetime64, list[str]] = {}
    text = (place / "posts.jsonl").read_text(encoding="utf-8")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            batches.setdefault(_minute(line, place, number), []).append(line)
    items += [
        Item(end, f"{POSTS}/posts-{stamp(end)}.jsonl", lines=tuple(lines))
        for end, lines in batches.items()
    ]
    return sorted(items, key=lambda item: (item.time, item.name))


def _minute(line: str, place: Path, number: int) -> np.datetime64:
    """Give the end of the minute that a post falls into."""
    try:
        seconds = np.datetime64(json.loads(line)["created_bin"].removesuffix("Z"), "s")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"reading {place / 'posts.jsonl'}, line {number}: no time under 'created_bin'"
        ) from error
    minutes = seconds.astype("datetime64[m]")
    found: np.datetime64 = np.datetime64(minutes + np.timedelta64(1, "m"), "ms")
    return found


def play_event(
    event: Path | str,
    folder: Path | str,
    *,
    speed: float = 60.0,
    tell: Callable[[str], None] | None = None,
) -> Played:
    """Play an event into a folder, faster than it was.

    Files appear whole, in the order of their time. A replay that was killed goes on where it
    stopped when it is called again: what is there is not written again, and the event's clock
    stood still meanwhile.

    Parameters
    ----------
    event : Path
        Folder that :func:`inundate.fuse.event.make.make_event` wrote.
    folder : Path
        Receives ``terrain.nc``, ``clock.json``, ``rain/*.nc`` and ``posts/*.jsonl``.
    speed : float
        Seconds of the event a second.
    tell : callable, optional
        Called with a line for people now and then.

    Raises
    ------
    ConfigError
        If the speed is not above 0.
    RunError
        If the folder holds the replay of another event.
    """
    if not speed > 0:
        raise ConfigError(f"replaying {event}: speed {speed:g}, expected above 0")
    source, target = Path(event), Path(folder)
    items = items_of(source)
    _claim(source, target)
    rain = open_rain(source / "rain.nc").load()
    say = tell or (lambda _line: None)
    there = [(target / item.name).exists() for item in items]
    begun = _begin(source, items, there)
    clock, waited, written = _Clock(begun, speed), 0, 0
    for item, known in zip(items, there, strict=True):
        if known:
            continue
        for now in clock.until(item.time):
            waited += _write(target, partial(_tell_time, target, now, speed), say)
        waited += _write(target, partial(_tell_time, target, item.time, speed), say)
        waited += _write(target, partial(_appear, item, rain, target), say)
        written += 1
        say(f"{stamp(item.time)}  {item.name}")
    frames = sum(item.frame >= 0 for item in items)
    posts = sum(len(item.lines) for item in items)
    return Played(written, sum(there), frames, posts, waited)


class _Clock:
    """The event's clock, which a clock that does not go back drives."""

    def __init__(self, begun: np.datetime64, speed: float) -> None:
        self._begun, self._speed, self._start = begun, speed, time.monotonic()

    def until(self, moment: np.datetime64) -> Iterator[np.datetime64]:
        """Give the time again and again until a moment has come."""
        while (now := self._now()) < moment:
            yield now
            left = float((moment - now) / np.timedelta64(1, "s")) / self._speed
            time.sleep(min(max(left, 0.001), _NAP_S))

    def _now(self) -> np.datetime64:
        gone = (time.monotonic() - self._start) * self._speed
        return self._begun + np.timedelta64(round(gone * 1000), "ms")


def _begin(source: Path, items: list[Item], there: list[bool]) -> np.datetime64:
    """Give the event's time at which to go on: that of the last file that is there."""
    known = [item.time for item, is_there in zip(items, there, strict=True) if is_there]
    if known:
        return max(known)
    return np.datetime64(read_event(source)["start"].removesuffix("Z"), "ms")


def _claim(source: Path, target: Path) -> None:
    """Mark a folder as the replay of this event, with its terrain, or refuse."""
    told = read_event(source)
    mark = {"kind": "replay", "event": told["files"], "title": told["title"]}
    place = target / _MARK
    if place.exists():
        if json.loads(place.read_text(encoding="utf-8")) != mark:
            raise RunError(
                f"replaying {source}: {target} holds the replay of another event",
                hint="give another -o",
            )
    elif target.exists() and any(not path.name.startswith(".") for path in target.iterdir()):
        raise RunError(
            f"replaying {source}: {target} is there and is no replay",
            hint="give another -o",
        )
    target.mkdir(parents=True, exist_ok=True)
    write_text(place, json.dumps(mark) + "\n")  # first: a replay killed here can go on
    for name in (RAIN, POSTS):
        (target / name).mkdir(exist_ok=True)
    with atomic_file(target / "terrain.nc") as temporary:
        temporary.write_bytes((source / "terrain.nc").read_bytes())


def _write(target: Path, action: Callable[[], object], say: Callable[[str], None]) -> int:
    """Write something, as soon as there is room for it; give how often there was none."""
    waited = 0
    while True:
        try:
            action()
        except RunError as error:
            if "disk is full" not in error.message:
                raise
            waited += 1
            say(f"{error.message}; waiting for room in {target}")
            time.sleep(_RETRY_S)
        else:
            return waited


def _appear(item: Item, rain: xr.DataArray, target: Path) -> None:
    path = target / item.name
    if item.frame < 0:
        write_text(path, "\n".join(item.lines) + "\n")
    else:
        write_dataset(to_rain_dataset(rain[item.frame : item.frame + 1]), path, overwrite=True)


def _tell_time(target: Path, now: np.datetime64, speed: float) -> None:
    told: dict[str, Any] = {"time": f"{now.astype('datetime64[ms]')}Z", "speed": speed}
    write_text(target / CLOCK_FILE, json.dumps(told) + "\n")
