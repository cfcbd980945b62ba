"""Where frames go as they come: memory, or a Zarr store that appears only when complete."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from inundate.core.files import atomic_folder
from inundate.core.names import attributes
from inundate.core.store import encoding_for, write_dataset
from inundate.hydro.march import SHORTEST_FRAME_S, Frame
from inundate.hydro.state import Array

__all__ = ["MemoryFrames", "StoredFrames", "frame_ends"]

_SERIES = ("water_depth", "rain_rate")


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


class MemoryFrames:
    """Keep frames in memory.

    Parameters
    ----------
    fixed : Dataset
        Coordinates, elevation, roughness, attributes.
    """

    def __init__(self, fixed: xr.Dataset) -> None:
        self._fixed = fixed
        self._frames: list[Frame] = []

    def add(self, frame: Frame) -> None:
        """Take a frame."""
        self._frames.append(frame)

    def close(self, deepest: Array, results: Mapping[str, str | int | float]) -> xr.Dataset:
        """Give the whole data set."""
        series = {
            "water_depth": np.stack([f.depth for f in self._frames]).astype(np.float32),
            "rain_rate": np.stack([f.rain for f in self._frames]),
        }
        ds = self._fixed.assign(
            {name: (("time", "y", "x"), values, _attrs(name)) for name, values in series.items()}
        )
        maximum = deepest.astype(np.float32)
        ds["water_depth_max"] = (("y", "x"), maximum, _attrs("water_depth_max"))
        return ds.assign_attrs(results)


class StoredFrames:
    """Write frames to a Zarr store, one chunk a frame, in constant memory.

    Parameters
    ----------
    fixed : Dataset
        Coordinates, elevation, roughness, attributes.
    path : Path
        The store; it appears under this name only after :meth:`close`.
    """

    def __init__(self, fixed: xr.Dataset, path: Path) -> None:
        self._fixed, self._path = fixed, path
        self._stack = ExitStack()
        self._next = 0
        self._group: zarr.Group

    def __enter__(self) -> StoredFrames:
        with ExitStack() as stack:
            folder = stack.enter_context(atomic_folder(self._path))
            write_dataset(self._fixed, folder, overwrite=True)
            self._group = zarr.open_group(folder, mode="r+")
            height, width = self._fixed.sizes["y"], self._fixed.sizes["x"]
            for name in _SERIES:
                self._create(name, ("time", "y", "x"), (self._fixed.sizes["time"], height, width))
            self._create("water_depth_max", ("y", "x"), (height, width))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, frame: Frame) -> None:
        """Write a frame."""
        self._array("water_depth")[self._next] = frame.depth.astype(np.float32)
        self._array("rain_rate")[self._next] = frame.rain
        self._next += 1

    def close(self, deepest: Array, results: Mapping[str, str | int | float]) -> xr.Dataset:
        """Write what is known at the end; the store is in place when the context ends."""
        self._array("water_depth_max")[:] = deepest.astype(np.float32)
        self._group.attrs.update(dict(results))
        return self._fixed.assign_attrs(results)

    def _array(self, name: str) -> zarr.Array[Any]:
        found = self._group[name]
        assert isinstance(found, zarr.Array)
        return found

    def _create(self, name: str, dims: tuple[str, ...], shape: tuple[int, ...]) -> None:
        like = xr.Dataset({name: xr.Variable(dims, np.broadcast_to(np.float32(0), shape))})
        encoding: dict[str, Any] = encoding_for(like, zarr=True)[name]
        self._group.create_array(
            name,
            shape=shape,
            dtype="float32",
            chunks=encoding["chunks"],
            compressors=encoding["compressors"],
            fill_value=np.nan,
            dimension_names=dims,
            attributes=dict[str, Any](_attrs(name)),
        )


def _attrs(name: str) -> dict[str, str]:
    return {**attributes(name), "grid_mapping": "spatial_ref"}
