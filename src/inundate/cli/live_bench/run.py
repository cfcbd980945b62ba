"""Run the benchmark ``live`` and write its result file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inundate.cli.bench_file import chosen_parts, file_head, sayer, write_result
from inundate.cli.live_bench.endure import endure, fuzz
from inundate.cli.live_bench.soak import Soak, soak
from inundate.core.files import write_text
from inundate.fuse.event.settings import EventSettings

__all__ = ["run_live"]

Say = Callable[[str], None]

_READING = (
    "Counts are exact. A full disk is made by a limit on the size of files, under which every "
    "write of the server fails; its clock is set by an offset that the soak controls.\n"
)
_EVENT = EventSettings(storm_min=90, after_min=30, posts=1500, total_mm=50)
_SMALL = EventSettings(side_cells=48, storm_min=60, after_min=0, posts=200, total_mm=30)
_GROWTH_MB = 10.0  # of some 600: what the allocator of the C library may keep


def run_live(
    output: Path, work: Path, *, quick: bool = False, only: str | None = None
) -> dict[str, Any]:
    """Soak, endure and fuzz the live view; write ``live.json``.

    A run that was ended goes on with the first part that it had not finished, if the commit is
    still the same.

    Parameters
    ----------
    output : Path
        Folder that receives the result file.
    work : Path
        Folder for events, logs and journals.
    quick : bool
        A small version; writes ``live-quick.json``.
    only : str, optional
        One of soak, memory and fuzz; no file is written.

    Returns
    -------
    dict
        What was measured, as in the file.

    Raises
    ------
    ConfigError
        If there is no such part.
    """
    parts = {"soak": _soak, "memory": _memory, "fuzz": _fuzz}
    say = sayer("live")
    figures: list[dict[str, Any]] = []
    head = file_head("live", quick=quick)
    for name in chosen_parts("live", only, parts):
        place = work / "live" / f"{name}-{'quick' if quick else 'whole'}.json"
        rows = _kept(place, head) if only is None else None
        if rows is None:
            rows = parts[name](work / "live" / name, quick, say)
            write_text(place, json.dumps({"head": _key(head), "rows": rows}) + "\n")
        else:
            say(f"{name} is kept from a run of this commit")
        figures += rows
    found = {**head, "reading": _READING, "figures": figures}
    if only is None:
        write_result(output, found)
    return found


def _key(head: dict[str, Any]) -> dict[str, Any]:
    """Give what must be the same for a part to be taken from a run that was ended."""
    return {name: head[name] for name in ("version", "commit", "machine")}


def _kept(place: Path, head: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Give the rows of a part that a run of the same commit has finished."""
    if not place.is_file():
        return None
    found = json.loads(place.read_text(encoding="utf-8"))
    return list(found["rows"]) if found["head"] == _key(head) else None


def _soak(work: Path, quick: bool, say: Say) -> list[dict[str, Any]]:
    size = Soak(_SMALL, 120.0, 20, kill_every_s=4.0) if quick else Soak(_EVENT)
    found = soak(work, size, say)
    hours = (size.event.storm_min + size.event.after_min) / 60
    group = "Soak"
    words = (
        f"{hours:g} h of a made-up event at {size.speed:g} times its speed; "
        f"{found['kills_replay']} times the replay and {found['kills_server']} times the server "
        f"was killed with signal 9, {found['full_disks']} times the disk was full, "
        f"{found['clock_jumps_set']} times the clock was set by a day"
    )
    readers = (
        f"{found['readers']} readers followed all the time, came back {found['reconnects']} times "
        f"and had to start anew {found['resyncs']} times"
    )
    return [
        _row(group, "posts-lost", found["lost"], "== 0", f"of {found['sent']:,}; {words}"),
        _row(group, "posts-doubled", found["doubled"], "== 0"),
        _row(group, "frames-lost", found["frames_lost"], "== 0", f"of {found['frames']}"),
        _row(group, "frames-doubled", found["frames_doubled"], "== 0"),
        _row(
            group, "readers-without-all", found["readers"] - found["readers_with_all"], "== 0",
            readers,
        ),
        _row(group, "changes-missed-by-readers", found["reader_gaps"], "== 0"),
        _row(group, "changes-told-twice", found["reader_doubles"], "== 0"),
        _row(
            group, "full-disks-not-told", found["full_disks"] - found["disk_faults"], "== 0",
            "in /health, while the disk was full",
        ),
        _row(
            group, "clock-jumps-not-told", found["clock_jumps_set"] - found["clock_jumps_seen"],
            "== 0",
        ),
    ]  # fmt: skip


def _memory(work: Path, quick: bool, say: Say) -> list[dict[str, Any]]:
    found = endure(work, 8_000 if quick else 200_000, say)
    note = (
        f"{found['posts']:,} posts; from the first 30 % on, when every ring is full, to the end; "
        f"at most {found['most_mb']:.0f} MB in all, most of it libraries"
    )
    goal = "" if quick else f"<= {_GROWTH_MB:g}"
    return [
        _row("Memory", "growth", round(found["growth_mb"], 1), goal, note, unit="MB",
             met=quick or found["growth_mb"] <= _GROWTH_MB),
    ]  # fmt: skip


def _fuzz(work: Path, quick: bool, say: Say) -> list[dict[str, Any]]:
    found = fuzz(work, 1_000 if quick else 100_000, say)
    told = ", ".join(
        f"{count:,} times {code or 'no answer'}" for code, count in found["answers"].items()
    )
    return [
        _row("Fuzz", "faults", found["faults"], "== 0",
             f"answers of 500 and above to {found['requests']:,} requests: {told}"),
        _row("Fuzz", "dead-afterwards", int(not found["alive"]), "== 0"),
    ]  # fmt: skip


def _row(
    group: str, name: str, value: float, goal: str, note: str = "", *, unit: str = "1",
    met: bool | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": name, "group": group, "value": value, "unit": unit, "goal": goal,
        "met": value == 0 if met is None else met, "note": note,
    }  # fmt: skip
