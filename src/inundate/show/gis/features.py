"""What is written: polygons of flooded cells and posts as points, each with its properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, require_extra
from inundate.core.grid import Grid, from_lonlat
from inundate.show.place import cell_metres
from inundate.show.post_marks import TextPolicy, plain_text
from inundate.show.summary import iso_times

if TYPE_CHECKING:
    import xarray as xr

    from inundate.posts.locate.located import Located

__all__ = ["Feature", "flood_features", "post_features", "to_rings"]

Ring = NDArray[np.float64]
"""Corners (N, 2) of a closed line in the map's CRS; the first and the last are the same."""


@dataclass(frozen=True, eq=False)
class Feature:
    """A thing on the ground.

    Attributes
    ----------
    kind : {"flood", "unknown", "post"}
        Water from a depth on; cells whose depth nobody knows; a post.
    polygons : tuple of tuple of Ring
        Outer ring first, then holes, of each polygon; empty for a post.
    point : (x, y) or None
        Of a post.
    properties : mapping
        Texts, numbers or None, by name; the same names for all of a kind.
    """

    kind: str
    polygons: tuple[tuple[Ring, ...], ...]
    point: tuple[float, float] | None
    properties: Mapping[str, Any]


def flood_features(
    data: xr.Dataset, grid: Grid, *, thresholds_m: Sequence[float], frames: str = "max"
) -> list[Feature]:
    """Outline where the water is at least so deep.

    Parameters
    ----------
    data : Dataset
        With ``water_depth`` (time, y, x) in m.
    grid : Grid
        Of the depth.
    thresholds_m : sequence of float
        One outline each.
    frames : {"max", "all"}
        The greatest depth over all times, or every time.

    Raises
    ------
    ConfigError
        If a threshold is not positive.
    MissingExtraError
        If rasterio is not installed.
    """
    for threshold in thresholds_m:
        if not (threshold > 0 and np.isfinite(threshold)):
            raise ConfigError(
                f"outlines of a flood: a threshold of {threshold:g} m, expected a positive depth",
                hint="0.05 is the depth from which the package calls a cell flooded",
            )
    depth = data["water_depth"].transpose("time", "y", "x")
    if frames == "all":
        planes = [(time, depth.isel(time=i)) for i, time in enumerate(iso_times(data))]
    else:
        held = data.get("water_depth_max")
        planes = [("", depth.max("time", skipna=True) if held is None else held)]
    found = []
    for time, plane in planes:
        values = np.asarray(plane.transpose("y", "x").values, dtype=np.float32)
        found += _outlines(values, grid, time, thresholds_m)
    return found


def post_features(located: Located, grid: Grid, text: TextPolicy = "stored") -> list[Feature]:
    """Give the posts that have a place, as points with the radius of their error.

    Parameters
    ----------
    located : Located
    grid : Grid
        Whose CRS they are wanted in; posts beyond its bounds stay.
    text : {"stored", "none"}
        Whether their texts are written, as the input stores them.

    Raises
    ------
    DataError
        If a post's place has no coordinates in the CRS.
    """
    rows = np.flatnonzero(np.isfinite(located.latitude))
    x, y = from_lonlat(located.longitude[rows], located.latitude[rows], grid.crs)
    lost = np.flatnonzero(np.isnan(x))
    if lost.size:
        row = int(rows[lost[0]])
        raise DataError(
            f"writing posts: row {row + 1} at latitude {located.latitude[row]:g}, longitude "
            f"{located.longitude[row]:g} has no place in {grid.crs}",
            hint="leave out posts far from the map",
        )
    _, story = np.unique(located.story[rows], return_inverse=True)
    times = np.datetime_as_string(located.time[rows], unit="s")
    found = []
    for at, row in enumerate(rows.tolist()):
        properties = {
            "time": None if times[at] == "NaT" else f"{times[at]}Z",
            "water": int(located.water[row]),
            "says": {1: "water", -1: "no water"}.get(int(located.water[row]), "neither"),
            "probability": _number(located.probability[row]),
            "label": plain_text(located.label[row]),
            "severity_m": _number(located.severity_m[row]),
            "radius_m": _number(located.radius_m[row]),
            "place": plain_text(located.place[row]),
            "method": located.method[row],
            "why": plain_text(located.why[row]),
            "language": plain_text(located.language[row]),
            "story": int(story[at]),
        }
        if text != "none":
            properties["text"] = plain_text(located.text[row])
        found.append(Feature("post", (), (float(x[at]), float(y[at])), properties))
    return found


def to_rings(mask: NDArray[np.bool_], grid: Grid) -> tuple[tuple[Ring, ...], ...]:
    """Trace the edges of the marked cells.

    Cells that touch at a corner alone are two polygons. Outer rings run counter-clockwise and
    holes clockwise, as GeoJSON wants them.

    Raises
    ------
    MissingExtraError
        If rasterio is not installed.
    """
    features = require_extra("geo", "rasterio.features", what="tracing outlines")
    rasterio = require_extra("geo", "rasterio", what="tracing outlines")
    shapes = features.shapes(
        mask.astype(np.uint8), mask=mask, connectivity=4,
        transform=rasterio.Affine(*grid.transform),
    )  # fmt: skip
    return tuple(
        tuple(_turned(np.asarray(ring, dtype=np.float64), outer=number == 0)
              for number, ring in enumerate(shape["coordinates"]))
        for shape, _ in shapes
    )  # fmt: skip


def _outlines(
    values: NDArray[np.float32], grid: Grid, time: str, thresholds_m: Sequence[float]
) -> list[Feature]:
    dx, dy = cell_metres(grid)
    masks: list[tuple[str, float | None, NDArray[np.bool_]]] = [
        ("flood", float(t), np.nan_to_num(values) >= np.float32(t)) for t in thresholds_m
    ]
    masks.append(("unknown", None, np.isnan(values)))
    return [
        Feature(kind, to_rings(mask, grid), None, {
            "time": time or None, "threshold_m": threshold,
            "area_km2": float(mask.sum()) * dx * dy / 1e6,
        })
        for kind, threshold, mask in masks if mask.any()
    ]  # fmt: skip


def _turned(ring: Ring, *, outer: bool) -> Ring:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    doubled_area = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    return ring if (doubled_area > 0) == outer else ring[::-1]


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
