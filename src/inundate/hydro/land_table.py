"""What each class of land cover means for water: roughness, infiltration, drains.

A table is a CSV with a header, empty where a column does not apply::

    code,name,manning,infiltration,loss_mm_h,soil,saturation,drain_capacity_mm_h
    1,street,0.015,none,,,,12
    2,garden,0.06,green_ampt,,loam,0.5,0
    3,gravel,0.03,constant,20,,,0

or a TOML file with a table ``[[class]]`` of the same keys for each class. Green-Ampt takes ``soil``
(a texture of Rawls et al. 1983) or its numbers ``conductivity_mm_h``, ``suction_mm`` and
``moisture_deficit``, which also replace those of a soil.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.core.files import check_input
from inundate.hydro.infiltration import CONSTANT_LOSS, GREEN_AMPT, NO_LOSS
from inundate.hydro.soils import soil_of
from inundate.hydro.tables import check_tables, read_tables
from inundate.terrain.roughness import LAND_COVER

__all__ = ["DRAIN_CAPACITY_MM_H", "LandKind", "read_land_table", "worldcover"]

_MM_H = 1.0 / 3.6e6  # m s-1
_MOST = 255  # codes are kept as bytes
_SATURATION = 0.5  # a judgement: between a dry summer and a wet winter

DRAIN_CAPACITY_MM_H = 12.0
"""What drains take from built-up ground where nothing is known of them, mm h-1.

The national average of the surface water maps of England: Environment Agency (2013), Updated Flood
Map for Surface Water, national scale surface water flood mapping methodology.
"""


class LandKind(Settings):
    """One class of land cover."""

    code: int = Field(description="value in the raster")
    name: str = Field(min_length=1, description="for messages and records")
    manning: float = Field(gt=0, le=1, description="Manning's n, s m-1/3")
    infiltration: Literal["none", "constant", "green_ampt"] = Field(
        default="none", description="loss of water into the ground"
    )
    loss_mm_h: float | None = Field(default=None, ge=0, le=500, description="constant loss, mm h-1")
    soil: str | None = Field(default=None, description="texture for Green-Ampt")
    saturation: float | None = Field(
        default=None, ge=0, le=1,
        description="share of the soil's effective porosity that is full at the start; 0.5 if not "
        "said",
    )  # fmt: skip
    conductivity_mm_h: float | None = Field(
        default=None, ge=0, le=1000, description="Green-Ampt hydraulic conductivity, mm h-1"
    )
    suction_mm: float | None = Field(
        default=None, ge=0, le=5000, description="Green-Ampt suction head at the front, mm"
    )
    moisture_deficit: float | None = Field(
        default=None, ge=0, le=1, description="Green-Ampt free pore space, share of volume"
    )
    drain_capacity_mm_h: float = Field(
        default=0.0, ge=0, le=500, description="what drains can take, mm h-1"
    )

    @model_validator(mode="after")
    def _check(self) -> LandKind:
        given = {key for key in _LOSS_KEYS if getattr(self, key) is not None}
        useless = given - _USED[self.infiltration]
        if useless:
            raise ValueError(
                f"{', '.join(sorted(useless))} does nothing with infiltration {self.infiltration!r}"
            )
        if self.infiltration == "constant" and self.loss_mm_h is None:
            raise ValueError("infiltration 'constant' needs loss_mm_h")
        if self.infiltration == "green_ampt":
            self._check_soil(given)
        return self

    def _check_soil(self, given: set[str]) -> None:
        if self.soil is None:
            absent = sorted({"conductivity_mm_h", "suction_mm", "moisture_deficit"} - given)
            if absent:
                raise ValueError(f"infiltration 'green_ampt' needs soil, or {', '.join(absent)}")
            if self.saturation is not None:
                raise ValueError("saturation goes with soil")
            return
        if self.saturation is not None and self.moisture_deficit is not None:
            raise ValueError("expected either saturation or moisture_deficit")
        try:
            soil_of(self.soil)
        except ConfigError as error:
            raise ValueError(f"{error}{f'; {error.hint}' if error.hint else ''}") from error

    def row(self) -> tuple[int, float, float, float, float]:
        """Give its row of :class:`~inundate.hydro.state.Losses`, in metres and seconds."""
        drain = self.drain_capacity_mm_h * _MM_H
        if self.infiltration == "none":
            return (NO_LOSS, 0.0, 0.0, 0.0, drain)
        if self.infiltration == "constant":
            return (CONSTANT_LOSS, (self.loss_mm_h or 0.0) * _MM_H, 0.0, 0.0, drain)
        conductivity, suction, deficit = self.green_ampt()
        return (GREEN_AMPT, conductivity * _MM_H, suction * 1e-3, deficit, drain)

    def green_ampt(self) -> tuple[float, float, float]:
        """Give conductivity (mm h-1), suction head (mm) and moisture deficit."""
        numbers = (self.conductivity_mm_h, self.suction_mm, self.moisture_deficit)
        if self.soil is None:
            return (numbers[0] or 0.0, numbers[1] or 0.0, numbers[2] or 0.0)
        soil = soil_of(self.soil)
        saturation = _SATURATION if self.saturation is None else self.saturation
        of_soil = (
            soil.conductivity_mm_h, soil.suction_mm, soil.effective_porosity * (1 - saturation)
        )  # fmt: skip
        found = [own if number is None else number
                 for number, own in zip(numbers, of_soil, strict=True)]  # fmt: skip
        return (found[0], found[1], found[2])


_LOSS_KEYS = (
    "loss_mm_h", "soil", "saturation", "conductivity_mm_h", "suction_mm", "moisture_deficit"
)  # fmt: skip
_USED: dict[str, set[str]] = {
    "none": set(),
    "constant": {"loss_mm_h"},
    "green_ampt": set(_LOSS_KEYS) - {"loss_mm_h"},
}


def worldcover(soil: str | None = None) -> tuple[LandKind, ...]:
    """Give the table for ESA WorldCover.

    Land cover does not tell the soil below it: all ground that takes water has one texture, and
    which classes take water is our judgement. Built-up cells, at 10 m, are roofs and streets: they
    take none but drain; open water, ice, wetland and mangroves are taken as full.

    Parameters
    ----------
    soil : str, optional
        Texture; by default ``"silt loam"``, as the settings' Green-Ampt numbers.

    Raises
    ------
    ConfigError
        If the texture is not known.

    Source
    ------
    Zanaga et al. (2022), ESA WorldCover 10 m 2021 v200, doi:10.5281/zenodo.7254221: the classes.
    Manning's n as in :data:`inundate.terrain.roughness.LAND_COVER`, within the ranges of Chow
    (1959), Open-Channel Hydraulics, table 5-6. Soils: :mod:`inundate.hydro.soils`.
    """
    texture = soil or "silt loam"
    soil_of(texture)
    kinds = []
    for code, found in LAND_COVER["worldcover"].items():
        takes_water = code not in _FULL and code != _BUILT_UP
        kinds.append(
            LandKind(
                code=code, name=found.name, manning=found.roughness,
                infiltration="green_ampt" if takes_water else "none",
                soil=texture if takes_water else None,
                drain_capacity_mm_h=DRAIN_CAPACITY_MM_H if code == _BUILT_UP else 0.0,
            )
        )  # fmt: skip
    return tuple(kinds)


_BUILT_UP = 50
_FULL = frozenset({70, 80, 90, 95})  # snow and ice, water, wetland, mangroves


def read_land_table(table: Path | str, *, soil: str | None = None) -> tuple[LandKind, ...]:
    """Read what the classes of land cover mean.

    Parameters
    ----------
    table : Path or str
        CSV or TOML as this module describes it, or ``"worldcover"``.
    soil : str, optional
        Texture for the bundled table.

    Raises
    ------
    MissingFileError
        If the file is absent.
    ConfigError
        If it is wrong: all faults at once; or if ``soil`` is given with a file.
    """
    if str(table) == "worldcover":
        return worldcover(soil)
    if soil is not None:
        raise ConfigError(
            f"reading {table}: a soil is given, but the table names its own",
            hint="write it into the column 'soil'",
        )
    path = check_input(table, what="reading the land table")
    if path.suffix.lower() == ".toml":
        kinds = read_tables(path, "class", LandKind)
    else:
        kinds = check_tables(_rows(path), f"{path}: row", LandKind)
    codes = [kind.code for kind in kinds]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        raise ConfigError(f"reading {path}: code {', '.join(map(str, doubled))} has two rows")
    if not 0 < len(kinds) <= _MOST:
        raise ConfigError(f"reading {path}: found {len(kinds)} classes, expected 1 to {_MOST}")
    return tuple(kinds)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"reading {path}: not a text file in UTF-8 ({error})") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    uneven = [number for number, row in enumerate(rows, start=1) if len(row) != len(rows[0])]
    if uneven:
        raise ConfigError(
            f"reading {path}: row {uneven[0]} has {len(rows[uneven[0] - 1])} columns, the header "
            f"{len(rows[0])}"
        )
    header = rows[0] if rows else []
    return [{key: cell for key, cell in zip(header, row, strict=True) if cell} for row in rows[1:]]
