"""The times of a series of steps: no time twice, one length of interval, no overlap."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.rain.reader import Step

__all__ = ["cadence_s", "check_times_differ", "common_interval_s"]


def check_times_differ(steps: list[Step]) -> None:
    """Refuse two steps that end at the same time.

    Raises
    ------
    DataError
        If there are such; both files are named.
    """
    for before, after in pairwise(steps):
        if before.end == after.end:
            raise DataError(
                f"reading rain: {before.source} and {after.source} both end at "
                f"{np.datetime_as_string(after.end, unit='s')}Z ({before.variable}, "
                f"{after.variable})",
                hint="remove one of them, or choose one series by --variable",
            )


def cadence_s(ends: NDArray[np.datetime64]) -> float | None:
    """Give the most common distance between neighbouring times in seconds, the shorter of two.

    Examples
    --------
    >>> cadence_s(np.array(["2020-01-01T00:00", "2020-01-01T00:05"], "datetime64[ns]"))
    300.0
    """
    if len(ends) < 2:
        return None
    lengths, counts = np.unique(np.diff(ends).astype(np.int64), return_counts=True)
    return float(lengths[counts.argmax()]) / 1e9


def common_interval_s(steps: list[Step], asked: float | None, path: Path) -> float:
    """Give the one length of all intervals in seconds.

    Parameters
    ----------
    steps : list of Step
        In order of time.
    asked : float or None
        What the caller says.
    path : Path
        For messages.

    Raises
    ------
    DataError
        If lengths differ, overlap, contradict the caller, or cannot be known.
    """
    stated = {
        float((step.end - step.start) / np.timedelta64(1, "s")): step.source
        for step in steps
        if step.start is not None
    }
    if len(stated) > 1:
        shown = ", ".join(f"{length:g} s ({name})" for length, name in stated.items())
        raise DataError(
            f"reading rain: {path} holds intervals of different length: {shown}",
            hint="choose one series by --variable, or read them apart",
        )
    if stated and asked is not None and abs(next(iter(stated)) - asked) > 1:
        raise DataError(
            f"reading rain: {path} states intervals of {next(iter(stated)):g} s, "
            f"--interval-s says {asked:g}",
            hint="leave --interval-s out; it is for files that state no length",
        )
    ends = np.array([step.end for step in steps], dtype="datetime64[ns]")
    inferred = None if _has_depth_without_period(steps) else cadence_s(ends)
    length = next(iter(stated), asked if asked is not None else inferred)
    if length is None or not length > 0:
        raise DataError(
            f"reading rain: {steps[0].source} states no length of its interval, and "
            + ("accumulated rain needs it" if len(ends) > 1 else "one step alone cannot show it"),
            hint="give it in seconds, such as --interval-s 300",
        )
    _no_overlap(steps, ends, length)
    return length


def _has_depth_without_period(steps: list[Step]) -> bool:
    return any(step.start is None and step.quantity == "depth" for step in steps)


def _no_overlap(steps: list[Step], ends: NDArray[np.datetime64], length: float) -> None:
    gaps = np.diff(ends) / np.timedelta64(1, "s")
    if gaps.size and float(gaps.min()) < length - 1:
        at = int(gaps.argmin())
        raise DataError(
            f"reading rain: intervals of {length:g} s overlap: {steps[at + 1].source} ends "
            f"{gaps[at]:g} s after {steps[at].source}, so rain would be counted twice",
            hint="keep one file for each interval, or choose a series by --variable",
        )
