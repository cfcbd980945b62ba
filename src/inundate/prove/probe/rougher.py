"""Maps that are far rougher, or smoother, in validation than in training."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather

__all__ = ["rougher"]

_ANEW = 0.9  # of the samples that an epoch has again, from which nothing is drawn
_LOST = 0.2  # of skill, between training and validation
_APART = 0.98  # of the pairs of a sample of each part, of which the same one is the rougher
_TIMES = 1.5  # as rough
_LEAST = 20  # samples of each part


def rougher(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """See whether each sample tells by its roughness whether it is one to train on.

    As where images of one part alone went through a smaller size, a filter or another format, and
    the skill is lost there. Not where those of training are drawn anew, as noise makes them rough.
    """
    again = exam.figures.get("samples_that_recur", 0.0)
    if exam.case.valid is None or exam.case.trained or again < _ANEW:
        return []
    if seen.value - max(unseen.value, 0.0) < _LOST:
        return []
    for name in exam.train[0]["inputs"]:
        one, other = (_roughness(part, name) for part in (exam.train, exam.valid))
        if one is None or other is None or min(len(one), len(other)) < _LEAST:
            continue
        if one.shape[1] != other.shape[1]:
            continue
        for channel, (here, there) in enumerate(zip(one.T, other.T, strict=True)):
            more, less = here[:, None] > there[None], here[:, None] < there[None]
            low, high = sorted((float(here.median()), float(there.median())))
            if max(float(way.double().mean()) for way in (more, less)) < _APART:
                continue
            if high < _TIMES * low:
                continue
            text = (
                f"neighbours in channel {channel} of {name!r} differ by {float(here.median()):.2g} "
                f"of the variance of an image in training and by {float(there.median()):.2g} in "
                f"validation (medians); skill is {seen.value:.2f} there, {unseen.value:.2f} here"
            )
            return [Finding(Cause.SPLIT_SHIFT, "fault", text, f"{name!r}")]
    return []


def _roughness(batches: Sequence[Batch], name: str) -> Tensor | None:
    """Give for each image and channel (N, C) the square differences of neighbours, by variance."""
    values = gather(batches, name)
    if values is None or values.ndim != 4 or not values.is_floating_point():
        return None
    if min(values.shape[2:]) < 4:
        return None
    held = values.double()
    down, right = held.diff(dim=2).square().mean((2, 3)), held.diff(dim=3).square().mean((2, 3))
    return (down + right) / (2 * held.var((2, 3))).clamp(min=1e-12)
