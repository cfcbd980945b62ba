"""What stands alike at the ends of all samples: does the model learn far more without it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.changes import Change
from inundate.prove.probe.data import gather
from inundate.prove.probe.mended import skill_with
from inundate.prove.trial import Remedy

__all__ = ["drowned_by_tail", "without_tail"]

_HALF = 0.5  # of the places, that are left at most
_ALIKE = 0.95  # of the samples, that hold the same there: one long text is no reason for all
_LEAST = 2  # places
_KNOWN = 0.8  # skill, from which what fills up is not in the way
_GAIN = 0.15  # of skill
_WAY = 0.25  # of the way by the loss: classes may be right long before it is low

#: Axes along which samples may be filled up, by how many there are: texts and tables (B, L),
#: series (B, L, E) and (B, C, L), maps (B, C, H, W) at any side, and frames of those.
_AXES: dict[int, tuple[tuple[int, ...], ...]] = {
    2: ((1,),), 3: ((1,), (2,)), 4: ((2, 3), (1,)), 5: ((3, 4), (1,), (2,)),
}  # fmt: skip


def drowned_by_tail(exam: Exam, unseen: Skill) -> list[Finding]:
    """Train on what is left of samples without what fills them up.

    A mean over all places, attention that no mask restrains, or a state that is read behind them
    loses what was said, in texts and series as in sets, and in images on a large empty ground.
    """
    known = min(unseen.value, unseen.progress) > _KNOWN
    if exam.case.trained or known or not worth(exam, Cause.PADDING):
        return []
    cut = without_tail(exam)
    if cut is None:
        return []
    name, change = cut
    remedy = Remedy("with what stands alike at the ends of all samples cut off", batch=change)
    skill = skill_with(exam, remedy)
    if skill is None or not skill.there:
        return []
    gained = skill.value >= max(unseen.value, 0.0) + _GAIN
    nearer = skill.progress >= max(unseen.progress, 0.0) + _WAY and skill.value >= unseen.value
    if not gained and not nearer:
        return []
    text = (
        f"skill on unseen samples is {max(unseen.value, -9.99):.2f}, and {skill.value:.2f} "
        f"{remedy.name}; by the loss {100 * max(unseen.progress, -9.99):.0f} % of the way, and "
        f"{100 * skill.progress:.0f} %"
    )
    return [Finding(Cause.PADDING, "fault", text, f"{name!r}", tried=True, firm=True)]


def without_tail(exam: Exam) -> tuple[str, Change] | None:
    """Make the function that cuts off what stands alike at the ends of samples; name their input.

    None where that is less than half of the places, or the model needs all of them.
    """
    for name in exam.train[0]["inputs"]:
        values = gather(exam.train, name)
        if values is None:
            continue
        for axes in _AXES.get(values.ndim, ()):
            kept = {axis: _kept(values, axis) for axis in axes}
            left = math.prod((k.stop - k.start) / values.shape[a] for a, k in kept.items())
            if 0.0 < left <= _HALF:
                change = _cutting(name, kept)
                if _answers_as_before(exam, change):
                    return name, change
    return None


def _kept(values: Tensor, axis: int) -> slice:
    """Give the places along an axis between what is the same in nearly all samples."""
    rows = values.movedim(axis, 1).flatten(2) if values.ndim > 2 else values[..., None]
    begin, end = (_run(rows, backwards=backwards) for backwards in (False, True))
    count = values.shape[axis]
    if begin + end >= count:
        return slice(0, 0)  # nothing is said along it
    return slice(begin if begin >= _LEAST else 0, count - (end if end >= _LEAST else 0))


def _run(rows: Tensor, *, backwards: bool) -> int:
    """Count the places (N, L, …) at one end that hold the number that stands there most often.

    Or, of each sample, its own last one, held to the end: that one itself is no filler.
    """
    ordered = rows.flip(1) if backwards else rows
    filler = ordered[:, 0].flatten().mode().values
    alike, held = (
        int(((ordered == what).all(2).double().mean(0) >= _ALIKE).long().cumprod(0).sum())
        for what in (filler, ordered[:, :1])
    )
    return max(alike, held - 1)


def _cutting(name: str, kept: dict[int, slice]) -> Change:
    """Make the function that keeps these places, of a mask or what else goes with them too."""

    def cut(batch: Batch) -> Batch:
        whole = batch["inputs"][name].shape
        inputs = {}
        for other, value in batch["inputs"].items():
            held = value
            for axis, part in kept.items():
                place = axis if value.ndim == len(whole) else _axis_of(value, whole[axis])
                if 0 < place < value.ndim and value.shape[place] == whole[axis]:
                    held = held.narrow(place, part.start, part.stop - part.start)
            inputs[other] = held
        return {**batch, "inputs": inputs}

    return cut


def _axis_of(value: Tensor, size: int) -> int:
    sizes: Sequence[int] = value.shape
    return sizes.index(size, 1) if size in sizes[1:] else 0


def _answers_as_before(exam: Exam, change: Change) -> bool:
    """Whether the model takes what is left, and gives answers of the same shape."""
    try:
        found = exam.run(exam.case.model, change(exam.train[0]))
    except Exception:  # noqa: BLE001  the model is the user's and may want one length
        return False
    return found.shape == exam.output.shape
