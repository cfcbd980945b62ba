"""Open an ensemble of depth, and write what it says under new weights."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid, attach_grid, check_same_grid, grid_of
from inundate.core.names import attributes
from inundate.core.provenance import provenance
from inundate.core.store import read_dataset
from inundate.fuse.summary import weighted_mean, weighted_probability, weighted_quantiles
from inundate.hydro.manifest import read_manifest

__all__ = ["Members", "open_members", "updated_forecast"]

_PLANE = ("time", "y", "x")


@dataclass(frozen=True, eq=False)
class Members:
    """An ensemble of floods.

    Attributes
    ----------
    depth : array (M, T, H, W), m
        NaN where there is no ground.
    time : array (T,), datetime64[ns]
    grid : Grid
    names : tuple of str, M
    elevation : array (H, W), m, or None
    """

    depth: NDArray[np.float32]
    time: NDArray[np.datetime64]
    grid: Grid
    names: tuple[str, ...]
    elevation: NDArray[np.float32] | None = None


def open_members(path: Path | str) -> Members:
    """Read floods that count alike.

    Parameters
    ----------
    path : Path
        Folder of ``inundate ensemble run``, or a prediction with ``depth_sample``
        (``inundate predict --uncertainty --samples``). A simulation or prediction without is an
        ensemble of one, which can be checked and not weighed.

    Returns
    -------
    Members

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If members differ in grid or times, are not all done, or there is no depth.
    """
    place = Path(path)
    if (place / "ensemble.json").exists():
        return _of_folder(place)
    with read_dataset(place) as ds:
        name = "depth_sample" if "depth_sample" in ds else "water_depth"
        if name not in ds or "time" not in ds[name].dims:
            raise DataError(
                f"opening the ensemble {place}: no depth_sample and no water_depth over time",
                hint="inundate predict --uncertainty --samples 24 writes members",
            )
        depth = ds[name] if name == "depth_sample" else ds[name].expand_dims("member")
        values = depth.transpose("member", *_PLANE).to_numpy().astype(np.float32)
        names = tuple(f"sample {one}" for one in range(len(values)))
        return Members(values, _times(ds), grid_of(ds), names, _elevation(ds))


def _of_folder(folder: Path) -> Members:
    manifest = read_manifest(folder)
    unfinished = [one.name for one in manifest.members if one.state != "done"]
    if unfinished or not manifest.members:
        raise DataError(
            f"opening the ensemble {folder}: {len(unfinished)} of {len(manifest.members)} members "
            "are not done",
            hint="run the same inundate ensemble run again: finished members are kept",
        )
    with ExitStack() as stack:
        found = [
            stack.enter_context(read_dataset(folder / f"{one.name}.zarr", kind="simulation"))
            for one in manifest.members
        ]
        grid, time = grid_of(found[0]), _times(found[0])
        for one, ds in zip(manifest.members, found, strict=True):
            check_same_grid(ds, grid, one.name, manifest.members[0].name)
            if not np.array_equal(_times(ds), time):
                raise DataError(
                    f"opening the ensemble {folder}: {one.name} has other times than "
                    f"{manifest.members[0].name}",
                    hint="members of one storm alone can be weighed together",
                )
        depth = np.stack([ds["water_depth"].transpose(*_PLANE).to_numpy() for ds in found])
        names = tuple(one.name for one in manifest.members)
        return Members(depth.astype(np.float32), time, grid, names, _elevation(found[0]))


def _times(ds: xr.Dataset) -> NDArray[np.datetime64]:
    return np.asarray(ds["time"].to_numpy(), "datetime64[ns]")


def _elevation(ds: xr.Dataset) -> NDArray[np.float32] | None:
    return ds["elevation"].to_numpy().astype(np.float32) if "elevation" in ds else None


def updated_forecast(
    members: Members,
    weights: NDArray[np.float64],
    *,
    quantiles: tuple[float, ...] = (0.05, 0.5, 0.95),
    thresholds: tuple[float, ...] = (0.05, 0.3),
) -> xr.Dataset:
    """Make a prediction of members that do not all count alike.

    Parameters
    ----------
    members : Members
    weights : array (M,) or (M, H, W)
        Sum 1 over members.
    quantiles : tuple of float
        Levels, above 0 and below 1.
    thresholds : tuple of float, m

    Returns
    -------
    Dataset
        As a prediction with its spread: ``water_depth`` (the median), ``water_depth_max``,
        ``depth_mean``, ``depth_low`` and ``depth_high`` (90 %), ``depth_quantile``,
        ``depth_probability``; NaN where there is no ground.
    """
    levels = tuple(sorted(set(quantiles)))
    shape = members.depth.shape[1:]
    mean, ends = np.empty(shape, np.float32), np.empty((3, *shape), np.float32)
    drawn = np.empty((len(levels), *shape), np.float32)
    chances = np.empty((len(thresholds), *shape), np.float32)
    for frame in range(shape[0]):  # one at a time: sorting takes several copies
        depth = members.depth[:, frame]
        mean[frame] = weighted_mean(depth, weights)
        ends[:, frame] = weighted_quantiles(depth, weights, (0.05, 0.5, 0.95))
        drawn[:, frame] = weighted_quantiles(depth, weights, levels)
        for place, threshold in enumerate(thresholds):
            chances[place, frame] = weighted_probability(depth, weights, threshold)
    given = {"depth_mean": mean, "depth_low": ends[0], "depth_high": ends[2]}
    ds = xr.Dataset(
        {
            "water_depth": (_PLANE, ends[1], attributes("water_depth")),
            **{name: (_PLANE, values, attributes(name)) for name, values in given.items()},
            "water_depth_max": (("y", "x"), ends[1].max(axis=0), attributes("water_depth_max")),
            "depth_quantile": (("quantile", *_PLANE), drawn, attributes("depth_quantile")),
            "depth_probability": (("threshold", *_PLANE), chances, attributes("depth_probability")),
        },
        coords={
            "time": members.time,
            "quantile": ("quantile", np.asarray(levels), {"units": "1"}),
            "threshold": ("threshold", np.asarray(thresholds), {"units": "m"}),
        },
        attrs={
            "kind": "prediction", "model": "ensemble weighed by posts",
            "members": len(members.depth), "warnings": "[]",
            "provenance": json.dumps(provenance()),
        },
    )  # fmt: skip
    if members.elevation is not None:
        ds["elevation"] = (("y", "x"), members.elevation, attributes("elevation"))
    return attach_grid(ds, members.grid)
