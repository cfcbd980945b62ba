"""Requests that nobody should send, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["make_request"]

_PATHS = (
    "/", "/state", "/health", "/metrics", "/live.js", "/live.css", "/hillshade.png",
    "/frames/1.png", "/frames/12.png", "/nowcast/1/0/depth.png", "/events?after=x",
    "/events", "/nothing", "/frames/",
    "/.live/journal.jsonl", "/rain/", "/posts/a.jsonl", "*", "http://localhost/state",
)  # fmt: skip
_PIECES = (
    "..", "/", "%2e", "%2f", "%00", "%", "%zz", "\\", ";", "?", "#", "&", "=", "é", "\u202e", "'",
    '"', "<img src=x onerror=1>", "{{7*7}}", "${x}", "`id`", "A" * 300, "9" * 40, "-1", "1e9",
    "\t", " ", "null", "[]", "+", "@", ":", "~",
)  # fmt: skip
_METHODS = (
    *("GET",) * 20, *("HEAD",) * 4, "POST", "PUT", "DELETE", "OPTIONS", "TRACE",
    "CONNECT", "PATCH", "get", "PROPFIND", "X" * 30,
)  # fmt: skip
_HOSTS = (
    "localhost", "localhost", "localhost", "localhost", "127.0.0.1:80", "[::1]", "evil.example",
    "", "a b", "é",
)  # fmt: skip
_HEADERS = (
    "Last-Event-ID", "Accept", "Range", "Origin", "Content-Length", "Transfer-Encoding", "Cookie",
    "Upgrade", "Connection", "If-None-Match", "X-Forwarded-Host", "Expect", "Accept-Encoding",
)  # fmt: skip
_VALUES = (
    "*/*", "bytes=0-", "bytes=9-1", "chunked", "5", "-5", "websocket", "Upgrade", "100-continue",
    "0" * 32 + "-1", "null", "\x00", "é", "a" * 3000, "gzip;q=NaN", "",
)  # fmt: skip


def make_request(rng: random.Random) -> bytes:
    """Draw a request: a sound one, spoiled in some ways; one that does not keep the line open.

    Parameters
    ----------
    rng : Random

    Examples
    --------
    >>> make_request(random.Random(1)) == make_request(random.Random(1))
    True
    """
    path = rng.choice(_PATHS)
    for _ in range(rng.choice((0, 0, 1, 2, 4))):
        at = rng.randrange(len(path) + 1)
        path = path[:at] + rng.choice(_PIECES) + path[at:]
    lines = [f"{rng.choice(_METHODS)} {path} HTTP/1.1", f"Host: {rng.choice(_HOSTS)}"]
    lines += [
        f"{rng.choice(_HEADERS)}: {rng.choice(_VALUES)}" for _ in range(rng.choice((0, 0, 1, 3)))
    ]
    data = ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("utf-8")
    return rng.choice(_SPOILERS)(rng, data)


def _whole(_rng: random.Random, data: bytes) -> bytes:
    return data


def _changed(rng: random.Random, data: bytes) -> bytes:
    """Change a few bytes."""
    found = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _longer(rng: random.Random, data: bytes) -> bytes:
    return data + rng.randbytes(rng.randrange(1, 400))


_SPOILERS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _whole, _whole, _whole, _whole, _whole, _changed, _cut, _longer,
)  # fmt: skip
