"""Numbers of any size as features: standardised, kept to what was seen, marked where missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = ["ColumnScale", "Scaling", "unit_of"]

_UNITS = {"mm_h": "mm h-1", "mm": "mm", "m": "m", "km": "km", "s": "s", "min": "min", "h": "h",
          "share": "1"}  # fmt: skip


def unit_of(column: str) -> str:
    """Give the unit that the name of a column ends in; empty where it ends in none.

    Examples
    --------
    >>> unit_of("rain_hour_mm"), unit_of("wet_share"), unit_of("inside")
    ('mm', '1', '')
    """
    for ending, unit in _UNITS.items():
        if column.endswith(f"_{ending}"):
            return unit
    return ""


@dataclass(frozen=True)
class ColumnScale:
    """What was seen of a column in training.

    Attributes
    ----------
    unit : str
    known : int
        Posts with a value.
    mean, sd, low, high : float
        Of these. Values beyond low and high count as these: a straight line learnt on puddles says
        nothing of a lake.
    marked : bool
        Whether some posts with other numbers lacked this one, so that lacking it is a feature.
    """

    unit: str
    known: int
    mean: float
    sd: float
    low: float
    high: float
    marked: bool


@dataclass(frozen=True)
class Scaling:
    """Turns numbers (N, C) into features.

    Parameters
    ----------
    columns : mapping of str to ColumnScale
        In their order.
    """

    columns: Mapping[str, ColumnScale]

    @classmethod
    def fit(cls, values: NDArray[np.float64], columns: Sequence[str]) -> Scaling:
        """Look at the numbers of training posts.

        Parameters
        ----------
        values : array (N, C)
            NaN where not known.
        columns : sequence of str, C

        Raises
        ------
        DataError
            If nothing is known of a column.
        """
        made = {}
        for name, all_values in zip(columns, values.T, strict=True):
            known = all_values[np.isfinite(all_values)]
            if not len(known):
                raise DataError(
                    f"learning from {name}: no training post has a value",
                    hint="leave it out by --columns, or look it up in a map that has it, such as "
                    "one with rain",
                )
            made[name] = ColumnScale(
                unit=unit_of(name), known=len(known), mean=float(known.mean()),
                sd=float(known.std()), low=float(known.min()), high=float(known.max()),
                marked=len(known) < len(all_values),
            )  # fmt: skip
        return cls(made)

    def features(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give features (N, F): each column in standard deviations from its mean, then marks.

        Parameters
        ----------
        values : array (N, C)
            What is not known becomes the mean; a column that was the same everywhere is 0.
        """
        known = np.isfinite(values)
        made = np.zeros_like(values)
        for place, one in enumerate(self.columns.values()):
            if one.sd > 0:
                kept = np.clip(values[:, place], one.low, one.high)
                made[:, place] = np.where(known[:, place], (kept - one.mean) / one.sd, 0.0)
        marked = [place for place, one in enumerate(self.columns.values()) if one.marked]
        return np.concatenate([made, ~known[:, marked]], axis=1)

    def names(self) -> list[str]:
        """Give the names of the features."""
        marked = [f"no {name}" for name, one in self.columns.items() if one.marked]
        return [*self.columns, *marked]

    def described(self) -> dict[str, Any]:
        """Give it as JSON, in the order of the columns."""
        return {name: asdict(one) for name, one in self.columns.items()}

    @classmethod
    def of_described(cls, told: Mapping[str, Any]) -> Scaling:
        """Make it again of what :meth:`described` gave."""
        return cls({name: ColumnScale(**one) for name, one in told.items()})
