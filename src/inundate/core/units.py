"""A small table of the units of rain, depth and flow, and exact conversion between them."""

from __future__ import annotations

import re
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, nearest

__all__ = ["UNITS", "canonical_unit", "convert"]

# unit -> (dimension, factor to the unit of that dimension whose factor is 1)
UNITS: dict[str, tuple[str, float]] = {
    "mm h-1": ("rain rate", 1.0),
    "kg m-2 s-1": ("rain rate", 3600.0),  # 1 kg m-2 of water is 1 mm
    "m s-1": ("rain rate", 3.6e6),
    "mm s-1": ("rain rate", 3600.0),
    "mm day-1": ("rain rate", 1.0 / 24.0),
    "cm h-1": ("rain rate", 10.0),
    "in h-1": ("rain rate", 25.4),
    "mm": ("length", 1e-3),
    "kg m-2": ("length", 1e-3),  # as a depth of water
    "cm": ("length", 1e-2),
    "m": ("length", 1.0),
    "km": ("length", 1e3),
    "ft": ("length", 0.3048),
    "in": ("length", 0.0254),
    "s": ("time", 1.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "day": ("time", 86400.0),
    "m2 s-1": ("unit discharge", 1.0),
    "m3 s-1": ("discharge", 1.0),
    "m3": ("volume", 1.0),
    "s m-1/3": ("roughness", 1.0),
    "dBZ": ("reflectivity", 1.0),
    "1": ("fraction", 1.0),
    "%": ("fraction", 0.01),
}

_SPELLINGS = {
    "mm/h": "mm h-1",
    "mm/hr": "mm h-1",
    "mm/hour": "mm h-1",
    "mmh-1": "mm h-1",
    "mm.h-1": "mm h-1",
    "mm*h-1": "mm h-1",
    "mmperhour": "mm h-1",
    "mmhr-1": "mm h-1",
    "mm/s": "mm s-1",
    "mm/day": "mm day-1",
    "mm/d": "mm day-1",
    "mmd-1": "mm day-1",
    "cm/h": "cm h-1",
    "in/h": "in h-1",
    "in/hr": "in h-1",
    "kg/m2/s": "kg m-2 s-1",
    "kg/(m2s)": "kg m-2 s-1",
    "kgm-2s-1": "kg m-2 s-1",
    "kg/m2": "kg m-2",
    "kgm-2": "kg m-2",
    "m/s": "m s-1",
    "ms-1": "m s-1",
    "m2/s": "m2 s-1",
    "m3/s": "m3 s-1",
    "millimetre": "mm",
    "millimeter": "mm",
    "millimetres": "mm",
    "millimeters": "mm",
    "metre": "m",
    "meter": "m",
    "metres": "m",
    "meters": "m",
    "foot": "ft",
    "feet": "ft",
    "dbz": "dBZ",
    "percent": "%",
    "": "1",
}

Values = TypeVar("Values", float, NDArray[np.float32], NDArray[np.float64])


def canonical_unit(text: str) -> str:
    """Give the one spelling that this package stores for a unit.

    Raises
    ------
    DataError
        If the unit is not in the table; the message lists what is.

    Examples
    --------
    >>> canonical_unit("mm/hr"), canonical_unit("mm h^-1"), canonical_unit("kg m**-2 s**-1")
    ('mm h-1', 'mm h-1', 'kg m-2 s-1')
    """
    stripped = text.strip()
    if stripped in UNITS:
        return stripped
    compact = re.sub(r"[\s_]+", "", stripped.replace("**", "").replace("^", ""))
    compact = compact.replace("·", "").replace("⁻¹", "-1").replace("⁻²", "-2")
    for key in (compact, compact.lower()):
        if key in _SPELLINGS:
            return _SPELLINGS[key]
    by_compact = {unit.replace(" ", "").lower(): unit for unit in UNITS}
    if compact.lower() in by_compact:
        return by_compact[compact.lower()]
    close = nearest(stripped, UNITS)
    raise DataError(
        f"unit {text!r} is not known; expected one of {', '.join(UNITS)}",
        hint=f"did you mean {close!r}?" if close else "convert the data to one of these units",
    )


def convert(values: Values, from_unit: str, to_unit: str) -> Values:
    """Convert values between two units of the same dimension.

    Parameters
    ----------
    values : float or array
        Numbers in ``from_unit``; NaN stays NaN.
    from_unit, to_unit : str
        Any spelling that :func:`canonical_unit` knows.

    Raises
    ------
    DataError
        If a unit is unknown or the two measure different things.

    Examples
    --------
    >>> convert(1.0, "kg m-2 s-1", "mm/h")
    3600.0
    """
    source, target = canonical_unit(from_unit), canonical_unit(to_unit)
    source_dimension, source_factor = UNITS[source]
    target_dimension, target_factor = UNITS[target]
    if source_dimension != target_dimension:
        raise DataError(
            f"cannot convert {source!r} ({source_dimension}) to {target!r} ({target_dimension})",
            hint="an accumulation becomes a rate only with its interval: give time bounds"
            if {source_dimension, target_dimension} == {"length", "rain rate"}
            else None,
        )
    if source == target:
        return values
    return values * (source_factor / target_factor)
