"""Which NIMROD fields are rain, and their values in mm h-1 or mm."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.units import canonical_unit, convert
from inundate.rain.nimrod_field import NimrodField
from inundate.rain.reader import reflectivity_to_rate

__all__ = ["Z_R", "not_rain", "quantity_of_field", "rain_scale", "rain_values"]

_RATE_CODES = (63, 213)
_DEPTH_CODES = (61, 214)  # 218 has the same unit and is snow
_MEMBER_SPREAD = -99
_MINIMUM, _MAXIMUM = 4096, 8192  # averaging flags
_PROBABILITY, _PERCENTILE = (1, 2, 4), 3  # threshold types
_MKS_RATE = 3.6e6  # m s-1 to mm h-1
Z_R = (200.0, 1.6)  # Marshall and Palmer (1948), only where a reflectivity was asked for


def not_rain(field: NimrodField) -> str | None:
    """Say why a field is not plain rain, or None if it is.

    Parameters
    ----------
    field : NimrodField
        Any field.

    Returns
    -------
    str or None
        Such as "a probability" or "unit m".
    """
    thresholds = (field.given("threshold"), field.given("threshold_2"))
    threshold = any(value is not None and value > 0 for value in thresholds)
    kind = field.whole("threshold_type")
    title = field.title.lower()
    if title.startswith("%") or (threshold and kind in _PROBABILITY):
        return "a probability"
    if threshold and kind == _PERCENTILE:
        return "a percentile"
    if field.whole("member") == _MEMBER_SPREAD:
        return "an ensemble spread"
    flags = max(field.whole("averaging"), 0)
    if flags & (_MINIMUM | _MAXIMUM):
        return "a minimum or maximum of its period"
    if quantity_of_field(field) is None:
        return f"unit {field.text('unit_text') or 'blank'}"
    named = any(word in title for word in ("rain", "precip")) and "snow" not in title
    if field.code not in (*_RATE_CODES, *_DEPTH_CODES) and (not named or field.code == 218):
        return f"code {field.code}"
    return None


def quantity_of_field(field: NimrodField) -> Literal["rate", "depth"] | None:
    """Tell a rain rate from an accumulation by the units text; None if it is neither."""
    base, _, _ = field.unit
    if not base and field.given("mks_scale"):
        codes: dict[int, Literal["rate", "depth"]] = {
            **dict.fromkeys(_RATE_CODES, "rate"),
            **dict.fromkeys(_DEPTH_CODES, "depth"),
        }
        return codes.get(field.code)
    try:
        unit = canonical_unit(base) if base else ""
    except DataError:
        return None
    if unit in ("mm", "kg m-2"):
        return "depth"
    return "rate" if unit in ("mm h-1", "mm s-1", "mm day-1", "kg m-2 s-1") else None


def rain_scale(field: NimrodField, *, trust_text: bool) -> tuple[float, float]:
    """Give scale and shift from stored values to mm h-1 or mm.

    Parameters
    ----------
    field : NimrodField
        A rate or an accumulation.
    trust_text : bool
        Believe the units text where the MKS scaling factor contradicts it.

    Raises
    ------
    DataError
        If the two contradict each other and the text is not to be trusted.
    """
    quantity = quantity_of_field(field)
    to_ours = _MKS_RATE if quantity == "rate" else 1.0  # the MKS unit of a depth is kg m-2 = mm
    mks, shift = field.given("mks_scale"), (field.given("mks_offset") or 0.0) * to_ours
    base, scale, _ = field.unit
    if not base:
        return float(mks or 1.0) * to_ours, shift
    scale *= convert(1.0, base, "mm h-1" if quantity == "rate" else "mm")
    if mks is None or mks in (0.0, 1.0):  # 0 and 1: not filled in
        return scale, 0.0
    if abs(mks * to_ours / scale - 1) <= 0.01:
        return scale, shift
    if trust_text:
        return scale, 0.0
    raise DataError(
        f"reading {field.where}: units text {field.text('unit_text')!r} makes one step "
        f"{scale:g} {'mm h-1' if quantity == 'rate' else 'mm'}, the MKS scaling factor "
        f"{mks:g} makes it {mks * to_ours:g}",
        hint=f"if the units text is right, ask for the field: --variable {field.name}",
    )


def rain_values(field: NimrodField, *, trust_text: bool) -> NDArray[np.float32]:
    """Give mm h-1 or mm, row 0 in the north; missing and negative values are NaN, (H, W)."""
    if field.unit[0] == "dBZ":
        return reflectivity_to_rate(field.values, *Z_R).astype(np.float32)
    scale, shift = rain_scale(field, trust_text=trust_text)
    found = field.north_up().astype(np.float64) * scale + shift
    # files of all years mark missing cells -1 as well as by the header's own missing value
    return np.where(field.missing | (found < 0), np.nan, found).astype(np.float32)
