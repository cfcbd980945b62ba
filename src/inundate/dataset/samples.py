"""Samples on disk: one terrain block under one storm, from dry ground to the last frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.grid import Grid

__all__ = ["FORMAT", "Row", "Sample", "Samples"]

FORMAT = 1
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Row:
    """One line of the table of samples.

    Attributes
    ----------
    name : str
        ``block@storm``, with ``#member`` for a perturbed one.
    terrain, block, storm, regime, split : str
        Where it comes from and what it is for.
    frames : int
        Frames stored.
    place : int
        Row of the block in the ground arrays.
    grid : dict
        Grid of the block.
    settings : dict
        Solver settings of the simulation.
    rain_mm : float
        Mean rain depth over the block.
    start : str
        Start of the storm (ISO, UTC); the first frame ends one interval later.
    moved_by_m : str
        Offset by which the rain was moved, as recorded in it; empty if it was not.
    member : int
        0, or the number of a perturbed run of the same storm on the same block: ground, rain and
        settings stored are the unperturbed ones, only the water is the perturbed run's.
    chunk : int
        Row of the sample in the series arrays; -1 where that is its line in the table.
    """

    name: str
    terrain: str
    block: str
    storm: str
    regime: str
    split: str
    frames: int
    place: int
    grid: dict[str, Any]
    settings: dict[str, Any]
    rain_mm: float
    start: str = "1970-01-01"
    moved_by_m: str = ""
    member: int = 0
    chunk: int = -1


@dataclass(frozen=True)
class Sample:
    """The arrays of one sample.

    Attributes
    ----------
    row : Row
    elevation, roughness : array (H, W)
        m and s m-1/3; NaN where unknown.
    rain_rate : array (T, H, W), mm h-1
        Mean over the interval that ends at each frame.
    water_depth : array (T, H, W), m
    interval_s : float
    """

    row: Row
    elevation: Array
    roughness: Array
    rain_rate: Array
    water_depth: Array
    interval_s: float

    @property
    def grid(self) -> Grid:
        """Grid of the block."""
        return Grid(**self.row.grid)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Cells with known ground and depth, (H, W)."""
        return np.isfinite(self.elevation) & np.isfinite(self.water_depth).all(axis=0)


class Samples:
    """A data set, opened.

    Parameters
    ----------
    path : Path
        Folder written by :func:`inundate.dataset.build.build_dataset`.

    Raises
    ------
    MissingFileError
        If it does not exist.
    DataError
        If it is not a data set, or of another version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = check_input(path, what="opening data set")
        try:
            self._group = zarr.open_group(self.path, mode="r")
        except (FileNotFoundError, ValueError, OSError) as error:
            raise self._not_ours(type(error).__name__) from error
        attrs = dict(self._group.attrs)
        if attrs.get("kind") != "dataset" or attrs.get("format") != FORMAT:
            raise self._not_ours(f"kind {attrs.get('kind')!r}, format {attrs.get('format')!r}")
        self.attrs: dict[str, Any] = attrs
        self.interval_s = float(attrs["interval_s"])  # type: ignore[arg-type]
        self.rows = [Row(**row) for row in json.loads(str(attrs["samples"]))]

    def _not_ours(self, found: str) -> DataError:
        return DataError(
            f"opening data set {self.path}: found {found}, expected a data set of format {FORMAT}",
            hint="inundate dataset build SIMULATIONS -o data.zarr makes one",
        )

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, split: str, members: bool = False) -> list[int]:
        """Give the numbers of the samples of a part.

        Parameters
        ----------
        split : str
        members : bool
            Also those of perturbed runs.

        Raises
        ------
        DataError
            If there are none.
        """
        found = [
            number
            for number, row in enumerate(self.rows)
            if row.split == split and (members or not row.member)
        ]
        if not found:
            raise DataError(f"data set {self.path} has no {split} samples")
        return found

    def read(self, number: int) -> Sample:
        """Read one sample."""
        row = self.rows[number]
        height, width = row.grid["height"], row.grid["width"]
        window = np.s_[:height, :width]
        chunk = number if row.chunk < 0 else row.chunk
        series = np.s_[chunk, : row.frames, :height, :width]
        return Sample(
            row=row,
            elevation=self._array("elevation")[row.place][window],
            roughness=self._array("roughness")[row.place][window],
            rain_rate=self._array("rain_rate")[series],
            water_depth=self._array("water_depth")[series],
            interval_s=self.interval_s,
        )

    def ground(self, row: Row) -> Array:
        """Read the elevation of a block alone, (H, W), m."""
        window = np.s_[: row.grid["height"], : row.grid["width"]]
        return np.asarray(self._array("elevation")[row.place][window])

    def _array(self, name: str) -> Any:
        return self._group[name]


def rows_json(rows: Sequence[Row]) -> str:
    """Write the table as JSON, as the data set keeps it."""
    return json.dumps([asdict(row) for row in rows])
