"""The soak: two hours of an event at 60 times its speed, and everything that can go wrong."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.cli.live_bench.process import Part, Server, wait_for
from inundate.cli.live_bench.readers import Crowd
from inundate.fuse.event.make import make_event
from inundate.fuse.event.settings import EventSettings

__all__ = ["Soak", "soak"]

_FULL_S, _KILL_EVERY_S = 8.0, 4.0


@dataclass(frozen=True)
class Soak:
    """How large a soak is.

    Attributes
    ----------
    event : EventSettings
    speed : float
    readers : int
    kill_every_s, full_s : float
        Seconds between two kills, and of a full disk.
    """

    event: EventSettings
    speed: float = 60.0
    readers: int = 100
    kill_every_s: float = _KILL_EVERY_S
    full_s: float = _FULL_S


def soak(work: Path, size: Soak, say: Callable[[str], None]) -> dict[str, Any]:
    """Play an event, kill both parts in turn, fill the disk, set the clock; count everything.

    Parameters
    ----------
    work : Path
        Folder for everything; what was there is removed.
    size : Soak
    say : callable

    Returns
    -------
    dict
        Counts of what was sent, kept and seen.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    event, live = work / "event", work / "live"
    told = make_event(event, 8, settings=size.event)
    sent = Counter(
        json.loads(line)["post"]
        for line in (event / "posts.jsonl").read_text("utf-8").split("\n")
        if line
    )
    replay = Part(
        ["-m", "inundate", "replay", str(event), "-o", str(live), "--speed", str(size.speed)],
        work / "replay.log",
    )
    server = Server(live, work)
    begun = time.monotonic()
    try:
        replay.start()
        wait_for((live / "terrain.nc").exists)
        server.start()
        wait_for(lambda: bool(server.health()))
        with Crowd(server.port, size.readers) as crowd:
            faults = _harm(replay, server, size, say)
            say("no more faults; waiting for all to be seen")
            posts, frames = sum(sent.values()), told["counts"]["rain_frames"] // 2
            wait_for(lambda: _has_all(server, posts, frames), 180)
            wait_for(
                lambda: all(
                    sum(reader.posts.values()) >= posts and sum(reader.frames.values()) >= frames
                    for reader in crowd.readers
                ),
                60,
            )
            health = server.health()
    finally:
        replay.end()
        server.end()
    kept = _kept(live / ".live" / "journal.jsonl")
    seen = [reader for reader in crowd.readers if reader.posts == sent]
    return {
        "sent": posts, "kept_posts": sum(kept["posts"].values()),
        "lost": len(sent - kept["posts"]), "doubled": sum((kept["posts"] - sent).values()),
        "frames": frames, "frames_lost": frames - len(kept["frames"]),
        "frames_doubled": sum(kept["frames"].values()) - len(kept["frames"]),
        "readers": size.readers, "readers_with_all": len(seen),
        "reader_gaps": sum(reader.gaps for reader in crowd.readers),
        "reader_doubles": sum(reader.doubled for reader in crowd.readers),
        "reconnects": sum(reader.connects - 1 for reader in crowd.readers),
        "resyncs": sum(reader.resyncs for reader in crowd.readers),
        "kills_replay": replay.kills, "kills_server": server.kills,
        **faults, "status": health.get("status"), "wall_s": time.monotonic() - begun,
    }  # fmt: skip


def _harm(replay: Part, server: Server, size: Soak, say: Callable[[str], None]) -> dict[str, Any]:
    """Do one harm after another until the replay is over by itself."""
    told = {"disk_faults": 0, "full_disks": 0, "clock_jumps_set": 0, "clock_jumps_seen": 0}
    for harm in itertools.cycle((_kill_replay, _kill_server, _fill, _set_clock)):
        if wait_for(lambda: replay.is_over, size.kill_every_s):
            return told
        say(harm.__name__.strip("_").replace("_", " "))
        harm(replay, server, size, told)
    return told


def _kill_replay(replay: Part, _server: Server, _size: Soak, _told: dict[str, Any]) -> None:
    replay.kill()


def _kill_server(_replay: Part, server: Server, _size: Soak, _told: dict[str, Any]) -> None:
    server.kill()
    wait_for(lambda: bool(server.health()))


def _fill(_replay: Part, server: Server, size: Soak, told: dict[str, Any]) -> None:
    """Let every write of the server fail for a while; it must say so, and make it good."""
    server.fill_disk(is_full=True)
    wait_for(lambda: server.health().get("status") == "degraded", size.full_s)
    told["disk_faults"] += server.health().get("status") == "degraded"
    told["full_disks"] += 1
    server.fill_disk(is_full=False)


def _set_clock(_replay: Part, server: Server, _size: Soak, told: dict[str, Any]) -> None:
    """Set the server's time of day a day ahead and back again."""
    for seconds in (86_400.0, 0.0):
        before = server.health().get("clock_jumps", 0)
        server.set_clock(seconds)
        told["clock_jumps_set"] += 1
        told["clock_jumps_seen"] += wait_for(
            lambda before=before: server.health().get("clock_jumps", 0) > before, 30
        )


def _has_all(server: Server, posts: int, frames: int) -> bool:
    counts: dict[str, int] = server.health().get("counts", {})
    return counts.get("posts", 0) >= posts and counts.get("frames", 0) >= frames


def _kept(journal: Path) -> dict[str, Counter[str]]:
    posts: Counter[str] = Counter()
    frames: Counter[str] = Counter()
    for line in journal.read_text("utf-8").split("\n"):
        change = json.loads(line) if line else {}
        if change.get("kind") == "posts":
            posts.update(post["post"] for post in change["posts"])
        elif change.get("kind") == "frame":
            frames[change["time"]] += 1
    return {"posts": posts, "frames": frames}
