"""What a case of the suite is: its measures with their bounds, and what a run of it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from inundate.hydro.suite.setup import Setup

__all__ = ["Bounds", "Case", "Finding", "Line", "Measure", "OrderTable", "Profile"]

Bounds = float | Mapping[str, float] | None
"""One for all; or by equations, precision, or both, such as ``{"full": 2, "full float32": 3}``."""


@dataclass(frozen=True)
class Measure:
    """A figure that a case finds, and the bound that it must meet.

    Attributes
    ----------
    name : str
        What is measured.
    unit : str
        Unit; "1" for a plain number.
    most, least : Bounds
        Largest or smallest value allowed; neither makes the figure one for information.
    note : str
        Why there is no bound, or why one is not met.
    """

    name: str
    unit: str = "1"
    most: Bounds = None
    least: Bounds = None
    note: str = ""

    def limits(self, equations: str, precision: str) -> tuple[float | None, float | None]:
        """Give the smallest and the largest value allowed.

        Parameters
        ----------
        equations, precision : str
            As in :class:`~inundate.hydro.settings.SimulateSettings`.

        Examples
        --------
        >>> Measure("error", "m", most={"inertial": 0.1, "float32": 0.2}).limits("full", "float32")
        (None, 0.2)
        """
        return _chosen(self.least, equations, precision), _chosen(self.most, equations, precision)


def _chosen(bounds: Bounds, equations: str, precision: str) -> float | None:
    if bounds is None or isinstance(bounds, (int, float)):
        return bounds
    for key in (f"{equations} {precision}", equations, precision):
        if key in bounds:
            return bounds[key]
    return None


@dataclass(frozen=True)
class Line:
    """A line of a plot.

    Attributes
    ----------
    label : str
        In the legend.
    x, y : array
        Points.
    is_reference : bool
        Whether it is what the solver is held against.
    """

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    is_reference: bool = False


@dataclass(frozen=True)
class Profile:
    """A plot: lines over one axis.

    Attributes
    ----------
    title : str
        What is shown.
    x_name, y_name : str
        Axes with units.
    lines : tuple of Line
        In the order of the legend.
    """

    title: str
    x_name: str
    y_name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class OrderTable:
    """Errors by size of cell or step, and how fast they fall.

    Attributes
    ----------
    name : str
        What is refined.
    unit : str
        Of the sizes.
    sizes : tuple of float
        From coarse to fine.
    errors : tuple of float
        At each size.
    error_unit : str
        Of the errors.
    """

    name: str
    unit: str
    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    error_unit: str

    @property
    def orders(self) -> tuple[float, ...]:
        """Order between each size and the next: 1 if half the size halves the error."""
        sizes, errors = np.log(self.sizes), np.log(np.maximum(self.errors, 1e-300))
        return tuple((np.diff(errors) / np.diff(sizes)).tolist())

    @property
    def order(self) -> float:
        """Slope of a straight line through all errors, both axes logarithmic.

        Examples
        --------
        >>> round(OrderTable("cells", "m", (4, 2, 1), (0.16, 0.04, 0.01), "m").order, 3)
        2.0
        """
        errors = np.log(np.maximum(self.errors, 1e-300))
        return float(np.polyfit(np.log(self.sizes), errors, 1)[0])

    @property
    def rises(self) -> int:
        """How often a finer size has the larger error."""
        return int((np.diff(self.errors) > 0).sum())


@dataclass
class Finding:
    """What a run of a case found.

    Attributes
    ----------
    values : dict
        By name of the measure; what a quick run leaves out is missing.
    tables : list of OrderTable
        Convergence.
    profiles : list of Profile
        For plots.
    """

    values: dict[str, float] = field(default_factory=dict)
    tables: list[OrderTable] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)

    def draw(self, title: str, x_name: str, y_name: str, *lines: Line) -> None:
        """Keep a plot."""
        self.profiles.append(Profile(title, x_name, y_name, lines))


@dataclass(frozen=True)
class Case:
    """A problem whose answer is known.

    Attributes
    ----------
    name : str
        On the command line.
    shows : str
        One sentence: what a user learns from it.
    source : str
        Where the answer comes from.
    measures : tuple of Measure
        What is found.
    run : callable
        Runs it.
    equations : tuple of str
        For which it makes sense.
    is_quick : bool
        Whether a quick run of the suite has it.
    """

    name: str
    shows: str
    source: str
    measures: tuple[Measure, ...]
    run: Callable[[Setup], Finding]
    equations: tuple[str, ...] = ("inertial", "full")
    is_quick: bool = True


def line(label: str, x: ArrayLike, y: ArrayLike, *, reference: bool = False) -> Line:
    """Make a line from anything that is an array."""
    return Line(label, np.asarray(x, np.float64), np.asarray(y, np.float64), reference)
