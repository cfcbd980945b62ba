"""Memory over many posts, and a fuzz of the server's port."""

from __future__ import annotations

import json
import random
import shutil
import socket
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from inundate.cli.live_bench.fuzz import make_request
from inundate.cli.live_bench.process import Server, wait_for
from inundate.fuse.event.make import make_event
from inundate.fuse.event.settings import EventSettings

__all__ = ["endure", "fuzz"]

_BATCH = 2_000
_ROUND, _AT_ONCE = 10_000, 16
_PATIENCE_S = 0.25
_LETTERS = "abcdefghijklmnop"


def endure(work: Path, posts: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Feed many posts and look at the memory from the time at which all rings are full.

    Parameters
    ----------
    work : Path
    posts : int
        The first 30 % only fill what is bounded.
    say : callable

    Returns
    -------
    dict
        ``memory`` (MB) after each batch, ``growth_mb`` from then to the end.
    """
    live = _folder(work)
    server = Server(live, work)
    memory: list[float] = []
    try:
        server.start()
        wait_for(lambda: bool(server.health()))
        for first in range(0, posts, _BATCH):
            lines = [json.dumps(_post(number)) for number in range(first, first + _BATCH)]
            (live / "posts" / "part").write_text("\n".join(lines) + "\n", encoding="utf-8")
            (live / "posts" / "part").rename(live / "posts" / f"{first:09d}.jsonl")
            wait_for(lambda first=first: _taken(server) >= first + _BATCH)
            memory.append(float(server.health().get("memory_mb", 0)))
            if first % (_BATCH * 20) == 0:
                say(f"{first + _BATCH:,} posts, {memory[-1]:.0f} MB")
    finally:
        server.end()
    full = int(0.3 * len(memory))
    growth = max(memory[full:]) - min(memory[full : full + max(1, len(memory) // 10)])
    return {"posts": posts, "memory": memory, "growth_mb": growth, "most_mb": max(memory)}


def fuzz(work: Path, requests: int, say: Callable[[str], None], seed: int = 8) -> dict[str, Any]:
    """Send requests that nobody should send, and count what comes back.

    Returns
    -------
    dict
        ``answers`` by status (0: the line was closed without one), ``faults``: those of 500 and
        above, ``alive``: whether it answers afterwards.
    """
    live = _folder(work)
    server = Server(live, work)
    rng, answers = random.Random(seed), Counter[int]()
    try:
        server.start()
        wait_for(lambda: bool(server.health()))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for first in range(0, requests, _ROUND):
                drawn = [make_request(rng) for _ in range(min(_ROUND, requests - first))]
                answers.update(pool.map(partial(_status, server.port), drawn))
                say(f"{first + len(drawn):,} requests")
        health, told = server.health(), _faults_told(server)
    finally:
        server.end()
    faults = max(told, sum(count for code, count in answers.items() if code >= 500))
    return {
        "requests": requests, "answers": dict(sorted(answers.items())), "faults": faults,
        "alive": health.get("status") == "ok", "memory_mb": health.get("memory_mb"),
    }  # fmt: skip


def _folder(work: Path) -> Path:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    make_event(work / "event", 8, settings=EventSettings(side_cells=32, posts=10, total_mm=30))
    live = work / "live"
    for name in ("rain", "posts"):
        (live / name).mkdir(parents=True)
    shutil.copy(work / "event" / "terrain.nc", live / "terrain.nc")
    return live


def _taken(server: Server) -> int:
    return int(server.health().get("counts", {}).get("posts", 0))


def _post(number: int) -> dict[str, Any]:
    letters = "".join(_LETTERS[int(sign, 16)] for sign in f"{number:032x}")
    minute, hour = number % 60, number // 60 % 24
    return {
        "post": letters, "text": f"flood in street number {number}", "lang": "en",
        "created_bin": f"2030-06-14T{hour:02d}:{minute:02d}:00Z", "latitude": 52.6015,
        "longitude": -1.9955, "geo_cell_degrees": 0.001,
    }  # fmt: skip


def _status(port: int, data: bytes) -> int:
    """Send bytes and give the status that comes back; 0 if the line is closed without one."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as line:
            line.sendall(data)
            try:
                found = line.recv(4096)
            except TimeoutError:  # it waits for the rest of the request
                line.shutdown(socket.SHUT_WR)
                line.settimeout(30)
                found = line.recv(4096)
    except ConnectionError:
        return 0
    return int(found.split()[1]) if found.startswith(b"HTTP/1.1 ") else 0


def _faults_told(server: Server) -> int:
    """Give how often the server says that it answered with 500 or above."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as body:
        lines = body.read().decode().splitlines()
    told = [line for line in lines if line.startswith('inundate_answers_total{status="5')]
    return sum(int(line.split()[-1]) for line in told)
