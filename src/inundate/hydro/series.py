"""Values that change in time: a hydrograph, a tide, evaporation.

Between two times a series is a straight line. Outside its times there is one rule: to ask is an
error, unless the series says ``hold`` (the first or last value goes on) or ``zero``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = ["OUTSIDE", "Outside", "Series"]

Outside = Literal["refuse", "hold", "zero"]
OUTSIDE: tuple[Outside, ...] = ("refuse", "hold", "zero")
_ROUNDING_S = 1e-6  # sums of steps may pass the end by this much


@dataclass(frozen=True)
class Series:
    """A piecewise linear function of time.

    Attributes
    ----------
    time_s : array (N,), s
        Since the start of the simulation, rising; negative before it.
    value : array (N,)
        In the unit that the user of the series expects.
    outside : {"refuse", "hold", "zero"}
        What holds before the first and after the last time.
    name : str
        What it is, for messages.

    Raises
    ------
    DataError
        If there is no value, a value is not finite, or times do not rise.

    Examples
    --------
    >>> flood = Series(np.array([0.0, 600.0, 1200.0]), np.array([0.0, 6.0, 0.0]))
    >>> flood.at(150.0), flood.mean(0.0, 1200.0)
    (1.5, 3.0)
    """

    time_s: NDArray[np.float64]
    value: NDArray[np.float64]
    outside: Outside = "refuse"
    name: str = "series"

    def __post_init__(self) -> None:
        times = np.atleast_1d(np.asarray(self.time_s, dtype=np.float64))
        values = np.atleast_1d(np.asarray(self.value, dtype=np.float64))
        object.__setattr__(self, "time_s", times)
        object.__setattr__(self, "value", values)
        if times.ndim != 1 or times.shape != values.shape or not times.size:
            raise DataError(
                f"{self.name}: {times.size} times and {values.size} values, "
                "expected as many of both and at least one"
            )
        if self.outside not in OUTSIDE:
            raise DataError(
                f"{self.name}: outside={self.outside!r}, expected one of {', '.join(OUTSIDE)}"
            )
        wrong = ~(np.isfinite(times) & np.isfinite(values))
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(
                f"{self.name}: value {values[at]:g} at time {times[at]:g} s (number {at + 1}), "
                "expected finite numbers",
                hint="leave a missing value out: the line goes on to the next",
            )
        back = np.flatnonzero(np.diff(times) <= 0)
        if back.size:
            at = int(back[0]) + 1
            raise DataError(
                f"{self.name}: time {times[at]:g} s (number {at + 1}) is not later than "
                f"{times[at - 1]:g} s before it",
                hint="sort by time; for a jump give two times 1 s apart",
            )

    @classmethod
    def constant(cls, value: float, name: str = "series") -> Series:
        """Give the same value at all times."""
        return cls(np.zeros(1), np.array([float(value)]), "hold", name)

    def at(self, time_s: float) -> float:
        """Give the value at a time.

        Raises
        ------
        DataError
            If the time is outside and that is refused.
        """
        self.check_covers(time_s, time_s)
        return self._at(time_s)

    def mean(self, start_s: float, end_s: float) -> float:
        """Give the mean over an interval: the exact integral over its length.

        Raises
        ------
        DataError
            If the interval is not within the series and that is refused.
        """
        self.check_covers(start_s, end_s)
        if end_s <= start_s:
            return self._at(start_s)
        if self.is_steady(start_s, end_s):
            return self._at(start_s)  # without a rounding error that hangs on the interval
        first, last = (int(np.searchsorted(self.time_s, t)) for t in (start_s, end_s))
        inner = self.time_s[first:last]
        points = np.concatenate([[start_s], inner[inner > start_s], [end_s]])
        values = np.interp(points, self.time_s, self.value)
        areas = np.diff(points) * (values[1:] + values[:-1]) / 2
        if self.outside == "zero":
            middle = (points[1:] + points[:-1]) / 2
            areas[(middle < self.time_s[0]) | (middle > self.time_s[-1])] = 0.0
        return float(areas.sum()) / (end_s - start_s)

    def is_steady(self, start_s: float, end_s: float) -> bool:
        """Tell whether the value is the same over an interval."""
        first, last = (int(np.searchsorted(self.time_s, t)) for t in (start_s, end_s))
        values = self.value[first:last]
        ends = (self._at(start_s), self._at(end_s))
        return ends[0] == ends[1] and bool((values == ends[0]).all())

    @property
    def is_constant(self) -> bool:
        """Whether the value is the same at all times."""
        goes_on = self.outside == "hold" or (self.outside == "zero" and self.value[0] == 0)
        return goes_on and bool((self.value == self.value[0]).all())

    def check_covers(self, start_s: float, end_s: float) -> None:
        """Check that the series knows an interval.

        Raises
        ------
        DataError
            If it does not, and what lies outside is refused.
        """
        first, last = float(self.time_s[0]), float(self.time_s[-1])
        inside = start_s >= first - _ROUNDING_S and end_s <= last + _ROUNDING_S
        if self.outside == "refuse" and not inside:
            raise DataError(
                f"{self.name}: the simulation asks for {start_s:g} to {end_s:g} s, "
                f"the series runs from {first:g} to {last:g} s",
                hint='lengthen it, or say outside = "hold" (first and last value go on) or "zero"',
            )

    def _at(self, time_s: float) -> float:
        inside = self.time_s[0] <= time_s <= self.time_s[-1]
        if self.outside == "zero" and not inside:
            return 0.0
        return float(np.interp(time_s, self.time_s, self.value))
