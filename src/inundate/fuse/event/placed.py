"""The made-up posts as located posts, with what their writers meant."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from inundate.core.grid import Grid
from inundate.fuse.event.people import SAFE_CELL_DEGREES, Saying
from inundate.posts.locate.located import Located

__all__ = ["place_posts"]

_NINE_IN_TEN = math.sqrt(2 * math.log(10))  # of a distance with equal normal errors each way
_METRES_A_DEGREE = 111_200.0


def place_posts(said: Sequence[Saying], grid: Grid, *, place_error_m: float) -> Located:
    """Put posts into the table that map, live view and fusion read.

    Parameters
    ----------
    said : sequence of Saying
    grid : Grid
        Of the event.
    place_error_m : float, m
        Standard error of coordinates, each way.

    Returns
    -------
    Located
        ``water`` is what the writers meant, not a classifier's answer; ``origin`` says so.
    """
    half_cell = SAFE_CELL_DEGREES * _METRES_A_DEGREE / math.sqrt(2)
    radius = math.hypot(_NINE_IN_TEN * place_error_m, half_cell)
    has_place = [not math.isnan(one.latitude) for one in said]
    return Located(
        post=tuple(one.post for one in said),
        time=np.array([one.time for one in said], dtype="datetime64[us]"),
        text=tuple(one.text for one in said),
        language=tuple(one.language for one in said),
        latitude=np.array([one.latitude for one in said], dtype=np.float64),
        longitude=np.array([one.longitude for one in said], dtype=np.float64),
        radius_m=np.where(has_place, radius, np.nan),
        place=("",) * len(said),
        method=tuple("coordinates" if placed else "none" for placed in has_place),
        why=tuple(
            "the post carries coordinates" if placed else "the post carries no coordinates"
            for placed in has_place
        ),
        story=np.array([one.story for one in said], dtype=np.int64),
        water=np.array([one.water for one in said], dtype=np.int8),
        probability=np.ones(len(said)),
        label=tuple({1: "water", -1: "no water", 0: "not about water"}[one.water] for one in said),
        severity_m=np.full(len(said), np.nan),
        origin={
            "kind": "made-up posts of a made-up event",
            "read": len(said),
            "located": sum(has_place),
            "classified_by": "the writers' own meaning, not a classifier",
            "crs_of_event": grid.crs,
        },
    )  # fmt: skip
