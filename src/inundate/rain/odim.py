"""Reading ODIM HDF5 composites (OPERA, national composites): RATE, ACRR or DBZH.

The interval is the one that ``startdate … endtime`` of the data set state, and ``time`` is its
end; the nominal time of the product lies inside it. ``nodata`` becomes NaN, ``undetect`` 0.

Source
------
OPERA Data Information Model for HDF5, version 2.4 (EUMETNET OPERA, 2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inundate.core.grid import Grid, normalise_crs
from inundate.rain.hdf5 import attribute, is_hdf5, opened, text
from inundate.rain.reader import (
    FieldChoiceError,
    Request,
    Step,
    reflectivity_to_rate,
    time_ns,
)
from inundate.rain.source import Source, UnreadableError

__all__ = ["OdimReader"]

# In order of preference, with the unit that ODIM fixes for each.
_QUANTITIES: dict[str, tuple[Literal["rate", "depth"], str]] = {
    "RATE": ("rate", "mm h-1"),
    "ACRR": ("depth", "mm"),
    "DBZH": ("rate", "dBZ"),
}
_IMAGES = ("COMP", "IMAGE")
_Z_R = (200.0, 1.6)  # Marshall and Palmer (1948), where the file states no pair


class OdimReader:
    """ODIM HDF5, Cartesian composites and images."""

    name = "odim"
    title = "ODIM HDF5 composite"

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell by the Conventions attribute, or by the object type in ``what``."""
        if not is_hdf5(head):
            return False
        with opened(source) as file:
            if text(file.attrs.get("Conventions", "")).startswith("ODIM_H5"):
                return True
            return "what" in file and "object" in file["what"].attrs and "where" in file

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the intervals of a file; see :class:`~inundate.rain.reader.Reader`."""
        with opened(source) as file:
            kind = text(file["what"].attrs["object"])
            if kind not in _IMAGES:
                raise FieldChoiceError(
                    f"reading {source.label}: ODIM object {kind}, expected a composite "
                    f"({' or '.join(_IMAGES)})",
                    hint="polar scans have to be put on a grid first, with wradlib for example",
                )
            found = list(_quantities(file))
            chosen = _choose(found, request.variable, source.label)
            grid = _grid(file, request, source.label)
            return [
                _step(source, file, path, chosen, grid) for path, name in found if name == chosen
            ]


def _quantities(file: Any) -> Iterator[tuple[str, str]]:
    """Give path and quantity of every data group, in the order of their numbers."""
    for dataset in _numbered(file, "dataset"):
        for data in _numbered(file[dataset], "data"):
            path = f"{dataset}/{data}"
            yield path, text(_what(file, path, "quantity"))


def _numbered(group: Any, prefix: str) -> list[str]:
    names = [name for name in group if name.startswith(prefix) and name[len(prefix) :].isdigit()]
    return sorted(names, key=lambda name: int(name[len(prefix) :]))


def _what(file: Any, path: str, name: str) -> Any:
    """Look an attribute up in the data's own ``what``, then in the data set's, then the file's."""
    groups = (f"{path}/what", f"{path.partition('/')[0]}/what", "what")
    for group in groups:
        if group in file and name in file[group].attrs:
            return file[group].attrs[name]
    raise KeyError(f"no attribute {name} in {' or '.join(groups)}")


def _choose(found: list[tuple[str, str]], variable: str | None, label: str) -> str:
    names = list(dict.fromkeys(name for _, name in found))
    wanted = list(_QUANTITIES) if variable is None else [variable.upper()]
    for name in wanted:
        if name in names and name in _QUANTITIES:
            return name
    raise FieldChoiceError(
        f"reading {label}: found quantities {', '.join(names) or 'none'}, expected "
        f"{' or '.join(wanted)}",
        found=names,
        hint=f"rain can be made of {', '.join(_QUANTITIES)}",
    )


def _step(source: Source, file: Any, path: str, quantity: str, grid: Grid) -> Step:
    kind, unit = _QUANTITIES[quantity]
    start, end = (_moment(file, path, edge) for edge in ("start", "end"))
    attrs: dict[str, Any] = {}
    pair = _z_r(file, path)
    if quantity == "DBZH":
        attrs["z_r"] = f"Z = {pair[0]:g} R^{pair[1]:g}"
    return Step(
        end=end,
        start=start if start < end else None,
        grid=grid,
        quantity=kind,
        unit_found=unit,
        variable=quantity,
        load=partial(_load, source, path, quantity, pair),
        source=source.label,
        attrs=attrs,
    )


def _moment(file: Any, path: str, edge: str) -> np.datetime64:
    try:
        date, clock = (text(_what(file, path, f"{edge}{part}")) for part in ("date", "time"))
    except KeyError:  # an instantaneous image may give its nominal time only
        date, clock = (text(_what(file, path, part)) for part in ("date", "time"))
    digits = date + clock.ljust(6, "0")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 14):
        raise ValueError(f"{edge} of the interval is {date!r} {clock!r}, expected YYYYMMDD HHmmss")
    return time_ns(int(digits[:4]), *(int(digits[i : i + 2]) for i in range(4, 14, 2)))


def _z_r(file: Any, path: str) -> tuple[float, float]:
    """Give the Z-R pair that the file states in a ``how`` group, or the standard one."""
    for group in (f"{path}/how", f"{path.partition('/')[0]}/how", "how"):
        if group in file and {"zr_a", "zr_b"} <= set(file[group].attrs):
            how = file[group]
            return float(attribute(how, "zr_a")[0]), float(attribute(how, "zr_b")[0])
    return _Z_R


def _grid(file: Any, request: Request, label: str) -> Grid:
    """Give the grid: outer corners in ``where`` are projected and have to fit size and scale."""
    from pyproj import Transformer

    where = {**dict(file["where"].attrs)}
    if "dataset1/where" in file:
        where = {**dict(file["dataset1/where"].attrs), **where}
    crs = normalise_crs(_metric(text(where["projdef"])))
    width, height = (int(np.atleast_1d(where[name])[0]) for name in ("xsize", "ysize"))
    dx, dy = (abs(float(np.atleast_1d(where[name])[0])) for name in ("xscale", "yscale"))
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    corner = {
        name: transformer.transform(
            float(np.atleast_1d(where[f"{name}_lon"])[0]),
            float(np.atleast_1d(where[f"{name}_lat"])[0]),
        )
        for name in ("UL", "LL", "UR", "LR")
        if f"{name}_lon" in where
    }
    left, top = corner["UL"] if "UL" in corner else (corner["LL"][0], corner["UR"][1])
    right, bottom = corner["LR"] if "LR" in corner else (corner["UR"][0], corner["LL"][1])
    off = max(abs(right - left - width * dx) / dx, abs(top - bottom - height * dy) / dy)
    if not off < 0.5:
        raise UnreadableError(
            f"reading {label}: the corners are {right - left:.1f} x {top - bottom:.1f} apart, "
            f"size and scale make it {width * dx:.1f} x {height * dy:.1f}"
        )
    return Grid(crs, _tidy(left), _tidy(top), dx, dy, width, height)


def _metric(projection: str) -> str:
    """Leave out what some producers add and PROJ takes for a different thing."""
    return projection.replace("+type=crs", "").strip()


def _tidy(value: float) -> float:
    """Undo the rounding of geographic corners where a whole metre is meant."""
    return float(round(value)) if abs(value - round(value)) < 0.01 else value


def _load(
    source: Source, path: str, quantity: str, pair: tuple[float, float]
) -> NDArray[np.float32]:
    with opened(source) as file:
        raw = np.asarray(file[path]["data"][...])
        gain, offset, nodata, undetect = (
            float(np.atleast_1d(_what(file, path, name))[0])
            for name in ("gain", "offset", "nodata", "undetect")
        )
    nothing, dry = raw == nodata, raw == undetect
    values = np.where(nothing | dry, np.nan, raw.astype(np.float64)) * gain + offset
    if quantity == "DBZH":
        values = reflectivity_to_rate(values, *pair)
    return np.where(dry & ~nothing, 0.0, values).astype(np.float32)
