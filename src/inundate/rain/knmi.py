"""Reading KNMI HDF5 radar images: accumulations, or reflectivity with its Z-R pair.

Source
------
KNMI HDF5 Data Format Specification 3.5, Roozekrans and Holleman (2003).
"""

from __future__ import annotations

import re
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
from inundate.rain.source import Source

__all__ = ["KnmiReader"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_Z_R = (200.0, 1.6)  # used by KNMI for its precipitation products
_EARTH_KM = 10_000.0  # an axis below this is given in kilometres


class KnmiReader:
    """KNMI HDF5 image files."""

    name = "knmi"
    title = "KNMI HDF5"

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell by the groups ``overview``, ``geographic`` and ``image1``."""
        if not is_hdf5(head):
            return False
        with opened(source) as file:
            return all(name in file for name in ("overview", "geographic", "image1"))

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the one interval of a file; see :class:`~inundate.rain.reader.Reader`."""
        with opened(source) as file:
            image, parameter = _choose(file, request.variable, source.label)
            kind = _kind(parameter)
            overview = file["overview"].attrs
            start, end = (
                _moment(text(overview[f"product_datetime_{edge}"])) for edge in ("start", "end")
            )
            grid = _grid(file)
        reflectivity = "DBZ" in parameter.upper()
        return [
            Step(
                end=end,
                start=start if start < end else None,
                grid=grid,
                quantity=kind,
                unit_found="dBZ"
                if reflectivity
                else parameter.partition("[")[2].strip("] ").lower(),
                variable=parameter.partition("_[")[0],
                load=partial(_load, source, image, reflectivity),
                source=source.label,
                attrs={"z_r": f"Z = {_Z_R[0]:g} R^{_Z_R[1]:g}"} if reflectivity else {},
            )
        ]


def _choose(file: Any, variable: str | None, label: str) -> tuple[str, str]:
    """Give the image that is rain, or the one asked for, and its geo parameter."""
    images = {
        name: text(file[name].attrs["image_geo_parameter"])
        for name in file
        if re.fullmatch(r"image\d+", name)
    }
    if variable is None:
        chosen = [name for name, what in images.items() if "PRECIPITATION" in what.upper()]
    else:
        asked = variable.upper()
        chosen = [n for n, what in images.items() if asked in (n.upper(), what.partition("_[")[0])]
    chosen = [name for name in chosen if _kind(images[name], strict=False)]
    if len(chosen) == 1:
        return chosen[0], images[chosen[0]]
    raise FieldChoiceError(
        f"reading {label}: expected one image of precipitation, found "
        + "; ".join(f"{name}: {what}" for name, what in images.items()),
        found=list(images),
        hint="choose one by --variable, such as image1",
    )


def _kind(parameter: str, *, strict: bool = True) -> Any:
    unit = parameter.upper().partition("[")[2].strip("] ")
    kinds: dict[str, Literal["rate", "depth"]] = {
        "MM": "depth", "MM/H": "rate", "MM/HR": "rate", "MM/HOUR": "rate", "DBZ": "rate",
    }  # fmt: skip
    if strict and unit not in kinds:
        raise ValueError(f"image_geo_parameter is {parameter!r}, expected mm, mm/h or dBZ")
    return kinds.get(unit)


def _moment(stamp: str) -> np.datetime64:
    """Read ``26-AUG-2010;00:05:00.000``, without the locale's month names."""
    match = re.fullmatch(
        r"(\d+)-([A-Z]{3})-(\d{4});(\d+):(\d+):(\d+)(?:\.(\d{1,3}))?", stamp.upper()
    )
    if not match or match[2] not in _MONTHS:
        raise ValueError(f"time {stamp!r}, expected DD-MON-YYYY;HH:MM:SS.000")
    clock = (int(match[i]) for i in (4, 5, 6))
    return time_ns(int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]), *clock)


def _grid(file: Any) -> Grid:
    geographic = file["geographic"]
    number = {
        name: float(attribute(geographic, f"geo_{name}")[0])
        for name in (
            "column_offset", "row_offset", "number_columns", "number_rows",
            "pixel_size_x", "pixel_size_y",
        )
    }  # fmt: skip
    mapping = geographic["map_projection"].attrs
    projection, in_km = _projection(text(mapping["projection_proj4_params"]))
    if "geo_dim_pixel" in geographic.attrs:
        in_km = text(geographic.attrs["geo_dim_pixel"]).upper().startswith("KM")
    unit = 1000.0 if in_km else 1.0
    dx, dy = abs(number["pixel_size_x"]) * unit, abs(number["pixel_size_y"]) * unit
    left = number["column_offset"] * number["pixel_size_x"] * unit
    edge = number["row_offset"] * number["pixel_size_y"] * unit
    height, width = int(number["number_rows"]), int(number["number_columns"])
    if number["pixel_size_y"] > 0:
        raise ValueError("rows run northwards (geo_pixel_size_y > 0), expected southwards")
    return Grid(normalise_crs(projection), left, edge, dx, dy, width, height)


def _projection(proj4: str) -> tuple[str, bool]:
    """Give the projection in metres, and whether the file counts in kilometres."""
    proj4 = re.sub(r"(^|\s)([xy]_0=)", r"\1+\2", proj4)  # some files lack the plus
    axes = re.findall(r"\+[ab]=([\d.]+)", proj4)
    in_km = any(float(axis) < _EARTH_KM for axis in axes)
    if in_km:
        proj4 = re.sub(
            r"\+([abxy](?:_0)?)=(-?[\d.]+)", lambda m: f"+{m[1]}={float(m[2]) * 1000:.10g}", proj4
        )
    return proj4 + " +units=m", in_km


def _load(source: Source, image: str, reflectivity: bool) -> NDArray[np.float32]:
    with opened(source) as file:
        group = file[image]
        raw = np.asarray(group["image_data"][...])
        calibration = group["calibration"].attrs
        gain, shift = _formula(text(calibration["calibration_formulas"]))
        gaps = [
            float(np.atleast_1d(calibration[name])[0])
            for name in ("calibration_missing_data", "calibration_out_of_image")
            if name in calibration
        ]
    values = raw.astype(np.float64) * gain + shift
    if reflectivity:
        values = np.where(raw == 0, 0.0, reflectivity_to_rate(values, *_Z_R))  # 0: no echo
    return np.where(np.isin(raw, gaps), np.nan, values).astype(np.float32)


def _formula(formula: str) -> tuple[float, float]:
    """Read ``GEO=0.01*PV+0.0``."""
    number = r"([-+]?[\d.]+(?:[eE][-+]?\d+)?)"
    match = re.fullmatch(rf"GEO={number}\*PV({number})?", formula.replace(" ", "").upper())
    if not match:
        raise ValueError(f"calibration formula {formula!r}, expected GEO=a*PV+b")
    return float(match[1]), float(match[2] or 0.0)
