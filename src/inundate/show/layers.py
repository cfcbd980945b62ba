"""The layers of a map: which fields of a data set are drawn, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, GridError, nearest
from inundate.core.grid import Grid, check_same_grid
from inundate.core.names import check_variable
from inundate.show.encode import MAX_LEVELS
from inundate.show.language import tell
from inundate.show.palette import DEPTH, ERROR, PROBABILITY, RAIN, SPREAD, Classes

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["KINDS", "Layer", "check_source", "find_layers", "match_truth"]

KINDS = ("depth", "max", "probability", "quantile", "uncertainty", "rain", "truth", "error")
"""What may be asked for; a kind can have several layers, such as one a threshold."""

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """One field to draw.

    Attributes
    ----------
    name, kind : str
        Unique name, and which of :data:`KINDS` it is.
    title, note : str
        What readers see: a few words, and a sentence that says what it is.
    classes : Classes
        Colours and unit.
    read : callable
        Gives the field (H, W) of a frame number.
    timed : bool
        False for one field that holds for the whole period.
    floor, power, most_levels
        How it is rounded, see :func:`inundate.show.encode.make_levels`.
    """

    name: str
    kind: str
    title: str
    note: str
    classes: Classes
    read: Callable[[int], Plane]
    timed: bool = True
    floor: float = 0.01
    power: float = 2.0
    most_levels: int = MAX_LEVELS


def check_source(data: xr.Dataset, terrain: xr.DataArray | None) -> tuple[Grid, Plane]:
    """Check that a data set can be drawn, and give its grid and ground.

    Parameters
    ----------
    data : Dataset
        With ``water_depth`` and, unless ``terrain`` is given, ``elevation``.
    terrain : DataArray (y, x), m, optional
        Ground height on the grid of the depth.

    Returns
    -------
    Grid, array (H, W) in m

    Raises
    ------
    DataError
        If there is no depth, or its units or dimensions are wrong.
    GridError
        If there is no terrain, or it is on another grid, or holds no known cell.
    """
    if "water_depth" not in data:
        raise DataError(
            f"drawing a map: variables {sorted(map(str, data.data_vars))}, expected 'water_depth'",
            hint="give the result of inundate simulate or inundate predict",
        )
    depth = data["water_depth"]
    check_variable(depth, "water_depth", where="drawing a map", values=False)
    if depth.sizes["time"] == 0:
        raise DataError("drawing a map: water_depth has no time step")
    ground = terrain if terrain is not None else data.get("elevation")
    if ground is None:
        raise GridError(
            "drawing a map: depth without its terrain; a map needs the grid and the ground "
            "that the depth was computed on",
            hint="add --terrain DEM on the grid of the depth, or use a data set with 'elevation'",
        )
    grid = check_same_grid(depth, ground, "depth", "terrain")
    heights = np.asarray(ground.transpose("y", "x").values, dtype=np.float32)
    if np.isnan(heights).all():
        raise GridError("drawing a map: the terrain has no known cell")
    return grid, heights


def match_truth(data: xr.Dataset, truth: xr.Dataset) -> xr.DataArray:
    """Give the true depth at the times of a prediction.

    Raises
    ------
    DataError
        If the truth lacks depth or one of the times.
    GridError
        If the grids differ.
    """
    if "water_depth" not in truth:
        raise DataError(
            f"drawing the error: the truth has variables {sorted(map(str, truth.data_vars))}, "
            "expected 'water_depth'"
        )
    depth: xr.DataArray = truth["water_depth"]
    check_variable(depth, "water_depth", where="drawing the error", values=False)
    check_same_grid(data["water_depth"], depth, "prediction", "truth")
    missing = np.setdiff1d(data["time"].values, depth["time"].values)
    if missing.size:
        raise DataError(
            f"drawing the error: the truth lacks {missing.size} of {data.sizes['time']} times, "
            f"the first {np.datetime_as_string(missing[0], 'm')}Z; it has "
            f"{np.datetime_as_string(depth['time'].values[0], 'm')}Z to "
            f"{np.datetime_as_string(depth['time'].values[-1], 'm')}Z",
            hint="prediction and truth must be of the same storm and time steps",
        )
    return depth.sel(time=data["time"].values)


def find_layers(
    data: xr.Dataset, *, truth: xr.DataArray | None = None, wanted: Sequence[str] | None = None
) -> list[Layer]:
    """Give the layers that a data set holds, depth first.

    Parameters
    ----------
    data : Dataset
        Simulation or prediction.
    truth : DataArray (time, y, x), m, optional
        True depth at the same times.
    wanted : sequence of str, optional
        Kinds to keep, in this order; by default all that there are.

    Raises
    ------
    ConfigError
        If a kind is unknown or the data do not hold it.
    """
    found = [*_depths(data), *_probabilities(data), *_quantiles(data), *_interval(data),
             *_rain(data)]  # fmt: skip
    if truth is not None:
        found += _truths(data["water_depth"], truth)
    if wanted is None:
        return found
    present = {layer.kind for layer in found}
    for kind in wanted:
        if kind not in present:
            close = nearest(kind, KINDS) if kind not in KINDS else None
            raise ConfigError(
                f"drawing a map: no layer {kind!r}; this data set has "
                f"{', '.join(k for k in KINDS if k in present)}",
                hint=f"did you mean {close!r}?" if close else _HINTS.get(kind),
            )
    return [layer for kind in wanted for layer in found if layer.kind == kind]


_HINTS = {
    "probability": "only a probabilistic prediction has depth_probability",
    "quantile": "only a probabilistic prediction has depth_quantile",
    "uncertainty": "only a probabilistic prediction with two quantiles has it",
    "error": "give the true depth as well, with --truth",
    "truth": "give the true depth as well, with --truth",
}


def _plane(array: xr.DataArray) -> Plane:
    return np.asarray(array.transpose("y", "x").values, dtype=np.float32)


def _frames(array: xr.DataArray) -> Callable[[int], Plane]:
    return lambda frame: _plane(array.isel(time=frame))


def _depths(data: xr.Dataset) -> list[Layer]:
    depth = data["water_depth"]
    found = [
        Layer("depth", "depth", tell("layer.depth"), tell("layer.depth.note"), DEPTH,
              _frames(depth)),
    ]  # fmt: skip
    if "water_depth_max" in data:
        largest, note = data["water_depth_max"], tell("layer.max.held")
    else:
        largest, note = depth.max("time", skipna=True), tell("layer.max.frames")
    plane = _plane(largest)
    found.append(
        Layer("depth_max", "max", tell("layer.max"), note, DEPTH, lambda _: plane, timed=False)
    )
    return found


def _probabilities(data: xr.Dataset) -> list[Layer]:
    if "depth_probability" not in data:
        return []
    field = data["depth_probability"]
    style: dict[str, Any] = {"floor": 0.01, "power": 1.0, "most_levels": 52}
    return [
        Layer(f"probability_{value:g}", "probability",
              tell("layer.probability", threshold=f"{value:g}"),
              tell("layer.probability.note", threshold=f"{value:g}"), PROBABILITY,
              _frames(field.isel(threshold=position)), **style)
        for position, value in enumerate(_coordinate(field, "threshold"))
    ]  # fmt: skip


def _quantiles(data: xr.Dataset) -> list[Layer]:
    if "depth_quantile" not in data:
        return []
    field = data["depth_quantile"]
    values = _coordinate(field, "quantile")
    found = [
        Layer(f"quantile_{value:g}", "quantile",
              tell("layer.quantile", percent=f"{100 * value:g}"),
              tell("layer.quantile.note", value=f"{value:g}"), DEPTH,
              _frames(field.isel(quantile=position)), most_levels=128)
        for position, value in enumerate(values)
    ]  # fmt: skip
    if len(values) >= 2 and not {"depth_low", "depth_high"} <= set(data):
        low, high = int(np.argmin(values)), int(np.argmax(values))
        share = f"{100 * (values[high] - values[low]):g}"
        lower, upper = _frames(field.isel(quantile=low)), _frames(field.isel(quantile=high))
        ends = {"high": f"{100 * values[high]:g}", "low": f"{100 * values[low]:g}"}
        found.append(
            Layer("uncertainty", "uncertainty", tell("layer.width", percent=share),
                  tell("layer.width.quantiles", **ends), SPREAD,
                  lambda frame: upper(frame) - lower(frame), most_levels=64)
        )  # fmt: skip
    return found


def _interval(data: xr.Dataset) -> list[Layer]:
    if "depth_low" not in data or "depth_high" not in data:
        return []
    lower, upper = _frames(data["depth_low"]), _frames(data["depth_high"])
    return [
        Layer("uncertainty", "uncertainty", tell("layer.width", percent="90"),
              tell("layer.width.interval"), SPREAD,
              lambda frame: upper(frame) - lower(frame), most_levels=64)
    ]  # fmt: skip


def _rain(data: xr.Dataset) -> list[Layer]:
    if "rain_rate" not in data or tuple(data["rain_rate"].dims) != ("time", "y", "x"):
        return []
    check_variable(data["rain_rate"], where="drawing a map", values=False)
    return [
        Layer("rain", "rain", tell("layer.rain"), tell("layer.rain.note"), RAIN,
              _frames(data["rain_rate"]), floor=0.1, most_levels=96)
    ]  # fmt: skip


def _truths(depth: xr.DataArray, truth: xr.DataArray) -> list[Layer]:
    predicted, observed = _frames(depth), _frames(truth)
    return [
        Layer("truth", "truth", tell("layer.truth"), tell("layer.truth.note"), DEPTH, observed),
        Layer("error", "error", tell("layer.error"), tell("layer.error.note"), ERROR,
              lambda frame: predicted(frame) - observed(frame), most_levels=128),
    ]  # fmt: skip


def _coordinate(field: xr.DataArray, name: str) -> list[float]:
    if name not in field.coords:
        raise DataError(f"drawing a map: {field.name} has no coordinate {name!r}")
    return [float(value) for value in field.coords[name].values]
