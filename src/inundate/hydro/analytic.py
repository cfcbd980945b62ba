"""Exact solutions that the solver is held against.

Each function gives depth or discharge along a line of positions; none shares code with the
solver. :mod:`inundate.hydro.suite` runs the solver beside them.
"""

from __future__ import annotations

from inundate.hydro.exact.basin import (
    bowl_bed,
    bowl_depth,
    bowl_period,
    seiche_level,
    seiche_period,
)
from inundate.hydro.exact.channel import macdonald_bed, macdonald_depth
from inundate.hydro.exact.front import dry_dam_break, wet_dam_break, wetting_front
from inundate.hydro.exact.runoff import (
    film_depth,
    normal_depth,
    plane_hydrograph,
    valley_hydrograph,
)
from inundate.hydro.exact.soil import pond_soaked, rain_soaked

__all__ = [
    "bowl_bed",
    "bowl_depth",
    "bowl_period",
    "dry_dam_break",
    "film_depth",
    "macdonald_bed",
    "macdonald_depth",
    "normal_depth",
    "plane_hydrograph",
    "pond_soaked",
    "rain_soaked",
    "seiche_level",
    "seiche_period",
    "valley_hydrograph",
    "wet_dam_break",
    "wetting_front",
]
