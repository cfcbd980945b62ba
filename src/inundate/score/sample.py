"""The two sides of one sample, checked once: what was observed and what a model predicted.

Cells that do not count (nothing observed, or masked) hold 0 on both sides, so that they add
nothing to any sum; only counts of cells ask for the mask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import DataError
from inundate.score.check import (
    Depth,
    Mask,
    check_depths,
    check_levels,
    checked_fill,
    checked_frames,
    checked_stack,
    mask_like,
)

__all__ = [
    "WET_M",
    "Depth",
    "Forecast",
    "Mask",
    "Observed",
    "Over",
    "Predicted",
    "peak_of",
    "sides",
]

Over: TypeAlias = Literal["frames", "peak"]  # all frames, or the map of greatest depths

WET_M = 0.05  # "wet cell" of the peers' tables


@dataclass(frozen=True, eq=False)
class Observed:
    """The true roll-out of one sample; make it with :meth:`of`.

    Attributes
    ----------
    depth : array (T, H, W), m
        Water depth; 0 where not valid, so that such a cell adds nothing to a sum.
    valid : bool array (T, H, W)
        Cells that count.
    interval_s : float, s
        Time between frames.
    """

    depth: Depth
    valid: Mask
    interval_s: float
    _memory: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, depth: ArrayLike, *, interval_s: float, valid: ArrayLike | None = None) -> Observed:
        """Check a true roll-out and mark the cells that count.

        Parameters
        ----------
        depth : array (T, H, W), m
            Water depth; NaN where nothing is known, which leaves the cell out.
        interval_s : float, s
            Time between frames.
        valid : bool array (H, W) or (T, H, W), optional
            False leaves a cell out as well.

        Raises
        ------
        DataError
            If the shape is not (T, H, W), a depth is negative or infinite, ``valid`` does not
            fit, or ``interval_s`` is not positive.
        """
        values = checked_frames(depth, "observed depth")
        if not interval_s > 0:
            raise DataError(f"scoring: frame interval is {interval_s} s, expected more than 0 s")
        mask = ~np.isnan(values)
        if valid is not None:
            mask &= mask_like(valid, values.shape)
        filled = values if mask.all() else np.where(mask, values, np.float32(0))
        check_depths(filled, mask, "observed depth")
        return cls(filled, mask, float(interval_s))

    @cached_property
    def count(self) -> int:
        """Number of cells that count, over all frames."""
        return int(np.count_nonzero(self.valid))

    @cached_property
    def peak_valid(self) -> Mask:
        """Cells valid in every frame, (H, W): a missing frame may have held the peak."""
        return np.asarray(self.valid.all(axis=0))

    @cached_property
    def peak(self) -> Depth:
        """Greatest depth over the frames, (H, W), m; 0 where not valid in every frame."""
        return peak_of(self.depth, self.peak_valid)

    @cached_property
    def digest(self) -> str:
        """Short hash of depths and mask: the same truth has the same digest."""
        found = hashlib.blake2b(f"{self.depth.shape} {self.interval_s}".encode(), digest_size=8)
        found.update(self.depth.tobytes())
        found.update(np.packbits(self.valid).tobytes())
        return found.hexdigest()

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        """Keep what depends on the observed side alone, so that models share it."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]


@dataclass(frozen=True, eq=False)
class Predicted:
    """One model's roll-out of the same sample; make it with :meth:`of`.

    Attributes
    ----------
    depth : array (T, H, W), m
        The single best depth; 0 where the observed is not valid.
    peak : array (H, W), m
        Its greatest depth over the frames.
    members : array (M, T, H, W), m, or None
        Equally likely depths.
    quantiles : array (K, T, H, W), m, or None
        Depths at ``levels``.
    levels : array (K,) or None
        Probability levels of the quantiles, rising.
    probability : array (N, T, H, W), or None
        Probability that depth reaches each threshold of the score book, in its order.
    interval : array (2, T, H, W), m, or None
        Ends of the 90 % interval, where they are not the quantiles at 5 and 95 %.
    """

    depth: Depth
    peak: Depth
    members: Depth | None = None
    quantiles: Depth | None = None
    levels: NDArray[np.float64] | None = None
    probability: Depth | None = None
    interval: Depth | None = None

    @classmethod
    def of(
        cls,
        depth: ArrayLike,
        observed: Observed,
        *,
        members: ArrayLike | None = None,
        quantiles: ArrayLike | None = None,
        levels: ArrayLike | None = None,
        probability: ArrayLike | None = None,
        interval: ArrayLike | None = None,
        name: str = "predicted",
    ) -> Predicted:
        """Check a prediction against what was observed.

        Parameters
        ----------
        depth : array (T, H, W), m
            The single best depth.
        observed : Observed
            The true side.
        members : array (M, T, H, W), m, optional
            Ensemble of at least two members.
        quantiles, levels : arrays (K, T, H, W), m, and (K,), optional
            Depth quantiles and their levels; both or neither.
        probability : array (N, T, H, W), optional
            Probability that depth reaches each threshold.
        interval : array (2, T, H, W), m, optional
            Ends of the 90 % interval; by default the quantiles at 5 and 95 %.
        name : str
            Name of the model, for messages.

        Raises
        ------
        DataError
            If a shape differs from the observed, or a value is NaN, infinite, negative, out
            of range or (quantiles) falling where the observed is valid.
        """
        shape, valid = observed.depth.shape, observed.valid
        filled = checked_fill(checked_frames(depth, name), shape, valid, name)
        made: dict[str, Depth | None] = {}
        stacks = (("members", members), ("quantiles", quantiles), ("interval", interval))
        for key, given in stacks:
            made[key] = (
                None if given is None else checked_stack(given, shape, valid, f"{name} {key}")
            )
        if made["members"] is not None and len(made["members"]) < 2:
            raise DataError(f"scoring {name}: 1 ensemble member, expected at least 2")
        ends = made["interval"]
        if ends is not None and (len(ends) != 2 or (ends[0] > ends[1]).any()):
            raise DataError(f"scoring {name}: an interval needs two ends, the lower one first")
        chance = None
        if probability is not None:
            chance = checked_stack(probability, shape, valid, f"{name} probability")
            if chance.max(initial=0.0) > 1:
                raise DataError(f"scoring {name}: a probability of {chance.max():g}, expected 0..1")
        return cls(
            filled,
            peak_of(filled, observed.peak_valid),
            made["members"],
            made["quantiles"],
            check_levels(levels, made["quantiles"], name),
            chance,
            ends,
        )


@dataclass(frozen=True, eq=False)
class Forecast:
    """What a probabilistic model hands in to be scored; a single depth needs no such wrapper.

    Attributes
    ----------
    depth : array (T, H, W), m
        The single best depth.
    members, quantiles, levels, probability, interval
        See :class:`Predicted`; any may be None.
    """

    depth: ArrayLike
    members: ArrayLike | None = None
    quantiles: ArrayLike | None = None
    levels: ArrayLike | None = None
    probability: ArrayLike | None = None
    interval: ArrayLike | None = None

    def against(self, observed: Observed, *, name: str) -> Predicted:
        """Check it against what was observed; see :meth:`Predicted.of`."""
        return Predicted.of(
            self.depth,
            observed,
            members=self.members,
            quantiles=self.quantiles,
            levels=self.levels,
            probability=self.probability,
            interval=self.interval,
            name=name,
        )


def peak_of(depth: Depth, valid: Mask) -> Depth:
    """Greatest depth over the frames, 0 where not valid."""
    return np.asarray(np.where(valid, depth.max(axis=0), np.float32(0)))


def sides(predicted: Predicted, observed: Observed, over: Over) -> tuple[Depth, Depth, Mask]:
    """Give predicted, observed and valid, over all frames or of the greatest depths."""
    if over == "peak":
        return predicted.peak, observed.peak, observed.peak_valid
    return predicted.depth, observed.depth, observed.valid
