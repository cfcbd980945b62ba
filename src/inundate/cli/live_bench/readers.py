"""A crowd of readers that follow a live view and keep account of every change."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter

__all__ = ["Crowd", "Reader"]

_AGAIN_S = 0.3


class Reader:
    """One page: what it has seen, and how often it had to connect.

    Attributes
    ----------
    posts : Counter
        How often it was told of each post.
    gaps, doubled : int
        Changes that it missed, and that it was told twice.
    connects, resyncs : int
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.posts: Counter[str] = Counter()
        self.frames: Counter[str] = Counter()
        self.gaps = self.doubled = self.connects = self.resyncs = 0
        self._last, self._seq = "", 0

    async def follow(self) -> None:
        """Follow until cancelled; whatever breaks, it comes back."""
        while True:
            try:
                if not self._last:
                    await self._begin()
                await self._stream()
            except (OSError, EOFError, ValueError, asyncio.IncompleteReadError):
                pass
            await asyncio.sleep(_AGAIN_S)

    async def _ask(self, path: str, more: str = "") -> asyncio.StreamReader:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n"
        self._writer.write(request.encode())
        await self._writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise EOFError
        return reader

    async def _begin(self) -> None:
        """Take all that there is."""
        reader = await self._ask("/state")
        found = json.loads(await reader.read())
        self._writer.close()
        self.posts = Counter(post["post"] for post in found["posts"])
        self.frames = Counter(frame["time"] for frame in found["frames"])
        self._last, self._seq = found["id"], found["seq"]

    async def _stream(self) -> None:
        reader = await self._ask("/events", f"Last-Event-ID: {self._last}\r\n")
        self.connects += 1
        kind = ""
        try:
            while line := await reader.readline():
                text = line.decode().rstrip("\r\n")
                if text.startswith("event: "):
                    kind = text[7:]
                elif text.startswith("id: "):
                    self._last = text[4:]
                elif text.startswith("data: "):
                    if kind == "resync":
                        self.resyncs += 1
                        self._last = ""
                        return
                    self._take(json.loads(text[6:]))
        finally:
            self._writer.close()

    def _take(self, change: dict[str, object]) -> None:
        seq = int(str(change["seq"]))
        self.doubled += seq <= self._seq
        self.gaps += max(0, seq - self._seq - 1)
        self._seq = max(seq, self._seq)
        if change["kind"] == "posts":
            self.posts.update(post["post"] for post in change["posts"])  # type: ignore[attr-defined]
        elif change["kind"] == "frame":
            self.frames[str(change["time"])] += 1


class Crowd:
    """Readers in a thread of their own; use as a context manager.

    Parameters
    ----------
    port : int
    count : int
    """

    def __init__(self, port: int, count: int) -> None:
        self.readers = [Reader(port) for _ in range(count)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="crowd")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        tasks = [self._loop.create_task(reader.follow()) for reader in self.readers]
        try:
            self._loop.run_forever()
        finally:
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
