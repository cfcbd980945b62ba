"""The command ``inundate serve``: a live map of a folder that fills up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inundate.cli.flags import Json
from inundate.show.serve.settings import LiveSettings

__all__ = ["serve"]

Words = Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())]


def serve(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    names: Words = None,
    terrain: Path | None = None,
    run: str | None = None,
    model: Path | None = None,
    yes: str | None = None,
    gazetteer: str | None = None,
    state: Path | None = None,
    title: str = "Live flood map",
    settings: Annotated[LiveSettings | None, Parameter(name="*")] = None,
    json: Json = False,
) -> None:
    """Watch a folder and show what comes as a live map, until Ctrl-C.

    New radar files in FOLDER/rain become depth frames by the emulator; new lines of posts in
    FOLDER/posts/*.jsonl, pseudonymised, are classified and put on the map. What was taken is
    kept in a journal, so that a server that was killed goes on where it stopped. The pages can
    only be read, and by default only from this machine: there is no log-in.

    With --nowcast-min each new rain is carried on into the next minutes in several ways, each of
    which the emulator predicts: frames that the page marks as a forecast.

    Parameters
    ----------
    folder
        Holds terrain.nc, rain/ and posts/; inundate replay makes such a folder.
    host
        Address to listen at. With another than the default, everybody who reaches it may read.
    port
        0 takes a free one, which is printed.
    names
        Further names by which the server is reached, such as a proxy's; others are refused.
    terrain
        Heightmap, if it is not terrain.nc in the folder.
    run
        Trained run or name of weights; by default the shipped ones.
    model
        Folder of a classifier of posts; without one the rule of keywords, and the page says so.
    yes
        Class of the model that means water; by default the second of two.
    gazetteer
        Places that texts may name, as inundate posts locate reads them; without it only
        coordinates tell where a post is.
    state
        Folder for journal and pictures; by default .live in the folder.
    title
        Heading of the page.

    Examples
    --------
    ``inundate serve live --port 8765``

    ``inundate serve live --nowcast-min 60 --members 8``
    """
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.show.serve.live import LiveView
    from inundate.show.serve.live import serve as serve_view

    view = LiveView(
        folder, terrain=terrain, run=run, model=model, yes=yes, gazetteer=gazetteer,
        state=state, title=title,
        settings=resolve_settings(LiveSettings, flags=settings),
    )  # fmt: skip

    def ready(url: str) -> None:
        taken = view.state.counts
        told = {"url": url, "folder": str(folder), "taken": dict(taken)}
        words = (
            f"{url} shows {folder} ({taken['frames']} frames and {taken['posts']} posts so far); "
            "Ctrl-C ends it"
        )
        emit(told, json=json, text=words)

    with view:
        serve_view(view, host=host, port=port, names=names or (), ready=ready)
