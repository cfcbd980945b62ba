"""The one grid that travels with every raster: CRS, place, resolution, orientation.

Row 0 is the northern edge, ``y`` descends, coordinates are cell centres. Two rasters meet
only if their grids are the same, and the message says how they differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import GridError

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "Bounds",
    "Grid",
    "attach_grid",
    "check_metric_square",
    "check_same_grid",
    "from_lonlat",
    "grid_of",
    "normalise_crs",
    "transform_bounds",
]

Bounds = tuple[float, float, float, float]  # left, bottom, right, top
Data = TypeVar("Data", "xr.DataArray", "xr.Dataset")

_TOLERANCE = 1e-6  # share of a cell within which two edges are the same


@lru_cache(maxsize=64)
def normalise_crs(crs: str) -> str:
    """Give ``AUTHORITY:CODE`` where one is known, else WKT.

    Raises
    ------
    GridError
        If the text is empty or not a CRS.

    Examples
    --------
    >>> normalise_crs("epsg:27700")
    'EPSG:27700'
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if not crs or not crs.strip():
        raise GridError(
            "a raster has no coordinate reference system",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid",
        )
    try:
        parsed = CRS.from_user_input(crs)
    except CRSError as error:
        raise GridError(
            f"{crs[:80]!r} is not a coordinate reference system",
            hint="give an EPSG code such as EPSG:27700, a PROJ string or WKT",
        ) from error
    authority = parsed.to_authority(min_confidence=100)
    return ":".join(authority) if authority else str(parsed.to_wkt())


@lru_cache(maxsize=64)
def _crs_wkt(crs: str) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(crs).to_wkt())


@lru_cache(maxsize=256)
def _same_crs(first: str, second: str) -> bool:
    if first == second:
        return True
    from pyproj import CRS

    return bool(CRS.from_user_input(first).equals(CRS.from_user_input(second), True))


@dataclass(frozen=True)
class Grid:
    """A regular north-up grid.

    Attributes
    ----------
    crs : str
        Normalised coordinate reference system.
    left, top : float
        Outer edges of the north-west cell, in CRS units.
    dx, dy : float
        Cell size, both positive, in CRS units.
    width, height : int
        Number of columns and rows.

    Raises
    ------
    GridError
        If the CRS is unknown or the shape or cell size is not positive.

    Examples
    --------
    >>> grid = Grid("EPSG:27700", 400000, 410000, 50, 50, 200, 100)
    >>> grid.bounds
    (400000.0, 405000.0, 410000.0, 410000.0)
    """

    crs: str
    left: float
    top: float
    dx: float
    dy: float
    width: int
    height: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "crs", normalise_crs(self.crs))
        for name in ("left", "top", "dx", "dy"):
            object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("width", "height"):
            object.__setattr__(self, name, int(getattr(self, name)))
        edges = (self.left, self.top, self.dx, self.dy)
        if not all(np.isfinite(edges)) or self.dx <= 0 or self.dy <= 0:
            raise GridError(
                f"cell size {self.dx:g} x {self.dy:g} at ({self.left:g}, {self.top:g}), "
                "expected finite and positive"
            )
        if self.width < 1 or self.height < 1:
            raise GridError(f"grid of {self.height} x {self.width} cells, expected at least 1 x 1")

    @property
    def x(self) -> NDArray[np.float64]:
        """Cell centres from west to east, (W,)."""
        return self.left + self.dx * (np.arange(self.width, dtype=np.float64) + 0.5)

    @property
    def y(self) -> NDArray[np.float64]:
        """Cell centres from north to south, (H,)."""
        return self.top - self.dy * (np.arange(self.height, dtype=np.float64) + 0.5)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.height, self.width)

    @property
    def right(self) -> float:
        """Eastern edge."""
        return self.left + self.dx * self.width

    @property
    def bottom(self) -> float:
        """Southern edge."""
        return self.top - self.dy * self.height

    @property
    def bounds(self) -> Bounds:
        """Outer edges: left, bottom, right, top."""
        return (self.left, self.bottom, self.right, self.top)

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients a, b, c, d, e, f of (column, row) to (x, y)."""
        return (self.dx, 0.0, self.left, 0.0, -self.dy, self.top)

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """The same in GDAL's order."""
        return (self.left, self.dx, 0.0, self.top, 0.0, -self.dy)

    @property
    def wkt(self) -> str:
        """CRS as WKT."""
        return _crs_wkt(self.crs)

    @property
    def is_metric(self) -> bool:
        """True if both axes are in metres."""
        from pyproj import CRS

        axes = CRS.from_user_input(self.crs).axis_info
        return bool(axes) and all(axis.unit_name in ("metre", "meter") for axis in axes[:2])

    @property
    def is_square(self) -> bool:
        """True if cells are as wide as high."""
        return abs(self.dx - self.dy) <= 1e-6 * self.dx

    def same_as(self, other: Grid, tol: float = _TOLERANCE) -> bool:
        """Tell if CRS, shape and edges agree within a share ``tol`` of a cell."""
        return not self.differences(other, tol)

    def differences(self, other: Grid, tol: float = _TOLERANCE) -> list[str]:
        """Name what differs: any of "crs", "cell size", "shape", "position"."""
        found = []
        if not _same_crs(self.crs, other.crs):
            found.append("crs")
        size_tol = tol * self.dx / max(self.width, self.height)
        if abs(self.dx - other.dx) > size_tol or abs(self.dy - other.dy) > size_tol:
            found.append("cell size")
        if self.shape != other.shape:
            found.append("shape")
        if abs(self.left - other.left) > tol * self.dx or abs(self.top - other.top) > tol * self.dy:
            found.append("position")
        return found

    def crop(self, bounds: Bounds) -> tuple[Grid, tuple[slice, slice]]:
        """Keep the cells whose centre lies inside a box.

        Parameters
        ----------
        bounds : tuple
            Left, bottom, right, top in this grid's CRS.

        Returns
        -------
        Grid, (row slice, column slice)

        Raises
        ------
        GridError
            If no cell is inside.
        """
        left, bottom, right, top = bounds
        cols = np.flatnonzero((self.x >= left) & (self.x <= right))
        rows = np.flatnonzero((self.y >= bottom) & (self.y <= top))
        if not cols.size or not rows.size:
            raise GridError(
                f"box ({left:g}, {bottom:g}, {right:g}, {top:g}) holds no cell of "
                f"{self.describe()}",
                hint="a box is left, bottom, right, top in the raster's own CRS",
            )
        window = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1))
        return self.window(*window), window

    def window(self, rows: slice, cols: slice) -> Grid:
        """Give the grid of a block of rows and columns."""
        r0, r1, _ = rows.indices(self.height)
        c0, c1, _ = cols.indices(self.width)
        return Grid(
            self.crs,
            self.left + c0 * self.dx,
            self.top - r0 * self.dy,
            self.dx,
            self.dy,
            c1 - c0,
            r1 - r0,
        )

    def coarsen(self, factor: int) -> Grid:
        """Give the grid of blocks of ``factor`` x ``factor`` cells; edges may overhang."""
        return Grid(
            self.crs,
            self.left,
            self.top,
            self.dx * factor,
            self.dy * factor,
            -(-self.width // factor),
            -(-self.height // factor),
        )

    def describe(self) -> str:
        """One line as error messages show it."""
        crs = self.crs if len(self.crs) < 24 else _crs_name(self.crs)
        size = f"{self.dx:g}" if self.is_square else f"{self.dx:g} x {self.dy:g}"
        unit = "m" if self.is_metric else "CRS units"
        return (
            f"{crs}, {size} {unit}, {self.height} x {self.width}, "
            f"top-left ({self.left:.10g}, {self.top:.10g})"
        )


@lru_cache(maxsize=64)
def _crs_name(crs: str) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(crs).name)


def attach_grid(data: Data, grid: Grid) -> Data:
    """Give an array or data set the coordinates and CRS of a grid.

    Parameters
    ----------
    data : DataArray or Dataset
        With dimensions ``y`` and ``x`` of the grid's shape.
    grid : Grid
        Where the cells lie.

    Returns
    -------
    DataArray or Dataset
        A new object of the same kind with ``x``, ``y`` and ``spatial_ref``.

    Raises
    ------
    GridError
        If the shape differs.
    """
    import xarray as xr

    if data.sizes.get("y") != grid.height or data.sizes.get("x") != grid.width:
        raise GridError(
            f"array of {dict(data.sizes)} does not fit a grid of {grid.height} x {grid.width}"
        )
    spatial_ref = xr.Variable((), np.int64(0), _grid_attrs(grid))
    found = data.assign_coords(
        x=("x", grid.x, _axis_attrs("x", grid)),
        y=("y", grid.y, _axis_attrs("y", grid)),
        spatial_ref=spatial_ref,
    )
    arrays = [found] if isinstance(found, xr.DataArray) else list(found.data_vars.values())
    for array in arrays:
        if "y" in array.dims and "x" in array.dims:
            array.attrs["grid_mapping"] = "spatial_ref"
            array.encoding.pop("grid_mapping", None)
    return found


def _grid_attrs(grid: Grid) -> dict[str, Any]:
    return {
        "crs_wkt": grid.wkt,
        "spatial_ref": grid.wkt,
        "crs": grid.crs,
        "GeoTransform": " ".join(f"{value:.17g}" for value in grid.geotransform),
    }


def _axis_attrs(axis: str, grid: Grid) -> dict[str, str]:
    if grid.is_metric:
        return {
            "standard_name": f"projection_{axis}_coordinate",
            "units": "m",
            "axis": axis.upper(),
        }
    name = {"x": "longitude", "y": "latitude"}[axis]
    unit = {"x": "degrees_east", "y": "degrees_north"}[axis]
    return {"standard_name": name, "units": unit, "axis": axis.upper()}


def grid_of(data: xr.DataArray | xr.Dataset, *, where: str = "") -> Grid:
    """Read the grid that an array carries.

    Parameters
    ----------
    data : DataArray or Dataset
        With evenly spaced ``x`` and descending ``y`` and a CRS in ``spatial_ref``.
    where : str
        What is being done, put in front of a message.

    Raises
    ------
    GridError
        If there is no CRS, no coordinates, or they are uneven or upside down.
    """
    prefix = f"{where}: " if where else ""
    for axis in ("x", "y"):
        if axis not in data.coords:
            raise GridError(f"{prefix}the array has no coordinate {axis!r}")
    crs = ""
    geotransform = None
    if "spatial_ref" in data.coords:
        attrs = data.coords["spatial_ref"].attrs
        crs = str(attrs.get("crs") or attrs.get("crs_wkt") or attrs.get("spatial_ref") or "")
        geotransform = attrs.get("GeoTransform")
    if not crs:
        raise GridError(
            f"{prefix}the raster has no coordinate reference system",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid",
        )
    x = np.asarray(data.coords["x"].values, dtype=np.float64)
    y = np.asarray(data.coords["y"].values, dtype=np.float64)
    fallback = [float(v) for v in str(geotransform).split()] if geotransform else None
    dx = _spacing(x, "x", prefix, fallback[1] if fallback else None)
    dy = -_spacing(y, "y", prefix, fallback[5] if fallback else None)
    if dx <= 0 or dy <= 0:
        upside = "y ascends (row 0 is south)" if dy <= 0 else "x descends (column 0 is east)"
        raise GridError(
            f"{prefix}{upside}, expected row 0 in the north and column 0 in the west",
            hint="flip it with data.sortby('y', ascending=False).sortby('x')",
        )
    return Grid(crs, x[0] - dx / 2, y[0] + dy / 2, dx, dy, x.size, y.size)


def _spacing(values: NDArray[np.float64], axis: str, prefix: str, fallback: float | None) -> float:
    if values.size < 2:
        if fallback is None:
            raise GridError(f"{prefix}one cell along {axis!r} and no GeoTransform: size unknown")
        return fallback
    step = float(values[-1] - values[0]) / (values.size - 1)
    uneven = float(np.max(np.abs(np.diff(values) - step)))
    # float32 coordinates of a national grid round by up to 0.1 m; more is a real unevenness
    if step == 0 or uneven > max(
        1e-3 * abs(step), 4 * float(np.spacing(np.float32(abs(values).max())))
    ):
        raise GridError(
            f"{prefix}{axis!r} is not evenly spaced: steps differ by up to {uneven:g} from {step:g}"
        )
    return step


def check_same_grid(
    first: xr.DataArray | xr.Dataset | Grid,
    second: xr.DataArray | xr.Dataset | Grid,
    first_name: str = "first",
    second_name: str = "second",
    *,
    hint: str | None = None,
) -> Grid:
    """Give the grid that two rasters share.

    Raises
    ------
    GridError
        If they differ; both grids and what differs are shown.
    """
    a = first if isinstance(first, Grid) else grid_of(first, where=first_name)
    b = second if isinstance(second, Grid) else grid_of(second, where=second_name)
    different = a.differences(b)
    if different:
        width = max(len(first_name), len(second_name)) + 2
        raise GridError(
            f"{first_name} and {second_name} do not share a grid: "
            f"{', '.join(different)} differ\n"
            f"  {first_name:<{width}}{a.describe()}\n"
            f"  {second_name:<{width}}{b.describe()}",
            hint=hint,
        )
    return a


def transform_bounds(bounds: Bounds, from_crs: str, to_crs: str) -> Bounds:
    """Give the box in another CRS that holds a box, edges densified.

    Raises
    ------
    GridError
        If a CRS is unknown or the box cannot be projected.
    """
    source, target = normalise_crs(from_crs), normalise_crs(to_crs)
    left, bottom, right, top = bounds
    if not (left < right and bottom < top):
        raise GridError(
            f"box ({left:g}, {bottom:g}, {right:g}, {top:g}) is empty or turned round",
            hint="a box is left, bottom, right, top",
        )
    if _same_crs(source, target):
        return bounds
    from pyproj import Transformer

    transformer = Transformer.from_crs(source, target, always_xy=True)
    found = transformer.transform_bounds(left, bottom, right, top, densify_pts=21)
    if not np.all(np.isfinite(found)):
        raise GridError(
            f"box ({left:g}, {bottom:g}, {right:g}, {top:g}) of {from_crs} has no place in {to_crs}"
        )
    return (float(found[0]), float(found[1]), float(found[2]), float(found[3]))


def from_lonlat(
    lon: NDArray[np.float64], lat: NDArray[np.float64], crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn WGS 84 degrees, east and north, into coordinates of a CRS; NaN where it has none.

    Examples
    --------
    >>> x, y = from_lonlat(np.array([-2.0, np.nan]), np.array([49.0, 51.0]), "EPSG:27700")
    >>> x.round(-3), np.isnan(y).tolist()
    (array([400000.,     nan]), [False, True])
    """
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    return np.where(known, x, np.nan), np.where(known, y, np.nan)


def check_metric_square(grid: Grid, *, where: str) -> float:
    """Give the cell size in metres of a grid that a solver can use.

    Raises
    ------
    GridError
        If the CRS is not in metres or the cells are not square.
    """
    if not grid.is_metric:
        raise GridError(
            f"{where}: the terrain is in degrees or feet ({grid.describe()}), expected metres",
            hint="inundate terrain crop DEM --to-metric -o dem_metric.tif",
        )
    if not grid.is_square:
        raise GridError(
            f"{where}: cells are {grid.dx:g} x {grid.dy:g} m, expected square cells",
            hint="inundate terrain crop DEM --to-metric -o dem_metric.tif",
        )
    return grid.dx
