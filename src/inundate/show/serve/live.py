"""Put a live view together and serve it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inundate.core.errors import ConfigError, RunError, require_extra
from inundate.core.files import check_input
from inundate.rain.settings import NowcastSettings
from inundate.show.encode import grey_png
from inundate.show.palette import hillshade
from inundate.show.place import cell_metres
from inundate.show.serve.about import about
from inundate.show.serve.ahead import Ahead
from inundate.show.serve.flood import Flood
from inundate.show.serve.hub import Hub
from inundate.show.serve.inbox import Inbox
from inundate.show.serve.journal import Journal
from inundate.show.serve.pictures import Pictures
from inundate.show.serve.placing import Placing
from inundate.show.serve.says import open_says
from inundate.show.serve.settings import LiveSettings
from inundate.show.serve.state import LiveState
from inundate.show.serve.watch import Health
from inundate.show.serve.worker import Worker

if TYPE_CHECKING:
    from inundate.show.serve.guard import Guard

__all__ = ["LiveView", "serve"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_AHEAD_S = 3600.0  # rain that is later than now by more than that has a wrong time, or we have


class LiveView:
    """A watched folder, its state on disk and its pages; use as a context manager.

    Parameters
    ----------
    folder : Path
        Holds ``terrain.nc`` (or another terrain is given), ``rain/`` and ``posts/``.
    terrain : Path, optional
        Heightmap, if it is not ``terrain.nc`` in the folder.
    run : str or Path, optional
        Emulator, see :func:`inundate.emulate.predict.predict`.
    model : Path, optional
        Classifier of posts; without one the rule of keywords, and the page says so.
    yes : str, optional
        Class of the model that means water.
    gazetteer : Path or str, optional
        Of places that texts may name; without one only coordinates tell a place.
    state : Path, optional
        Folder for journal and pictures; by default ``.live`` in the folder.
    settings : LiveSettings, optional
    title : str
    wall : callable
        Time of day, s.

    Raises
    ------
    MissingFileError
        If folder, terrain or model are absent.
    ConfigError, MissingExtraError
        If settings do not fit one another, or nowcasts are asked for without their extra.
    RunError
        If another live view has the state.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        terrain: Path | str | None = None,
        run: str | Path | None = None,
        model: Path | None = None,
        yes: str | None = None,
        gazetteer: Path | str | None = None,
        state: Path | None = None,
        settings: LiveSettings | None = None,
        title: str = "Live flood map",
        wall: Callable[[], float] = time.time,
    ) -> None:
        from inundate.terrain.open import open_terrain

        self.folder = check_input(folder, what="serving")
        self.settings = settings or LiveSettings()
        self.settings.check()
        ahead = _ahead(self.settings)
        ground = open_terrain(terrain or self.folder / "terrain.nc")
        says = open_says(model, yes)
        place = state or self.folder / ".live"
        self.health = Health(self.folder, wall=wall)
        self.state = LiveState(self.settings)
        flood = Flood(ground, run=run, hours=self.settings.hours, ahead=ahead)
        pictures = Pictures(place / "frames", cell_km2=flood.grid.dx * flood.grid.dy / 1e6)
        self.pictures = pictures.folder
        placing = Placing(flood.grid, gazetteer)
        dx, dy = cell_metres(flood.grid)
        self._hillshade = grey_png(hillshade(ground.to_numpy(), dx=dx, dy=dy))
        self._about = about(flood, says.name, gazetteer, self.settings, title)
        self.journal = Journal(place / "journal.jsonl")
        try:
            self.worker = Worker(
                inbox=Inbox(self.folder), journal=self.journal, state=self.state, flood=flood,
                says=says, placing=placing, health=self.health,
                pictures=pictures,
            )  # fmt: skip
            self.worker.recover()
        except BaseException:
            self.journal.close()
            raise
        self.hub = Hub(self.state, self.journal.name)
        self.worker.wake = self.hub.wake
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def app(self, hosts: Sequence[str] = _LOOPBACK) -> Guard:
        """Give the ASGI application; needs the extra ``serve``.

        Parameters
        ----------
        hosts : sequence of str
            Names that a request may be addressed to.
        """
        require_extra("serve", "starlette", what="serving a live view")
        from inundate.show.serve.app import make_app

        return make_app(
            self.state, self.hub, about=self._about, hillshade=self._hillshade,
            pictures=self.pictures, health=self.report, hosts=list(hosts),
        )  # fmt: skip

    def report(self) -> dict[str, Any]:
        """Give what ``/health`` shows."""
        rain = self.state.last_rain
        lag = None
        if rain is not None:
            lag = round((self.health.now - datetime.fromisoformat(rain)).total_seconds(), 1)
        warnings, frame = {}, self.state.last_frame
        if lag is not None and lag < -_AHEAD_S:
            warnings["clock"] = (
                f"the newest rain is of {rain}, which is {-lag / 3600:.1f} h after now: the clock "
                "of this machine, or the times of the rain files, are wrong"
            )
        return {
            **self.health.report(),
            "warnings": warnings,
            "lag_s": lag,
            "missing_rain_min": frame.get("missing_min") if frame else None,
            **self._nowcast_report(),
            "readers": self.hub.readers,
            "readers_most": self.hub.readers_most,
            "journal_bytes": self.journal.size,
            "journal_lines": self.journal.seq,
            "counts": dict(self.state.counts),
            "refused": list(self.state.refused),
            "kept": {"frames": self.settings.frames, "posts": self.settings.posts},
        }

    def _nowcast_report(self) -> dict[str, Any]:
        if not self.settings.nowcast_min:
            return {}
        found, age = self.state.last_nowcast, None
        if found is not None:
            issued = datetime.fromisoformat(found["issued"])
            age = round((self.health.now - issued).total_seconds(), 1)
        return {"nowcast_age_s": age, "nowcast_waits_for": self.worker.waits_for}

    def __enter__(self) -> LiveView:
        self._thread = threading.Thread(
            target=self.worker.run, args=(self._stop, self.settings.poll_s), name="live-worker"
        )
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.journal.close()


def serve(
    view: LiveView,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    names: Sequence[str] = (),
    ready: Callable[[str], None] = lambda _url: None,
    server_made: Callable[[Any], None] = lambda _server: None,
) -> None:
    """Serve a live view until interrupted.

    Parameters
    ----------
    view : LiveView
        Entered already.
    host : str
        Address to listen at; by default only this machine reaches it. There is no log-in: with
        another address everybody who reaches it may read.
    port : int
        0 takes a free one.
    names : sequence of str
        Further names by which it is reached, such as a proxy's.
    ready : callable
        Called with the address once it listens.
    server_made : callable
        Called with the server, whose ``should_exit`` ends it.

    Raises
    ------
    MissingExtraError
        If the extra ``serve`` is not installed.
    ConfigError
        If the port is none.
    RunError
        If nothing can listen there.
    """
    uvicorn = require_extra("serve", "uvicorn", what="serving a live view")
    if not 0 <= port <= 65535:
        raise ConfigError(f"serving: port {port}, expected 0 to 65535")
    app = view.app((*_LOOPBACK, host, *names))
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, ws="none", lifespan="on",
        timeout_graceful_shutdown=2, timeout_keep_alive=15, h11_max_incomplete_event_size=16_384,
        http="h11", loop="asyncio",
    )  # fmt: skip
    server = uvicorn.Server(config)
    server_made(server)
    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}/")
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise RunError(
            f"serving at {host}, port {port}: {error.strerror}",
            hint="give another --host or --port; --port 0 takes a free one",
        ) from error
    return listener


def _ahead(settings: LiveSettings) -> Ahead | None:
    if not settings.nowcast_min:
        return None
    chosen = NowcastSettings(lead_min=settings.nowcast_min, members=settings.members)
    return Ahead(chosen, threshold_m=settings.chance_depth_m)
