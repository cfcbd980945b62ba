"""Sums of samples: they add, in any order, and are small enough for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import DataError
from inundate.score.sample import Observed, Predicted
from inundate.score.statistic import Statistic, Sums

__all__ = ["State", "gather", "stack", "total"]


@dataclass(frozen=True)
class State:
    """Named sums of one or more samples; a value is a number or a vector.

    The state without any sum is the zero: adding it changes nothing.

    Examples
    --------
    >>> (State.of({"n": 2, "hits": [1, 0]}) + State.of({"n": 3, "hits": [1, 1]})).to_json()
    {'hits': [2, 1], 'n': 5}
    """

    sums: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(cls, sums: Mapping[str, ArrayLike]) -> State:
        """Make a state of numbers and vectors.

        Raises
        ------
        DataError
            If a sum is not finite or has more than one dimension.
        """
        made = {key: np.asarray(sums[key], dtype=np.float64) for key in sorted(sums)}
        for key, value in made.items():
            if value.ndim > 1 or not np.isfinite(value).all():
                raise DataError(
                    f"score sum {key!r}: {value.tolist()}, expected finite numbers in a scalar "
                    "or vector"
                )
            value.flags.writeable = False
        return cls(MappingProxyType(made))

    def __add__(self, other: State) -> State:
        """Add two states; both must hold the same sums."""
        if not self.sums or not other.sums:
            return self if self.sums else other
        _check_same([self, other])
        return State.of({key: value + other.sums[key] for key, value in self.sums.items()})

    def to_json(self) -> dict[str, Any]:
        """Give JSON-able sums; a long vector of mostly zeros is kept by its other entries."""
        return {key: _encode(value) for key, value in self.sums.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> State:
        """Read what :meth:`to_json` gave.

        Raises
        ------
        DataError
            If an entry is not a number, a list or a packed vector.
        """
        return cls.of({key: _decode(key, value) for key, value in stored.items()})


def gather(statistics: Iterable[Statistic], predicted: Predicted, observed: Observed) -> State:
    """Take the sums of all statistics from one sample.

    Parameters
    ----------
    statistics : iterable of Statistic
        What to compute; their names must differ.
    predicted, observed
        The two sides of one sample.
    """
    sums: dict[str, ArrayLike] = {}
    for statistic in statistics:
        for key, value in statistic.sums(predicted, observed).items():
            full = f"{statistic.name}.{key}"
            if full in sums:
                raise DataError(f"two statistics give the sum {full!r}, expected one")
            sums[full] = value
    return State.of(sums)


def total(states: Iterable[State]) -> State:
    """Add states exactly: the result does not depend on their order, to the last bit."""
    known = [state for state in states if state.sums]
    if not known:
        return State()
    stacked = stack(known)
    return State.of({key: _exact_sum(values) for key, values in stacked.items()})


def stack(states: Sequence[State]) -> Sums:
    """Line states up: each sum gets a leading dimension of samples.

    Raises
    ------
    DataError
        If the states do not hold the same sums.
    """
    _check_same(states)
    return {key: np.stack([state.sums[key] for state in states]) for key in states[0].sums}


def _exact_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # fsum rounds once, at the end
    flat = values.reshape(len(values), -1)
    sums = [math.fsum(column) for column in flat.T.tolist()]
    return np.array(sums).reshape(values.shape[1:])


def _check_same(states: Sequence[State]) -> None:
    if not states:
        raise DataError("adding scores: no sample, expected at least one")
    first = {key: value.shape for key, value in states[0].sums.items()}
    for state in states[1:]:
        other = {key: value.shape for key, value in state.sums.items()}
        if other != first:
            odd = sorted(first.items() ^ other.items())
            raise DataError(
                f"adding scores: the samples do not hold the same sums; they differ in {odd}",
                hint="score all samples with the same thresholds and kinds of prediction",
            )


_PACK_FROM = 16  # shorter vectors are kept in full


def _encode(value: NDArray[np.float64]) -> Any:
    if value.ndim == 0:
        return _plain(value.item())
    if value.size < _PACK_FROM:
        return [_plain(one) for one in value.tolist()]
    at = np.flatnonzero(value)
    return {"size": value.size, "at": at.tolist(), "sum": [_plain(v) for v in value[at].tolist()]}


def _plain(value: float) -> float | int:
    # counts read better, and shorter, without ".0"
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def _decode(key: str, stored: Any) -> ArrayLike:
    try:
        if not isinstance(stored, Mapping):
            return np.asarray(stored, dtype=np.float64)
        value = np.zeros(int(stored["size"]))
        value[np.asarray(stored["at"], dtype=np.intp)] = stored["sum"]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DataError(
            f"reading score sum {key!r}: found {stored!r:.80}, expected a number, a list or "
            "{size, at, sum}"
        ) from error
    return value
