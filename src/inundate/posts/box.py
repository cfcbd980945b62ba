"""A box on the globe, as settings hold it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

__all__ = ["LonLatBox"]


def _checked(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = box
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError("expected west < east in -180..180 and south < north in -90..90")
    return box


LonLatBox = Annotated[tuple[float, float, float, float], AfterValidator(_checked)]
"""West, south, east, north in degrees, checked."""
