"""Make an event folder: rain, terrain, truth, forecast, posts and what it is made of."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.errors import DataError
from inundate.core.files import atomic_folder, check_input, check_output, write_text
from inundate.core.grid import Grid, grid_of
from inundate.core.provenance import provenance
from inundate.core.seeds import make_seed
from inundate.core.store import write_dataset
from inundate.fuse.event.people import SAFE_CELL_DEGREES, Saying, make_posts, name_of_part
from inundate.fuse.event.placed import place_posts
from inundate.fuse.event.settings import EventSettings
from inundate.fuse.event.storm import STEP_S, make_event_rain
from inundate.posts.locate.located import write_located

__all__ = ["EVENT_FILE", "make_event", "post_lines", "read_event"]

EVENT_FILE = "event.json"
_VERSION = 1
_FRAME_S = 600.0


def make_event(
    folder: Path | str,
    seed: int = 0,
    *,
    settings: EventSettings | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Make a flood event up, whole or not at all.

    Parameters
    ----------
    folder : Path
        Receives ``rain.nc``, ``terrain.nc``, ``truth.zarr`` (the solver's flood),
        ``forecast.zarr`` (the shipped emulator's flood under a storm that was forecast a little
        wrong), ``posts.jsonl`` (columns of a pseudonymised store), ``located.geojson`` (the
        same posts located), ``seen.csv`` (what the writers really saw), ``places.csv`` (a
        gazetteer) and ``event.json``.
    seed : int
        The same seed makes the same event.
    settings : EventSettings, optional
    overwrite : bool
        Replace a folder that is there.

    Returns
    -------
    dict
        What ``event.json`` holds.

    Raises
    ------
    RunError
        If the folder exists.
    ConfigError
        If the kind of terrain is unknown, or the storm heavier than any.
    """
    from inundate.hydro.settings import SimulateSettings
    from inundate.hydro.simulate import simulate
    from inundate.terrain.synthetic import make_terrain

    chosen = settings or EventSettings()
    target = check_output(folder, overwrite)
    side = (chosen.side_cells, chosen.side_cells)
    cell = {"cell_size_m": chosen.cell_size_m}
    terrain = make_terrain(chosen.kind, make_seed(seed, "event", "town") % 2**31, side, **cell)
    terrain = terrain.assign_attrs(terrain_name="made-up town")
    grid = grid_of(terrain)
    rain = make_event_rain(grid, chosen, seed)
    physics = SimulateSettings(output_every_s=_FRAME_S, run_on_min=0, threads=1)
    truth = simulate(rain, terrain, settings=physics, progress=False)
    said = make_posts(truth, chosen, seed)
    with atomic_folder(target) as part:
        write_dataset(_rain_dataset(rain), part / "rain.nc")
        write_dataset(terrain.to_dataset(name="elevation"), part / "terrain.nc")
        write_dataset(truth, part / "truth.zarr")
        write_dataset(_forecast(rain, terrain, seed), part / "forecast.zarr")
        write_text(part / "posts.jsonl", "\n".join(post_lines(said)) + "\n")
        placed = place_posts(said, grid, place_error_m=chosen.place_error_m)
        write_located(placed, part / "located.geojson")
        _write_seen(part / "seen.csv", said)
        _write_places(part / "places.csv", grid)
        told = _describe(part, grid, rain, said, chosen, seed)
        write_text(part / EVENT_FILE, json.dumps(told, indent=1) + "\n")
    return told


def read_event(folder: Path | str) -> dict[str, Any]:
    """Read what an event folder says of itself.

    Raises
    ------
    MissingFileError, DataError
        If it is no event, or one of a later version.
    """
    place = check_input(Path(folder) / EVENT_FILE, what="reading an event")
    try:
        told: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"reading {place}: not valid JSON: {error}") from error
    is_event = isinstance(told, dict) and told.get("kind") == "event"
    if not is_event or told.get("version") != _VERSION:
        raise DataError(
            f"reading {place}: no event of version {_VERSION}",
            hint="inundate replay --make writes one",
        )
    return told


def post_lines(said: list[Saying]) -> list[str]:
    """Write posts as JSON lines with the columns of a pseudonymised store."""
    return [json.dumps(_line(one), ensure_ascii=False) for one in said]


def _line(one: Saying) -> dict[str, Any]:
    line: dict[str, Any] = {
        "source": "mastodon", "format": "made-up", "post": one.post, "author": one.author,
        "created_bin": f"{one.time}Z", "kind": "post", "text": one.text, "lang": one.language,
    }  # fmt: skip
    if not math.isnan(one.latitude):
        line |= {
            "latitude": one.latitude, "longitude": one.longitude,
            "geo_cell_degrees": SAFE_CELL_DEGREES,
        }  # fmt: skip
    return line


def _rain_dataset(rain: xr.DataArray) -> xr.Dataset:
    from inundate.rain.array import to_rain_dataset

    return to_rain_dataset(rain)


def _forecast(rain: xr.DataArray, terrain: xr.DataArray, seed: int) -> xr.Dataset:
    """Predict with the shipped emulator, under the storm displaced and scaled."""
    from inundate.core.seeds import make_rng
    from inundate.emulate.predict import predict
    from inundate.emulate.settings import ForecastSettings

    rng = make_rng(seed, "event", "forecast")
    town = grid_of(terrain)
    reach = max(1, int(town.width * town.dx / grid_of(rain).dx) // 4)
    moved = np.roll(rain.to_numpy(), rng.integers(-reach, reach + 1, 2), axis=(1, 2))
    factor = float(np.exp(0.25 * rng.standard_normal()))
    wrong = rain.copy(data=moved * np.float32(factor))
    return predict(None, wrong, terrain, forecast=ForecastSettings(run_on_min=0), progress=False)


def _write_seen(path: Path, said: list[Saying]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["post", "seen", "x", "y", "depth_m", "water", "story"])
        writer.writerows(
            [one.post, f"{one.seen}Z", one.x, one.y, round(one.depth_m, 3), one.water, one.story]
            for one in said
        )


def _write_places(path: Path, grid: Grid) -> None:
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    left, bottom, right, top = grid.bounds
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", "latitude", "longitude", "kind", "radius_m"])
        for row in range(2):
            for column in range(4):
                x = left + (column + 0.5) * (right - left) / 4
                y = top - (row + 0.5) * (top - bottom) / 2
                longitude, latitude = to_degrees.transform(x, y)
                radius = math.hypot((right - left) / 8, (top - bottom) / 4)
                named = name_of_part(grid, x, y)
                writer.writerow(
                    [named, round(latitude, 6), round(longitude, 6), "street", round(radius)]
                )


def _describe(
    part: Path,
    grid: Grid,
    rain: xr.DataArray,
    said: list[Saying],
    chosen: EventSettings,
    seed: int,
) -> dict[str, Any]:
    ends = rain["time"].to_numpy().astype("datetime64[ms]")
    begin = ends[0] - np.timedelta64(round(STEP_S * 1000), "ms")
    files = ("posts.jsonl", "located.geojson", "seen.csv", "places.csv")
    return {
        "kind": "event", "version": _VERSION, "title": "Made-up event", "is_made_up": True,
        "seed": seed, "settings": chosen.model_dump(),
        "start": f"{begin}Z", "end": f"{ends[-1]}Z", "crs": grid.crs, "bounds": list(grid.bounds),
        "counts": {
            "rain_frames": len(ends), "posts": len(said),
            "stories": len({one.story for one in said}),
            "located": sum(not math.isnan(one.latitude) for one in said),
            "say_water": sum(one.water == 1 for one in said),
            "say_none": sum(one.water == -1 for one in said),
        },
        "files": {
            name: hashlib.blake2b((part / name).read_bytes(), digest_size=16).hexdigest()
            for name in files
        },
        "provenance": provenance(),
    }  # fmt: skip
