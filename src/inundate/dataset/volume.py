"""Rain volume against water volume: what a slip of units does to a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from inundate.dataset.finding import Finding, some
from inundate.dataset.tally import Tally

__all__ = ["check_volumes", "name_factor"]

# how many times smaller than in mm h-1 the number is, when rain is written in another unit
_UNITS = {
    4: "mm per 15 min",
    6: "mm per 10 min",
    12: "mm per 5 min",
    60: "mm per minute",
    1000: "m h-1",
    3600: "mm s-1, that is kg m-2 s-1",
}
_TOLERANCE = 0.02  # rounding of stored frames
_LEAST_SHARE = 0.1  # of its rain that a block without losses stores at some moment
_NEVER_SHARE = 0.01  # no ground sheds so much so soon
_CUT_EXCESS = 1.5  # a block of a larger area also receives water from its neighbours
_EARLY = 0.1  # share of the rain after which the ratio is looked at
_LEAST_MM = 0.1


def check_volumes(tallies: Sequence[Tally], *, whole: bool) -> Iterator[Finding]:
    """Compare water on the ground with the rain that fell, storm by storm.

    Parameters
    ----------
    tallies : sequence of Tally
    whole : bool
        Each block is a whole simulation: no water can come from beside it.
    """
    storms: dict[str, list[Tally]] = defaultdict(list)
    for one in tallies:
        storms[one.row.storm].append(one)
    for storm, found in sorted(storms.items()):
        dry = [one.row.name for one in found if one.rain_mm[-1] <= 0]
        if dry:
            yield _without_rain(storm, found, dry)
        rainy = [one for one in found if one.rain_mm[-1] > 0]
        yield from _too_much(storm, rainy, whole)
        yield from _too_little(storm, rainy)


def name_factor(ratio: float) -> tuple[int, str] | None:
    """Name the unit that explains water over rain, or rain over water; None if none does.

    Part of the water may have left, so the factor is the next one above the ratio, up to twice
    as large.

    Examples
    --------
    >>> name_factor(11.2)
    (12, 'mm per 5 min')
    >>> name_factor(1.3) is None
    True
    """
    for factor, unit in _UNITS.items():
        if 0.5 < ratio / factor <= 1.05:
            return factor, unit
    return None


def _without_rain(storm: str, found: Sequence[Tally], dry: Sequence[str]) -> Finding:
    wet = [one.row.name for one in found if one.row.name in dry and one.stored_mm.max() > _LEAST_MM]
    return Finding(
        "rain", "error" if wet else "warning",
        f"no rain falls in {len(dry)} sample(s) of storm {storm}, "
        f"{len(wet)} of them get wet all the same: {some(wet or dry)}",
        {"storm": storm, "samples": list(dry), "wet": wet},
    )  # fmt: skip


def _too_much(storm: str, found: Sequence[Tally], whole: bool) -> Iterator[Finding]:
    closed = [one for one in found if "level" not in _edges(one)]
    if not closed:
        return  # water may come over an edge of a fixed level
    ratios = np.array([_ratio(one) for one in closed])
    if whole:
        over = ratios > 1 + _TOLERANCE
    else:
        over = np.full(ratios.shape, bool(np.median(ratios) > _CUT_EXCESS))
    if not over.any():
        return
    names = [one.row.name for one, bad in zip(closed, over, strict=True) if bad]
    ratio = float(np.median(ratios[over]))
    named = name_factor(ratio)
    text = (
        f"rain_rate looks {named[0]} times too small, as if written in {named[1]}"
        if named
        else "no slip of units explains it"
    )
    yield Finding(
        "volume", "error",
        f"storm {storm}: {ratio:.3g} times as much water on the ground as rain fell, in "
        f"{len(names)} sample(s) ({some(names)}); {text}",
        {"storm": storm, "ratio": ratio, "factor": named and named[0], "samples": names},
    )  # fmt: skip


def _too_little(storm: str, found: Sequence[Tally]) -> Iterator[Finding]:
    tight = [one for one in found if one.row.settings.get("infiltration", "none") == "none"]
    if not tight:
        return  # the ground may have taken it
    ratio = float(np.median([_ratio(one) for one in tight]))
    if ratio >= _LEAST_SHARE:
        return
    factors = [factor for factor in _UNITS if factor >= 1 / _LEAST_SHARE and factor * ratio <= 1.05]
    text = (
        f"rain_rate looks {factors[-1]} times too large, or steep ground shed it all"
        if factors
        else "steep ground may have shed it"
    )
    yield Finding(
        "volume", "error" if ratio < _NEVER_SHARE else "warning",
        f"storm {storm}: no more than {100 * ratio:.2g} % of the rain that fell is ever on the "
        f"ground, with no loss into it; {text}",
        {"storm": storm, "ratio": ratio, "factor": factors[-1] if factors else None},
    )  # fmt: skip


def _ratio(one: Tally) -> float:
    """Greatest share of the rain so far that is on the ground, once some has fallen."""
    late = one.rain_mm >= _EARLY * one.rain_mm[-1]
    return float((one.stored_mm[late] / one.rain_mm[late]).max())


def _edges(one: Tally) -> set[str]:
    settings = one.row.settings
    return {str(settings.get(key)) for key in settings if key == "edges" or key.startswith("edge_")}
