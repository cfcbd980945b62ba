"""The command ``inundate replay``: make an event up, and play it into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.fuse.event.settings import EventSettings

__all__ = ["replay"]


def replay(
    event: Path | None = None,
    *,
    output: Output,
    speed: float | None = None,
    make: Annotated[bool, Parameter(negative=())] = False,
    seed: int | None = None,
    settings: Annotated[EventSettings | None, Parameter(name="*")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Play a recorded event as live data would come, or make one up.

    Radar frames and posts of the event appear in the output, each whole and in its time, faster
    than they did. A replay that was killed goes on when the same command is given again.

    Parameters
    ----------
    event
        Folder of an event; leave it out with --make.
    output
        Folder that live data appear in; with --make, the event.
    speed
        Seconds of the event a second; 60 by default.
    make
        Make an event up, and play nothing: town, storm, the solver's flood, a forecast that is a
        little wrong, and posts of people who are late, misplaced, repeated or wrong.
    seed
        With --make: the same seed makes the same event; 0 by default.

    Examples
    --------
    ``inundate replay --make -o event``
    ``inundate replay event --speed 60 -o live``
    """
    from inundate.core.errors import ConfigError

    given = settings is not None and settings.model_fields_set
    if make:
        if event is not None or speed is not None:
            name = "EVENT" if event is not None else "--speed"
            raise ConfigError(f"{name}: of no use with --make, which plays nothing")
        _make(output, seed or 0, settings, overwrite=overwrite, json=json)
        return
    if event is None:
        raise ConfigError(
            "replaying: no event given, expected its folder",
            hint="inundate replay --make -o event makes one up",
        )
    if given or seed is not None or overwrite:
        raise ConfigError("settings of an event, --seed and --overwrite: of use with --make alone")
    _play(event, output, 60.0 if speed is None else speed, json=json)


def _make(
    output: Path, seed: int, settings: EventSettings | None, *, overwrite: bool, json: bool
) -> None:
    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.fuse.event.make import make_event

    chosen = resolve_settings(EventSettings, flags=settings)
    found = make_event(output, seed, settings=chosen, overwrite=overwrite)
    told: dict[str, Any] = {
        "output": str(output), "seed": seed, "start": found["start"], "end": found["end"],
        **found["counts"],
    }  # fmt: skip
    emit(
        told,
        json=json,
        text=f"{output}: made up, {told['start']} to {told['end']}, {told['rain_frames']} rain "
        f"frames, {told['posts']} posts ({told['located']} with a place, {told['say_water']} say "
        f"water, {told['say_none']} none)",
    )


def _play(event: Path, output: Path, speed: float, *, json: bool) -> None:
    import sys

    from inundate.cli.shell import emit
    from inundate.fuse.event.play import play_event

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    found = play_event(event, output, speed=speed, tell=None if json else tell)
    told = {
        "output": str(output), "written": found.written, "found": found.found,
        "rain_frames": found.rain_frames, "posts": found.posts, "waited": found.waited,
    }  # fmt: skip
    emit(
        told,
        json=json,
        text=f"{output}: {found.rain_frames} rain frames and {found.posts} posts, "
        f"{found.written} files written, {found.found} were there",
    )
