"""Results of another model: depth grids by time, and what else makes a simulation of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.mass import VolumeBudget

__all__ = ["Frame", "Frames", "Simulated", "budget_of", "check_rising", "even_seconds"]

Frame = NDArray[np.float32]


@dataclass(frozen=True)
class Frames:
    """Depth grids of a model, read one at a time.

    Attributes
    ----------
    seconds : array (T,)
        Time of each since the start, rising; 0 is the state at the start.
    read : callable
        Gives the depth (H, W) in m of a number; missing is NaN.
    deepest : array (H, W), optional
        The model's own map of the largest depth.
    """

    seconds: NDArray[np.float64]
    read: Callable[[int], Frame]
    deepest: Frame | None = None


@dataclass
class Simulated:
    """All that makes a simulation of a model's results.

    Attributes
    ----------
    model : str
    terrain : DataArray (y, x), m
    rain : DataArray (time, y, x), mm h-1
        Must cover the heightmap and all frames.
    roughness : DataArray (y, x) or float
    frames : Frames
    settings : dict
        Known settings of the model by this package's names.
    start : datetime64 or None
        Time from which the frames count; by default the start of the rain.
    starts_dry : bool or None
        Whether the ground was dry at the start; None where the files do not say.
    budget : dict
        Terms of the volume budget that the model states, m3.
    remarks : Remarks
    """

    model: str
    terrain: xr.DataArray
    rain: xr.DataArray
    roughness: xr.DataArray | float
    frames: Frames
    settings: dict[str, Any]
    start: np.datetime64 | None = None
    starts_dry: bool | None = None
    budget: dict[str, float] = field(default_factory=dict)
    remarks: Remarks = field(default_factory=Remarks)


def budget_of(terms: Mapping[str, float | None]) -> dict[str, float | None]:
    """Give all terms of a volume budget; null those that are not known.

    Examples
    --------
    >>> found = budget_of({"stored_m3": 2.0})
    >>> found["stored_m3"], found["rain_m3"]
    (2.0, None)
    """
    known = VolumeBudget().to_dict()
    return {name: terms.get(name) for name in known}


def even_seconds(count: int, first_s: float, every_s: float) -> NDArray[np.float64]:
    """Give the times of grids that follow each other at one interval."""
    return first_s + every_s * np.arange(count, dtype=np.float64)


def check_rising(seconds: Sequence[float], names: Sequence[str]) -> None:
    """Refuse two grids of the same time."""
    order = np.argsort(seconds, kind="stable")
    for before, after in pairwise(order.tolist()):
        if seconds[before] == seconds[after]:
            raise DataError(
                f"importing results: {names[before]} and {names[after]} are of one time, "
                f"{seconds[after]:g} s",
                hint="two runs lie in one folder: say which by --prefix",
            )
