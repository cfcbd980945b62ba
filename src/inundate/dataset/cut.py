"""Cut simulations into blocks: where each lies, and what it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.grid import Grid, grid_of
from inundate.core.store import read_dataset
from inundate.dataset.settings import DatasetSettings
from inundate.terrain.derive import median_slope, regime_of

__all__ = ["Piece", "cut", "find_simulations"]

_LEAST_KNOWN = 0.5  # a block with less known ground teaches little and scores little
_WHOLE = 0  # block_cells that takes a simulation as one block


@dataclass(frozen=True)
class Piece:
    """One block of one simulation."""

    simulation: Path
    terrain: str
    block: str
    storm: str
    grid: Grid
    rows: slice
    cols: slice
    frames: int
    interval_s: float
    regime: str
    settings: dict[str, Any]
    rain_mm: float
    start: str
    moved_by_m: str
    ground: str  # hash of elevation and roughness


def find_simulations(paths: Sequence[Path | str]) -> list[Path]:
    """Give the simulations among paths: stores, or folders of stores.

    Raises
    ------
    MissingFileError, DataError
        If a path does not exist or holds none.
    """
    found: list[Path] = []
    for path in paths:
        source = check_input(path, what="reading simulations")
        if source.suffix == ".zarr":
            found.append(source)
            continue
        inside = sorted(p for p in source.glob("*.zarr") if not p.name.startswith("."))
        if not inside:
            raise DataError(
                f"reading simulations in {source}: no .zarr inside",
                hint="inundate simulate --rain STORMS --terrain DEMS -o FOLDER makes them",
            )
        found += inside
    return found


def cut(path: Path, settings: DatasetSettings) -> Iterator[Piece]:
    """Give the blocks of a simulation with half of their ground known.

    Raises
    ------
    DataError
        If it starts with water, its frames are uneven, or a block is larger than it.
    """
    with read_dataset(path, kind="simulation") as ds:
        grid = grid_of(ds, where=f"cutting {path}")
        ground = ds["elevation"].load()
        rough = ds["roughness"].load()
        interval = _interval(ds, path)
        _check_start(ds, path)
        rain = ds["rain_rate"].mean("time").load() * (ds.sizes["time"] * interval / 3600)
        for label, rows, cols in _windows(grid, settings, path):
            part = ground[rows, cols]
            if float(np.isfinite(part).mean()) < _LEAST_KNOWN:
                continue
            yield Piece(
                simulation=path,
                terrain=ds.attrs["terrain_name"],
                block=f"{ds.attrs['terrain_name']}{label}",
                storm=ds.attrs["storm_name"],
                grid=grid.window(rows, cols),
                rows=rows,
                cols=cols,
                frames=ds.sizes["time"],
                interval_s=interval,
                regime=regime_of(median_slope(part)),
                settings=json.loads(ds.attrs["settings"]),
                rain_mm=float(rain[rows, cols].mean()),
                start=str(ds["time_bounds"].to_numpy()[0, 0].astype("datetime64[s]")),
                moved_by_m=str(ds.attrs.get("moved_by_m", "")),
                ground=_hash(part.to_numpy(), rough[rows, cols].to_numpy()),
            )


def _interval(ds: xr.Dataset, path: Path) -> float:
    """Seconds between frames; the first one counts from the start of the simulation."""
    seconds = np.diff(ds["time_bounds"].to_numpy(), axis=1) / np.timedelta64(1, "s")
    if seconds.size < 2 or np.ptp(seconds) > 1e-3:
        found = ", ".join(f"{value:g}" for value in np.unique(seconds))
        raise DataError(
            f"cutting {path}: {seconds.size} frame(s) after {found} s, "
            "expected two or more at one interval",
            hint="choose --output-every-s so that it divides the length of the simulation",
        )
    return float(seconds.flat[0])


def _check_start(ds: xr.Dataset, path: Path) -> None:
    initial = json.loads(ds.attrs["volume_budget"])["initial_m3"]
    if initial is None:
        raise DataError(
            f"cutting {path}: how much water it starts with is not known, expected dry ground",
            hint="where it did start dry, import it again with --starts-dry",
        )
    if initial > 0:
        raise DataError(
            f"cutting {path}: it starts with {initial:.4g} m3 of water, expected dry ground",
            hint="a sample is made by its rain alone; simulate it without --initial-depth",
        )
    site = {key: value for key, value in json.loads(ds.attrs.get("site", "{}")).items() if value}
    if site:
        raise DataError(
            f"cutting {path}: it was simulated with {', '.join(site)}, expected rain, heightmap, "
            "roughness and settings alone",
            hint="samples cannot repeat such inputs yet; simulate it without them",
        )


def _hash(*arrays: NDArray[Any]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _windows(
    grid: Grid, settings: DatasetSettings, path: Path
) -> Iterator[tuple[str, slice, slice]]:
    side, gap = settings.block_cells, settings.gap_cells
    if side == _WHOLE:
        yield "", slice(0, grid.height), slice(0, grid.width)
        return
    if side > min(grid.shape):
        raise DataError(
            f"cutting {path}: blocks of {side} cells from {grid.describe()}",
            hint="choose smaller --block-cells, or 0 for one block a simulation",
        )
    pitch = side + 2 * gap
    for row in range(max(1, (grid.height + 2 * gap) // pitch)):
        for col in range(max(1, (grid.width + 2 * gap) // pitch)):
            top, left = row * pitch, col * pitch
            yield f"/{row}-{col}", slice(top, top + side), slice(left, left + side)
