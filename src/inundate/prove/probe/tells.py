"""A column that was made from the target with some noise, or from the target of some samples."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.combined import combined
from inundate.prove.probe.data import gather
from inundate.prove.probe.map_channel import correlation
from inundate.prove.probe.reference import targets_of

__all__ = ["probe_tells"]

_SAMPLES = 120  # from which dependence can be measured
_MOST = 1200  # samples that are looked at
_NUMBERS = 128  # of a sample
_KINDS = 20  # different targets, from which they are numbers and no classes
_BINS = 16
_TELLS = 0.65  # of the variance of the target, that the column alone explains
_OTHER = 0.65  # of what it explains, that the next best column does at most
_FOLLOWS = 0.25  # of the variance of the target, that all others explain
_GOES = 0.35  # of that, for what the column explains, that they explain of the column too
_NOTHING = 0.2  # of what the target leaves of the column, that others explain: next to nothing
_SOME = 0.2  # of the samples, in which the column holds the target and is not empty
_LEVELS = 8  # different values of a column of few
_PURE, _TENTH = 50, 0.1  # samples of one value, at least so many and such a share
_SHARE = 0.6  # of all samples, that are of a class at most
_LINE = 0.9995  # correlation from which two numbers are one
_PAIRS = 6  # pairs of columns that are looked at
_TIED = 0.1  # of the variance of a column, that all others explain


def probe_tells(exam: Exam) -> list[Finding]:
    """Look for a column that goes with the other columns only as far as the target does.

    An honest column is a cause: with the target known, it goes with the other causes all the more,
    as one of two numbers does when their sum is known. One that was made from the target, such as
    what happened until then, has nothing to do with the others but for the target.
    """
    table = _table(exam)
    target = targets_of(exam.train)
    if table is None or target is None or target.ndim > 2 or len(target) < _SAMPLES:
        return []
    if any(f.cause is Cause.TARGET_IN_INPUT for f in exam.findings):
        return []
    values, names = table
    wanted = _numbers(target)
    if wanted is None or values.shape == wanted.shape:
        return []
    values, wanted = values[:_MOST], wanted[:_MOST]
    told = _in_some(values, wanted, names) or _with_another(exam, values, wanted, names)
    return told or _made_of(exam, values, wanted, names)


def _table(exam: Exam) -> tuple[Tensor, list[str]] | None:
    """Lay all numbers of the float inputs side by side (N, F), each with its name."""
    parts, names = [], []
    for name, value in exam.train[0]["inputs"].items():
        values = gather(exam.train, name)
        if not value.is_floating_point() or values is None or values.ndim > 3:
            continue
        flat = values.reshape(len(values), -1).double()
        parts.append(flat)
        names += [f"{name!r}, {place}" for place in range(flat.shape[1])]
    if not parts or not 2 <= len(names) <= _NUMBERS:
        return None
    table = torch.cat(parts, 1)
    return (table, names) if bool(torch.isfinite(table).all()) else None


def _numbers(target: Tensor) -> Tensor | None:
    """Give targets as numbers (N, K), of classes which samples are of each."""
    if target.is_floating_point():
        found: Tensor = target.reshape(len(target), -1).double()
        return found if found.shape[1] <= _KINDS and bool(torch.isfinite(found).all()) else None
    kinds = torch.unique(target)
    if target.ndim > 1 or not 2 <= len(kinds) <= _KINDS:
        return None
    of_each: Tensor = (target[:, None] == kinds[None]).double()
    return of_each


def _in_some(values: Tensor, wanted: Tensor, names: list[str]) -> list[Finding]:
    """Find a column that is the target where it is not empty."""
    for place, name in enumerate(names):
        column = values[:, place]
        there = column != column.mode().values
        count = int(there.sum())
        if not _SOME * len(column) <= count < len(column) - 1:
            continue
        for number in wanted.T:
            held, own = number[there], column[there]
            if len(torch.unique(held)) > _KINDS and abs(correlation(own, held)) > _LINE:
                text = f"{name} tells the target of {count} of {len(column)} samples, and is "
                text += f"{float(column.mode().values):.3g} in the others"
                return [Finding(Cause.TARGET_IN_INPUT, "fault", text, name)]
    return []


def _with_another(exam: Exam, values: Tensor, wanted: Tensor, names: list[str]) -> list[Finding]:
    """Find a column that gives the target back together with one other column.

    Where the target was made of the two, as an area is of two lengths, the one goes with none of
    the other columns; what was made of the target goes with all that the target follows from.
    """
    given = exam.train[0]["inputs"].values()
    if any(value.ndim > 2 for value in given if value.is_floating_point()):
        return []  # steps of a series follow from each other
    for number in wanted.T:
        for pair in combined(values, number)[:_PAIRS]:
            told = [_beyond(values, *pair), _beyond(values, *pair[::-1])]
            place, other = pair if told[0] >= told[1] else pair[::-1]
            if max(told) < _TIED:
                continue
            text = (
                f"{names[place]} and {names[other]} give the target together, exactly, by a sum, "
                "product or ratio; with all others the second explains "
                f"{100 * max(told):.0f} % more of the first than alone"
            )
            return [Finding(Cause.TARGET_IN_INPUT, "fault", text, names[place])]
    return []


def _beyond(values: Tensor, place: int, other: int) -> float:
    """Give what all other columns explain of one beyond what a certain other one does."""
    column, rest = _ranked(values[:, place])[:, None], torch.arange(values.shape[1]) != place
    return _explained(values[:, rest], column) - max(
        _explained(values[:, other, None], column), 0.0
    )


def _made_of(exam: Exam, values: Tensor, wanted: Tensor, names: list[str]) -> list[Finding]:
    alone = torch.tensor([_by_bins(column, wanted) for column in values.T])
    best = int(alone.argmax())
    rest = [place for place in range(values.shape[1]) if place != best]
    some = [place for place in range(values.shape[1]) if _pure(values[:, place], wanted)]
    if float(alone[best]) >= _TELLS and float(alone[rest].max()) <= _OTHER * float(alone[best]):
        some.append(best)
    for place in dict.fromkeys(some):
        told = _by_target_alone(exam, values, wanted, place, float(alone[place]))
        if told:
            text = f"{names[place]} alone explains {100 * float(alone[place]):.0f} % of the target"
            return [Finding(Cause.TARGET_IN_INPUT, "fault", text + told, names[place])]
    return []


def _pure(column: Tensor, wanted: Tensor) -> bool:
    """Whether a value of a column of few comes in many samples, and all of those are of a class."""
    levels = torch.unique(column)
    two = bool(((wanted == 0) | (wanted == 1)).all())
    if not two or not 2 <= len(levels) <= _LEVELS:
        return False
    for level in levels:
        inside = column == level
        if int(inside.sum()) < max(_PURE, _TENTH * len(column)):
            continue
        for number in wanted.T:
            if bool((number[inside] == 1).all()) and float(number.mean()) < _SHARE:
                return True
    return False


def _by_target_alone(exam: Exam, values: Tensor, wanted: Tensor, place: int, alone: float) -> str:
    """Say so where a column goes with all others as far as the target does, and no further.

    Where another column does so too, all of them may be what the target brings about, as the
    measures of a kind are.
    """
    own = _shares(values, wanted, place)
    if not _goes_by_target(own, alone):
        return ""
    rest = [other for other in range(values.shape[1]) if other != place]
    shares = torch.tensor([_by_bins(values[:, other], wanted) for other in rest])
    second = int(shares.argmax())
    if len(rest) > 1 and _goes_by_target(
        _shares(values[:, rest], wanted, second), float(shares[second])
    ):
        return ""
    follows, goes, nothing = own
    exam.figures |= {
        "column_alone": alone, "others_explain": follows,
        "others_explain_the_column": goes, "others_explain_what_is_left": nothing,
    }  # fmt: skip
    return (
        f"; all others explain {100 * follows:.0f} % of the target, {100 * goes:.0f} % of that "
        f"column, and {100 * max(nothing, 0.0):.0f} % of what the target leaves of it: it goes "
        "with them by the target alone, as what was made from that does"
    )


def _shares(values: Tensor, wanted: Tensor, place: int) -> tuple[float, float, float]:
    """Give what all other columns explain: of the target, of one, of what is left of that."""
    others = values[:, [other for other in range(values.shape[1]) if other != place]]
    follows = _explained(others, wanted)
    if follows < _FOLLOWS:
        return follows, 0.0, 1.0
    column = _ranked(values[:, place])
    left = column - _given(column, wanted)
    return follows, _explained(others, column[:, None]), _explained(others, left[:, None])


def _goes_by_target(shares: tuple[float, float, float], alone: float) -> bool:
    follows, goes, nothing = shares
    return follows >= _FOLLOWS and goes >= _GOES * alone * follows and nothing <= _NOTHING * follows


def _ranked(column: Tensor) -> Tensor:
    """Give the numbers of a column of many values by their order, so that none lies far away."""
    values, place, counts = torch.unique(column, return_inverse=True, return_counts=True)
    if len(values) <= _LEVELS:
        return column
    rank = counts.cumsum(0).double() - 0.5 * counts
    found: Tensor = torch.special.ndtri(rank / len(column))[place]
    return found


def _by_bins(column: Tensor, wanted: Tensor) -> float:
    """Give the share of the variance of numbers (N, K) that the order of a column (N,) explains."""
    order = column.argsort()
    bins = torch.tensor_split(wanted[order], _BINS)
    within = sum(float((b - b.mean(0)).square().sum()) * len(b) / (len(b) - 1) for b in bins)
    whole = float((wanted - wanted.mean(0)).square().sum())
    return 1.0 - within / max(whole, 1e-30)


def _given(column: Tensor, wanted: Tensor) -> Tensor:
    """Give what the targets (N, K) tell of a column (N,)."""
    kinds, group = torch.unique(wanted, dim=0, return_inverse=True)
    if len(kinds) <= _KINDS:
        sums = torch.zeros(len(kinds), dtype=column.dtype).index_add(0, group, column)
        return (sums / torch.bincount(group, minlength=len(kinds)))[group]
    return _smooth(wanted, wanted, column[:, None])[:, 0]


def _explained(inputs: Tensor, wanted: Tensor) -> float:
    """Give the share of the variance of numbers (N, K) that inputs (N, F) explain, by halves."""
    half = len(inputs) // 2
    left = whole = 0.0
    for one, other in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        told = _smooth(inputs[one], inputs[other], wanted[one])
        left += float((wanted[other] - told).square().sum())
        whole += float((wanted[other] - wanted[one].mean(0)).square().sum())
    return 1.0 - left / max(whole, 1e-30)


def _smooth(inputs: Tensor, asked: Tensor, wanted: Tensor) -> Tensor:
    """Predict by ridge regression on smooth bumps around all samples, and on the numbers."""
    mean, scale = inputs.mean(0), inputs.std(0).clamp(min=1e-9)
    inputs, asked = (inputs - mean) / scale, ((asked - mean) / scale).clamp(-6.0, 6.0)
    wide = 1.0 * float(torch.cdist(inputs[:200], inputs[:200]).median()) + 1e-9

    def alike(one: Tensor, other: Tensor) -> Tensor:
        return (
            torch.exp(-0.5 * (torch.cdist(one, other) / wide).square())
            + 0.1 * (one @ other.T) / inputs.shape[1]
        )

    middle = wanted.mean(0)
    gram = alike(inputs, inputs) + 0.03 * torch.eye(len(inputs), dtype=inputs.dtype)
    told: Tensor = alike(asked, inputs) @ torch.linalg.solve(gram, wanted - middle) + middle
    return told
