"""What stands before every answer: methods, names of the host, lengths, and headers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

__all__ = ["POLICY", "Guard"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Content security policy of every answer: own files alone, no text becomes code."""

_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_LONGEST = 1024  # bytes of a path or a query
_LONGEST_HEADERS = 16_384
_HOST = re.compile(r"(?P<name>\[[0-9a-f:]{2,45}\]|[a-z0-9.\-]{1,253})(?::[0-9]{1,5})?")


class Guard:
    """Lets through what may only read, and was meant for this server.

    Parameters
    ----------
    app : callable
        ASGI application.
    hosts : collection of str
        Names that a request may be addressed to. A page of another site that lets its own name
        point here (DNS rebinding) is told by its name, and refused.

    Attributes
    ----------
    answers : Counter
        How often each status was answered.
    """

    def __init__(self, app: App, hosts: Collection[str]) -> None:
        self._app, self._hosts = app, frozenset(name.lower() for name in hosts)
        self.answers: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.answers[message["status"]] += 1
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, guarded)
            return
        status, words, more = refusal
        body = words.encode() if scope["method"] != "HEAD" else b""
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(words)).encode()),
            *more,
        ]
        await guarded({"type": "http.response.start", "status": status, "headers": headers})
        await guarded({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, "this server only reads: GET and HEAD\n", [(b"allow", b"GET, HEAD")]
        if len(scope.get("raw_path") or b"") > _LONGEST or len(scope["query_string"]) > _LONGEST:
            return 414, "path or query of more than 1024 bytes\n", []
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _LONGEST_HEADERS:
            return 431, "headers of more than 16 KB\n", []
        named = [value for name, value in scope["headers"] if name == b"host"]
        found = _HOST.fullmatch(named[0].decode("latin-1").lower()) if len(named) == 1 else None
        if found is None or found["name"].strip("[]").rstrip(".") not in self._hosts:
            return 421, "this server has no such name\n", []
        return None
