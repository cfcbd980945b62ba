"""Observations of water: who says where and when that there is water, or none.

An observation is a located and classified post, or any other report: a point with the radius in
which the true place lies nine times in ten, a time, what is said, and how sure it is that this
is what is said. Copies of one story count once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid, from_lonlat
from inundate.posts.locate.located import Gap, Located

__all__ = ["Observations"]

_WHOLE = ("gaps",)  # of the collection, not of a statement


@dataclass(frozen=True, eq=False)
class Observations:
    """N statements about water, in the coordinates of a map.

    Parameters
    ----------
    x, y : array (N,), m
        Place in the map's CRS.
    radius_m : array (N,), m
        The true place is within this distance nine times in ten.
    time : array (N,), datetime64[ns]
        When it was said, UTC.
    water : array (N,), int
        1: water is there; -1: there is none.
    confidence : array (N,), 0 to 1
        Probability that this is what is said, as the classifier gives it.
    story : array (N,), int, optional
        Copies of one story share a number; by default each is a story of its own.
    severity_m : array (N,), m, optional
        Depth that is stated; NaN where none is.
    source : sequence of str, optional
        Name of each, such as the pseudonym of the post.
    gaps : tuple of Gap
        Times in which the collection was deaf.

    Raises
    ------
    DataError
        If lengths differ, a number is not finite, a radius is not above 0, a confidence not
        within 0 to 1, or ``water`` neither 1 nor -1.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    time: NDArray[np.datetime64]
    water: NDArray[np.int8]
    confidence: NDArray[np.float64]
    story: NDArray[np.int64] | None = None
    severity_m: NDArray[np.float64] | None = None
    source: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def __post_init__(self) -> None:
        count = len(np.atleast_1d(self.x))
        for name in ("x", "y", "radius_m", "confidence"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        object.__setattr__(self, "time", np.asarray(self.time, "datetime64[ns]"))
        object.__setattr__(self, "water", np.asarray(self.water, np.int8))
        story = np.arange(count) if self.story is None else np.asarray(self.story, np.int64)
        object.__setattr__(self, "story", story)
        deep = self.severity_m
        deep = np.full(count, np.nan) if deep is None else np.asarray(deep, np.float64)
        object.__setattr__(self, "severity_m", deep)
        object.__setattr__(self, "source", tuple(self.source) or ("",) * count)
        self._check(count)

    def _check(self, count: int) -> None:
        for field in fields(self):
            if field.name in _WHOLE:
                continue
            if len(getattr(self, field.name)) != count:
                raise DataError(
                    f"observations: {field.name} has {len(getattr(self, field.name))} entries, "
                    f"expected {count} as x has"
                )
        faults = {
            "x": ~np.isfinite(self.x),
            "y": ~np.isfinite(self.y),
            "time": np.isnat(self.time),
            "radius_m": ~(np.isfinite(self.radius_m) & (self.radius_m > 0)),
            "confidence": ~((self.confidence >= 0) & (self.confidence <= 1)),
            "water": ~np.isin(self.water, (1, -1)),
        }
        expected = {
            "x": "a number", "y": "a number", "time": "a time", "radius_m": "above 0",
            "confidence": "0 to 1", "water": "1 (there is) or -1 (there is none)",
        }  # fmt: skip
        for name, wrong in faults.items():
            if wrong.any():
                row = int(np.argmax(wrong))
                raise DataError(
                    f"observations: {name} of row {row} is {getattr(self, name)[row]}, "
                    f"expected {expected[name]}"
                )

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: NDArray[Any] | Sequence[int]) -> Observations:
        """Give some of them, by numbers or by a mask (N,)."""
        chosen = np.arange(len(self))[np.asarray(rows)]
        kept: dict[str, Any] = {
            field.name: getattr(self, field.name)[chosen]
            for field in fields(self)
            if field.name not in ("source", *_WHOLE)
        }
        source = tuple(self.source[row] for row in chosen.tolist())
        return Observations(**kept, source=source, gaps=self.gaps)

    def told_once(self) -> Observations:
        """Keep of each story the statement that is most sure; of equals the first told.

        A story that is repeated a thousand times is one observation: those who repeat it have
        not seen more water.
        """
        assert self.story is not None
        order = np.lexsort((self.time, -self.confidence, self.story))
        first = np.ones(len(self), bool)
        first[1:] = np.diff(self.story[order]) != 0
        return self.take(np.sort(order[first]))

    @classmethod
    def of_located(cls, located: Located, grid: Grid) -> Observations:
        """Take the located posts that say water or none, in the coordinates of a grid.

        Parameters
        ----------
        located : Located
            Posts without a place, without a time or that say neither are left out. A class
            without a probability counts as sure.
        grid : Grid
            Gives the CRS; posts outside its bounds are kept.

        Returns
        -------
        Observations
            With the gaps of the collection; ``source`` holds the pseudonyms of the posts.

        Raises
        ------
        GridError
            If the grid's CRS cannot be reached.
        """
        kept = located.take((located.water != 0) & located.is_located & ~np.isnat(located.time))
        x, y = from_lonlat(kept.longitude, kept.latitude, grid.crs)
        reached = np.isfinite(x)  # a place beyond the projection has none
        kept = kept.take(reached)
        return cls(
            x=x[reached],
            y=y[reached],
            radius_m=kept.radius_m,
            time=kept.time,
            water=kept.water,
            confidence=np.nan_to_num(kept.probability, nan=1.0),
            story=kept.story,
            severity_m=kept.severity_m,
            source=kept.post,
            gaps=kept.gaps,
        )
