"""Build a data set: cut simulations into blocks, choose the split, write it whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BloscCodec

from inundate.core.errors import ConfigError, DataError
from inundate.core.files import atomic_folder, check_output
from inundate.core.progress import Progress
from inundate.core.provenance import hash_path, provenance
from inundate.core.store import read_dataset
from inundate.dataset.cut import Piece, cut, find_simulations
from inundate.dataset.samples import FORMAT, Row, Samples, rows_json
from inundate.dataset.settings import DatasetSettings
from inundate.dataset.split import make_split

__all__ = ["build_dataset", "find_simulations"]

_DEFAULTS = DatasetSettings()
_SERIES = ("water_depth", "rain_rate")


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
    ConfigError
        If the output is no ``.zarr``, is one of the simulations, or a name is not known.
    DataError
        If simulations differ in their output interval, start with water, or give one block two
        grounds; if a block is too small, one pair of block and storm comes twice, or a part of
        the split would be empty.
    RunError
        If the output exists or the disk is full.
    """
    target = check_output(output, overwrite)
    paths = find_simulations(simulations)
    _check_target(target, paths)
    pieces = [piece for path in paths for piece in cut(path, settings)]
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
            {**provenance(), "inputs": {str(path): hash_path(path) for path in paths}}
        ),
    }
    with atomic_folder(target) as folder:
        _write(folder, pieces, places, attrs, progress)
    return Samples(target)


def _check_target(target: Path, simulations: Sequence[Path]) -> None:
    if target.suffix != ".zarr":
        raise ConfigError(
            f"writing {target}: suffix {target.suffix!r}, expected .zarr",
            hint=f"try -o {target.stem}.zarr",
        )
    if target.resolve() in {path.resolve() for path in simulations}:
        raise ConfigError(
            f"writing {target}: it is one of the simulations to read", hint="give another -o"
        )


def _check_pieces(pieces: Sequence[Piece]) -> None:
    if not pieces:
        raise DataError("building a data set: no block has half of its ground known")
    intervals = {piece.interval_s for piece in pieces}
    if len(intervals) > 1:
        raise DataError(
            f"building a data set: simulations have frames every {sorted(intervals)} s, "
            "expected one interval",
            hint="simulate them with one --output-every-s",
        )
    seen: dict[tuple[str, str], Piece] = {}
    places: dict[str, Piece] = {}
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
        if piece.ground != first.ground:
            raise DataError(
                f"building a data set: block {piece.block} has one elevation and roughness in "
                f"{first.simulation} and another in {piece.simulation}",
                hint="give each ground a name of its own, or simulate all storms on one",
            )
        seen[key] = piece


def _row(piece: Piece, split: str, places: dict[str, int]) -> Row:
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
        start=piece.start,
        moved_by_m=piece.moved_by_m,
    )


def _write(
    folder: Path,
    pieces: Sequence[Piece],
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
        # a frame is one chunk: blocks of the same rows are read together
        strips = groupby(enumerate(pieces), key=lambda item: (item[1].simulation, item[1].rows))
        for (simulation, rows), strip in strips:
            bar.advance(_copy(arrays, simulation, rows, list(strip), places))


def _copy(
    arrays: dict[str, Any],
    simulation: Path,
    rows: slice,
    strip: Sequence[tuple[int, Piece]],
    places: dict[str, int],
) -> int:
    """Copy the blocks of some rows of a simulation; give their number."""
    with read_dataset(simulation, kind="simulation") as ds:
        part: xr.Dataset = ds[["elevation", "roughness", *_SERIES]].isel(y=rows).load()
    for number, piece in strip:
        height, width = piece.grid.shape
        for name in _SERIES:
            block = part[name].to_numpy()[..., piece.cols]
            arrays[name][number, : piece.frames, :height, :width] = block
        for name in ("elevation", "roughness"):
            arrays[name][places[piece.block], :height, :width] = part[name].to_numpy()[
                :, piece.cols
            ]
    return len(strip)
