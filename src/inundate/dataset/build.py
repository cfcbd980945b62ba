"""Build a data set: cut simulations into blocks, choose the split, write it whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BloscCodec

from inundate.core.errors import DataError
from inundate.core.files import atomic_folder, check_input, check_output
from inundate.core.grid import Grid, grid_of
from inundate.core.progress import Progress
from inundate.core.provenance import hash_path, provenance
from inundate.core.store import read_dataset
from inundate.dataset.samples import FORMAT, Row, Samples, rows_json
from inundate.dataset.settings import DatasetSettings
from inundate.dataset.split import make_split
from inundate.terrain.derive import median_slope, regime_of

__all__ = ["build_dataset", "find_simulations"]

_DEFAULTS = DatasetSettings()
_LEAST_KNOWN = 0.5  # a block with less known ground teaches little and scores little
_WHOLE = 0  # block_cells that takes a simulation as one block


@dataclass(frozen=True)
class _Piece:
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
    moved_by_m: str


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


def build_dataset(
    simulations: Sequence[Path | str],
    output: Path | str,
    *,
    settings: DatasetSettings = _DEFAULTS,
    test_storm: Collection[str] = (),
    test_block: Collection[str] = (),
    overwrite: bool = False,
    progress: bool = True,
) -> Samples:
    """Cut simulations into samples, split by terrain block and storm, and store them.

    Parameters
    ----------
    simulations : sequence of Path
        Simulations, or folders of them.
    output : Path
        A ``.zarr`` to write.
    settings : DatasetSettings
    test_storm, test_block : collection of str, optional
        Storms and blocks to hold out; drawn by the seed when none is named.
    overwrite : bool
        Replace an existing one.
    progress : bool
        Show how far it is.

    Returns
    -------
    Samples
        The data set, opened.

    Raises
    ------
    DataError
        If simulations differ in their output interval, a block is too small, one pair of block
        and storm comes twice, or a part of the split would be empty.
    RunError
        If the output exists or the disk is full.
    """
    target = check_output(output, overwrite)
    paths = find_simulations(simulations)
    pieces = [piece for path in paths for piece in _cut(path, settings)]
    _check_pieces(pieces)
    split = make_split(
        {piece.block: piece.regime for piece in pieces},
        [piece.storm for piece in pieces],
        settings,
        test_storm=test_storm,
        test_block=test_block,
    )
    places = {block: row for row, block in enumerate(sorted({p.block for p in pieces}))}
    rows = [_row(piece, split.of(piece.block, piece.storm), places) for piece in pieces]
    attrs = {
        "kind": "dataset",
        "format": FORMAT,
        "interval_s": pieces[0].interval_s,
        "samples": rows_json(rows),
        "split": json.dumps(asdict(split)),
        "split_hash": split.hash(),
        "settings": settings.model_dump_json(),
        "provenance": json.dumps(
            {**provenance(), "inputs": {path.name: hash_path(path) for path in paths}}
        ),
    }
    with atomic_folder(target) as folder:
        _write(folder, pieces, places, attrs, progress)
    return Samples(target)


def _cut(path: Path, settings: DatasetSettings) -> Iterator[_Piece]:
    with read_dataset(path, kind="simulation") as ds:
        grid = grid_of(ds, where=f"cutting {path}")
        ground = ds["elevation"].load()
        seconds = np.diff(ds["time"].to_numpy()) / np.timedelta64(1, "s")
        if seconds.size == 0 or np.ptp(seconds) > 1e-3:
            raise DataError(
                f"cutting {path}: {ds.sizes['time']} frames at uneven times, "
                "expected two or more at one interval",
                hint="choose --output-every-s so that it divides the length of the simulation",
            )
        rain = ds["rain_rate"].mean("time").load() * (ds.sizes["time"] * seconds[0] / 3600)
        for label, rows, cols in _windows(grid, settings, path):
            part = ground[rows, cols]
            if float(np.isfinite(part).mean()) < _LEAST_KNOWN:
                continue
            yield _Piece(
                simulation=path,
                terrain=ds.attrs["terrain_name"],
                block=f"{ds.attrs['terrain_name']}{label}",
                storm=ds.attrs["storm_name"],
                grid=grid.window(rows, cols),
                rows=rows,
                cols=cols,
                frames=ds.sizes["time"],
                interval_s=float(seconds[0]),
                regime=regime_of(median_slope(part)),
                settings=json.loads(ds.attrs["settings"]),
                rain_mm=float(rain[rows, cols].mean()),
                moved_by_m=str(ds.attrs.get("moved_by_m", "")),
            )


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


def _check_pieces(pieces: Sequence[_Piece]) -> None:
    if not pieces:
        raise DataError("building a data set: no block has half of its ground known")
    intervals = {piece.interval_s for piece in pieces}
    if len(intervals) > 1:
        raise DataError(
            f"building a data set: simulations have frames every {sorted(intervals)} s, "
            "expected one interval",
            hint="simulate them with one --output-every-s",
        )
    seen: dict[tuple[str, str], _Piece] = {}
    places: dict[str, _Piece] = {}
    for piece in pieces:
        key = (piece.block, piece.storm)
        if key in seen:
            raise DataError(
                f"building a data set: {piece.block} under {piece.storm} comes twice, from "
                f"{seen[key].simulation} and {piece.simulation}",
                hint="give terrains and storms files of their own names",
            )
        first = places.setdefault(piece.block, piece)
        if not piece.grid.same_as(first.grid):
            raise DataError(
                f"building a data set: block {piece.block} lies at {first.grid.describe()} in "
                f"{first.simulation} and at {piece.grid.describe()} in {piece.simulation}",
                hint="two different terrains share a name; rename one file",
            )
        seen[key] = piece


def _row(piece: _Piece, split: str, places: dict[str, int]) -> Row:
    return Row(
        name=f"{piece.block}@{piece.storm}",
        terrain=piece.terrain,
        block=piece.block,
        storm=piece.storm,
        regime=piece.regime,
        split=split,
        frames=piece.frames,
        place=places[piece.block],
        grid=asdict(piece.grid),
        settings=piece.settings,
        rain_mm=piece.rain_mm,
        moved_by_m=piece.moved_by_m,
    )


def _write(
    folder: Path,
    pieces: Sequence[_Piece],
    places: dict[str, int],
    attrs: dict[str, Any],
    progress: bool,
) -> None:
    height = max(piece.grid.height for piece in pieces)
    width = max(piece.grid.width for piece in pieces)
    frames = max(piece.frames for piece in pieces)
    group = zarr.open_group(folder, mode="w", zarr_format=3, attributes=attrs)
    packed = BloscCodec(cname="zstd", clevel=3)
    arrays = {
        name: group.create_array(
            name, shape=shape, chunks=(1, *shape[1:]), dtype="float32", fill_value=np.nan,
            compressors=(packed,),
        )
        for name, shape in (
            ("water_depth", (len(pieces), frames, height, width)),
            ("rain_rate", (len(pieces), frames, height, width)),
            ("elevation", (len(places), height, width)),
            ("roughness", (len(places), height, width)),
        )
    }  # fmt: skip
    with Progress("dataset", total=len(pieces), unit="samples", enabled=progress) as bar:
        for number, piece in enumerate(pieces):
            _copy(arrays, number, places[piece.block], piece)
            bar.advance()


def _copy(arrays: dict[str, Any], number: int, place: int, piece: _Piece) -> None:
    height, width = piece.grid.shape
    with read_dataset(piece.simulation, kind="simulation") as ds:
        part: xr.Dataset = ds.isel(y=piece.rows, x=piece.cols).load()
    for name in ("water_depth", "rain_rate"):
        arrays[name][number, : piece.frames, :height, :width] = part[name].to_numpy()
    for name in ("elevation", "roughness"):
        arrays[name][place, :height, :width] = part[name].to_numpy()
