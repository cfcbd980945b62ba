"""The pages and data of a live view, for reading alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from inundate.show.serve.guard import Guard
from inundate.show.serve.hub import Hub, TooManyReaders
from inundate.show.serve.metrics import prometheus
from inundate.show.serve.state import LiveState
from inundate.show.template import asset

__all__ = ["make_app"]

_FILES = {
    "/": ("live.html", "text/html"),
    "/live.css": ("live.css", "text/css"),
    "/live.js": ("live.js", "text/javascript"),
}
_MOST_DIGITS = 15


def make_app(
    state: LiveState,
    hub: Hub,
    *,
    about: dict[str, Any],
    hillshade: bytes,
    pictures: Path,
    health: Callable[[], dict[str, Any]],
    hosts: list[str],
) -> Guard:
    """Make the ASGI application.

    No part of a request's path ever becomes a part of a file's: what there is has fixed names,
    and frames are found by their number.

    Parameters
    ----------
    state : LiveState
    hub : Hub
    about : dict
        What does not change: grid, legend, limits.
    hillshade : bytes
        PNG of the ground.
    pictures : Path
        Folder of the frames' pictures.
    health : callable
        Gives what ``/health`` shows.
    hosts : list of str
        Names that a request may be addressed to.
    """

    def page(request: Request) -> Response:
        name, kind = _FILES[request.url.path]
        return Response(asset(name), media_type=f"{kind}; charset=utf-8")

    def snapshot(_request: Request) -> Response:
        found = state.snapshot()
        return _json({**about, **found, "id": hub.event_id(found["seq"])})

    def picture_of(name: str | None) -> Response:
        try:
            picture = (pictures / name).read_bytes() if name else None
        except FileNotFoundError:
            picture = None
        return _missing() if picture is None else Response(picture, media_type="image/png")

    def frame(request: Request) -> Response:
        digits = request.path_params["number"]
        found = state.frame(int(digits)) if _is_number(digits) else None
        return picture_of(found["picture"] if found else None)

    def ahead(request: Request) -> Response:
        number, lead, layer = (request.path_params[name] for name in ("number", "lead", "layer"))
        if not all(map(_is_number, (number, lead))):
            return _missing()
        return picture_of(state.nowcast_picture(int(number), int(lead), layer))

    def shade(_request: Request) -> Response:
        return Response(hillshade, media_type="image/png")

    def show_health(_request: Request) -> Response:
        return _json(health())

    def metrics(_request: Request) -> Response:
        text = prometheus(health(), guard.answers)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def events(request: Request) -> Response:
        told = request.headers.get("last-event-id") or request.query_params.get("after", "")
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        if hub.readers >= state.settings.readers:
            return Response(
                "too many readers\n", 429, {"retry-after": "30"}, media_type="text/plain"
            )
        return StreamingResponse(_followed(hub, told), media_type="text/event-stream")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        hub.open()
        yield
        hub.close()

    routes: list[tuple[str, Callable[..., Any]]] = [(path, page) for path in _FILES]
    routes += [
        ("/state", snapshot), ("/hillshade.png", shade), ("/frames/{number}.png", frame),
        ("/nowcast/{number}/{lead}/{layer}.png", ahead),
        ("/events", events), ("/health", show_health), ("/metrics", metrics),
    ]  # fmt: skip
    inner = Starlette(routes=[Route(path, answer) for path, answer in routes], lifespan=lifespan)
    inner.router.redirect_slashes = False  # a path is what it is, or nothing
    guard = Guard(inner, hosts)
    return guard


async def _followed(hub: Hub, told: str) -> AsyncIterator[bytes]:
    try:
        with hub.reader():
            async for line in hub.events(hub.position(told)):
                yield line
    except TooManyReaders:  # came in between; the page asks again
        yield b"retry: 30000\n\n"


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS


def _json(value: dict[str, Any]) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(body.encode("utf-8", "replace"), media_type="application/json")


def _missing() -> Response:
    return Response("no such frame\n", 404, media_type="text/plain")
