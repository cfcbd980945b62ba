"""Where frames go as they come: memory, or a Zarr store, one chunk a frame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from inundate.core.names import VARIABLES, attributes
from inundate.core.store import encoding_for, write_dataset
from inundate.hydro.march import SHORTEST_FRAME_S, Frame

__all__ = ["MAPS", "UNFINISHED", "Frames", "MemoryFrames", "StoredFrames", "frame_ends"]

MAPS = ("water_depth_max", "water_depth_max_time", "arrival_time", "flood_duration")
UNFINISHED = "unfinished simulation"  # attribute `kind` of a store until it is complete
_FRAMES = ("water_depth", "rain_rate")
_ROWS_A_CHUNK = 1024  # samples of a series

Result = str | int | float
Values = NDArray[Any]


def frame_ends(total_s: float, every_s: float) -> NDArray[np.float64]:
    """Give the times of the frames: every interval, and the end.

    Examples
    --------
    >>> frame_ends(1500, 600).tolist()
    [600.0, 1200.0, 1500.0]
    """
    count = int(np.ceil((total_s - SHORTEST_FRAME_S) / every_s))
    ends = every_s * np.arange(1, count + 1, dtype=np.float64)
    ends[-1] = total_s
    return ends


class Frames(Protocol):
    """Where the results of a simulation go."""

    count: int

    def add(self, frame: Frame) -> None:
        """Take the next frame."""

    def add_samples(self, first: int, series: Mapping[str, Values]) -> None:
        """Take arrays (samples, places) that begin with sample ``first``."""

    def close(self, maps: Mapping[str, Values], results: Mapping[str, Result]) -> xr.Dataset:
        """Take the rasters (H, W) and attributes known at the end."""


class MemoryFrames:
    """Keep frames in memory.

    Parameters
    ----------
    fixed : Dataset
        Coordinates, elevation, roughness, attributes.
    series : mapping of str to int
        Name of each series of samples, and how many places it has.
    """

    def __init__(self, fixed: xr.Dataset, series: Mapping[str, int] | None = None) -> None:
        self.count = 0
        self._fixed = fixed
        self._frames: list[Frame] = []
        samples = fixed.sizes.get("sample", 0)
        self._series = {name: np.zeros((samples, n)) for name, n in (series or {}).items()}

    def add(self, frame: Frame) -> None:
        """Take the next frame."""
        self._frames.append(frame)
        self.count += 1

    def add_samples(self, first: int, series: Mapping[str, Values]) -> None:
        """Take arrays (samples, places) that begin with sample ``first``."""
        for name, values in series.items():
            self._series[name][first : first + len(values)] = values

    def close(self, maps: Mapping[str, Values], results: Mapping[str, Result]) -> xr.Dataset:
        """Give the whole data set."""
        values: dict[str, Values] = {
            "water_depth": np.stack([f.depth for f in self._frames]).astype(np.float32),
            "rain_rate": np.stack([f.rain for f in self._frames]),
            **maps,
            **self._series,
        }
        found = self._fixed.assign(
            {name: (VARIABLES[name].dims, array, _attrs(name)) for name, array in values.items()}
        )
        return found.assign_attrs({**results, "kind": "simulation"})


class StoredFrames:
    """Write frames to a Zarr store in constant memory.

    Parameters
    ----------
    fixed : Dataset
        Coordinates, elevation, roughness, attributes.
    store : Path
        The store; a new one is made unless frames are held already.
    series : mapping of str to int
        Name of each series of samples, and how many places it has.
    held : int, optional
        Frames that a store made earlier holds.
    """

    def __init__(
        self,
        fixed: xr.Dataset,
        store: Path,
        series: Mapping[str, int] | None = None,
        *,
        held: int | None = None,
    ) -> None:
        self.count = held or 0
        self._fixed, self._store = fixed, store
        self._fresh: set[Path] = set()  # chunks that may not be on the disk yet
        if held is not None:
            self._group = zarr.open_group(store, mode="r+")
            return
        write_dataset(fixed.assign_attrs(kind=UNFINISHED), store, overwrite=True)
        self._group = zarr.open_group(store, mode="r+")
        height, width = fixed.sizes["y"], fixed.sizes["x"]
        for name in _FRAMES:
            self._create(name, (fixed.sizes["time"], height, width))
        for name in MAPS:
            self._create(name, (height, width))
        for name, places in (series or {}).items():
            self._create(name, (fixed.sizes["sample"], places))

    def add(self, frame: Frame) -> None:
        """Take the next frame."""
        self._array("water_depth")[self.count] = frame.depth.astype(np.float32)
        self._array("rain_rate")[self.count] = frame.rain
        self._fresh |= {self._store / name / "c" / str(self.count) for name in _FRAMES}
        self.count += 1

    def add_samples(self, first: int, series: Mapping[str, Values]) -> None:
        """Take arrays (samples, places) that begin with sample ``first``."""
        for name, values in series.items():
            self._array(name)[first : first + len(values)] = values
            self._fresh.add(self._store / name / "c" / str(first // _ROWS_A_CHUNK))

    def sync(self) -> None:
        """Wait until all frames are on the disk, so that a checkpoint may count on them."""
        for folder in self._fresh:
            for path in folder.rglob("*"):
                if path.is_file():
                    with path.open("rb") as stream:
                        os.fsync(stream.fileno())
        self._fresh.clear()

    def close(self, maps: Mapping[str, Values], results: Mapping[str, Result]) -> xr.Dataset:
        """Write what is known at the end."""
        for name, values in maps.items():
            self._array(name)[:] = values
        self._group.attrs.update({**results, "kind": "simulation"})
        return self._fixed.assign_attrs(results)

    def _array(self, name: str) -> zarr.Array[Any]:
        found = self._group[name]
        assert isinstance(found, zarr.Array)
        return found

    def _create(self, name: str, shape: tuple[int, ...]) -> None:
        dims = VARIABLES[name].dims
        is_series = dims[0] == "sample"
        kind = "float64" if is_series else "float32"
        like = xr.Dataset({name: xr.Variable(dims, np.broadcast_to(np.zeros((), kind), shape))})
        encoding: dict[str, Any] = encoding_for(like, zarr=True)[name]
        self._group.create_array(
            name,
            shape=shape,
            dtype=kind,
            chunks=(min(_ROWS_A_CHUNK, shape[0]), shape[1]) if is_series else encoding["chunks"],
            compressors=encoding["compressors"],
            fill_value=np.nan,
            dimension_names=dims,
            attributes=dict[str, Any](_attrs(name)),
        )


def _attrs(name: str) -> dict[str, str]:
    on_grid = {"grid_mapping": "spatial_ref"} if "x" in VARIABLES[name].dims else {}
    return {**attributes(name), **_METHODS.get(name, {}), **on_grid}


_METHODS = {
    "water_depth_max": {"cell_methods": "time: maximum"},
    "section_discharge": {"positive": "from the right-hand to the left-hand side of the line"},
}
