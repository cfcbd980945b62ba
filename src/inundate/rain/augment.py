"""More storms from one: shift, rotate, flip and scale, each on record.

The grid stays where it is and the pattern changes; what comes in from outside is missing.
To carry a storm to another place with its grid, use :func:`inundate.rain.move.move_rain`.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid
from inundate.rain.accumulate import rain_volume
from inundate.rain.array import check_metric, check_rain, make_rain, record
from inundate.rain.move import move_rain
from inundate.rain.regrid import Regridder
from inundate.rain.steps import check_times

__all__ = ["augment_rain", "flip_rain", "rotate_rain", "scale_rain", "shift_rain"]

_ON_CENTRE = 1e-9  # share of a cell within which a point is on a cell's centre


def augment_rain(
    rain: xr.DataArray,
    *,
    scale: float | None = None,
    flip: Literal["x", "y"] | None = None,
    rotate_deg: float | None = None,
    shift_m: tuple[float, float] | None = None,
    move_to: tuple[float, float] | None = None,
    crs: str | None = None,
    anchor: Literal["grid", "rain"] = "grid",
) -> xr.DataArray:
    """Scale, flip, rotate, shift and move a storm, in this order; each only when given.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Any storm.
    scale : float, optional
        See :func:`scale_rain`.
    flip : {"x", "y"}, optional
        See :func:`flip_rain`.
    rotate_deg : float, optional
        See :func:`rotate_rain`.
    shift_m : tuple of float, optional
        East and north, see :func:`shift_rain`.
    move_to : tuple of float, optional
        With ``crs`` and ``anchor``: see :func:`inundate.rain.move.move_rain`.
    crs, anchor
        Belong to ``move_to``.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    ConfigError
        If nothing is to be done, ``crs`` comes without ``move_to``, or a value is wrong.
    """
    if all(value is None for value in (scale, flip, rotate_deg, shift_m, move_to)):
        raise ConfigError(
            "augmenting rain: found nothing to do, expected at least one of scale, flip, "
            "rotate_deg, shift_m, move_to"
        )
    if crs is not None and move_to is None:
        raise ConfigError(f"augmenting rain: crs = {crs!r} without move_to, expected both")
    found = rain
    if scale is not None:
        found = scale_rain(found, scale)
    if flip is not None:
        found = flip_rain(found, flip)
    if rotate_deg is not None:
        found = rotate_rain(found, rotate_deg)
    if shift_m is not None:
        found = shift_rain(found, dx_m=shift_m[0], dy_m=shift_m[1])
    if move_to is not None:
        found = move_rain(found, to=move_to, crs=crs, anchor=anchor)
    return found


def scale_rain(rain: xr.DataArray, factor: float) -> xr.DataArray:
    """Multiply every rate.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Any storm.
    factor : float
        Above 0.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        ``scaled_by`` holds the product of all factors so far.

    Raises
    ------
    ConfigError
        If the factor is not above 0.
    """
    if not (factor > 0 and math.isfinite(factor)):
        raise ConfigError(f"scaling rain: factor is {factor:g}, expected above 0")
    check_rain(rain, where="scaling rain", values=False)
    found = rain.copy(data=rain.to_numpy() * np.float32(factor))
    found.attrs["scaled_by"] = float(rain.attrs.get("scaled_by", 1.0)) * factor
    return record(found, "scale_rain", factor=float(factor))


def flip_rain(rain: xr.DataArray, axis: Literal["x", "y"]) -> xr.DataArray:
    """Mirror the pattern within its grid.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Any storm.
    axis : {"x", "y"}
        "x" swaps west and east, "y" swaps north and south.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    ConfigError
        If the axis is neither.
    """
    if axis not in ("x", "y"):
        raise ConfigError(f"flipping rain: axis is {axis!r}, expected 'x' or 'y'")
    check_rain(rain, where="flipping rain", values=False)
    values = rain.to_numpy()
    mirrored = values[:, :, ::-1] if axis == "x" else values[:, ::-1, :]
    return record(rain.copy(data=mirrored.copy()), "flip_rain", axis=axis)


def shift_rain(
    rain: xr.DataArray, *, dx_m: float = 0.0, dy_m: float = 0.0, min_cover: float = 1.0
) -> xr.DataArray:
    """Shift the pattern within its grid, by area where cells do not fall on cells.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on a grid in metres.
    dx_m, dy_m : float
        Eastwards and northwards, metres.
    min_cover : float
        See :class:`inundate.rain.regrid.Regridder`.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        Missing where nothing is known to come in; ``volume_ratio`` in the history.

    Raises
    ------
    ConfigError
        If the storm is shifted off its grid, or a number is not finite.
    GridError
        If the grid is not in metres.
    """
    where = "shifting rain"
    grid = check_metric(check_rain(rain, where=where, values=False), where=where)
    if not (abs(dx_m) < grid.right - grid.left and abs(dy_m) < grid.top - grid.bottom):
        raise ConfigError(
            f"{where}: by ({dx_m:g}, {dy_m:g}) m, expected less than the grid of "
            f"{grid.right - grid.left:g} x {grid.top - grid.bottom:g} m",
            hint="to carry a storm with its grid to another place, move it",
        )
    moved = Grid(
        grid.crs, grid.left + dx_m, grid.top + dy_m, grid.dx, grid.dy, grid.width, grid.height
    )
    regridder = Regridder(moved, grid, min_cover=min_cover)
    values = np.stack([regridder(frame) for frame in rain.to_numpy()])
    found = make_rain(values, check_times(rain), grid, step_s=None, attrs=rain.attrs)
    details = {"by_m": [float(dx_m), float(dy_m)], "volume_ratio": _ratio(found, rain)}
    return record(found, "shift_rain", **details)


def rotate_rain(
    rain: xr.DataArray, angle_deg: float, *, centre: tuple[float, float] | None = None
) -> xr.DataArray:
    """Turn the pattern about a point within its grid, bilinearly between cell centres.

    Quarter turns about a grid's own centre are exact where its cells are square. Others
    smooth peaks a little and lose what leaves the grid: the history holds the ratio of
    volumes.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on a grid in metres.
    angle_deg : float
        Anticlockwise on the map, degrees.
    centre : tuple of float, optional
        In the CRS of the rain; by default the middle of the grid.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        Missing where any of the cells that count is missing or outside.

    Raises
    ------
    ConfigError
        If the angle is not finite.
    GridError
        If the grid is not in metres.
    """
    where = "rotating rain"
    if not math.isfinite(angle_deg):
        raise ConfigError(f"{where}: angle_deg is {angle_deg}, expected degrees")
    grid = check_metric(check_rain(rain, where=where, values=False), where=where)
    about = centre or ((grid.left + grid.right) / 2, (grid.bottom + grid.top) / 2)
    row, col = _turned_places(grid, angle_deg, about)
    values = np.stack([_bilinear(frame, row, col) for frame in rain.to_numpy()])
    found = rain.copy(data=values)
    details = {"angle_deg": float(angle_deg), "centre": list(about)}
    return record(found, "rotate_rain", **details, volume_ratio=_ratio(found, rain))


def _turned_places(
    grid: Grid, angle_deg: float, about: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give row and column (H, W), in cells, that each cell centre comes from."""
    cosine, sine = _cos_sin(angle_deg)
    east = grid.x[None, :] - about[0]
    north = grid.y[:, None] - about[1]
    from_x = about[0] + cosine * east + sine * north  # the turn backwards
    from_y = about[1] - sine * east + cosine * north
    return (grid.top - from_y) / grid.dy - 0.5, (from_x - grid.left) / grid.dx - 0.5


def _cos_sin(angle_deg: float) -> tuple[float, float]:
    quarters, rest = divmod(angle_deg, 90.0)
    if rest == 0:  # exact, where cos(pi / 2) is 6e-17
        return [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][int(quarters) % 4]
    return math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))


def _bilinear(
    frame: NDArray[np.float32], row: NDArray[np.float64], col: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Interpolate a frame at places (H, W) given in cells; NaN where a weighted cell is."""
    height, width = frame.shape
    upper, left = np.floor(row + _ON_CENTRE), np.floor(col + _ON_CENTRE)
    down, right = np.maximum(row - upper, 0.0), np.maximum(col - left, 0.0)
    found = np.zeros(row.shape)
    for step_down in (0, 1):
        for step_right in (0, 1):
            weight = (down if step_down else 1 - down) * (right if step_right else 1 - right)
            at_row, at_col = (upper + step_down).astype(int), (left + step_right).astype(int)
            inside = (at_row >= 0) & (at_row < height) & (at_col >= 0) & (at_col < width)
            value = np.full(row.shape, np.nan)
            value[inside] = frame[at_row[inside], at_col[inside]]
            found += np.where(weight > _ON_CENTRE, weight * value, 0.0)
    return found.astype(np.float32)


def _ratio(after: xr.DataArray, before: xr.DataArray) -> float | None:
    volume = rain_volume(before)
    return rain_volume(after) / volume if volume > 0 else None
