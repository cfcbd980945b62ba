"""Images whose brightness tells their class, though what is on them tells it as well."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.data import gather
from inundate.prove.probe.mended import skill_with
from inundate.prove.probe.reference import targets_of
from inundate.prove.trial import Remedy

__all__ = ["level_of", "probe_brightness"]

_SAMPLES = 60
_KINDS = 20  # classes
_LEAST = 5  # samples of a class
_LEFT = 0.3  # skill without the brightness, from which what is on the images tells enough
_IMAGE = 4  # axes
_QUARTERS = (0.25, 0.5, 0.75)
_BRIGHTER = 0.9  # of the pairs of a brighter and a darker class, at each quarter of the cells

#: What one number says of each channel of images (N, C, H, W).
_LEVELS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda images: images.flatten(2).mean(2),
    "median": lambda images: images.flatten(2).median(2).values,
    "lowest value": lambda images: images.flatten(2).amin(2),
    "highest value": lambda images: images.flatten(2).amax(2),
}


def probe_brightness(exam: Exam) -> list[Finding]:
    """Look for classes that one number of a whole image parts, and train without that number.

    As where each class was photographed on a day, or scanned by a machine, of its own. A class
    that is a brightness is not told without it: then it is what is asked for.
    """
    target = targets_of(exam.train)
    if target is None or target.ndim != 1 or len(target) < _SAMPLES or exam.case.trained:
        return []
    if exam.answers.kind != "classes" or not worth(exam, Cause.TARGET_IN_INPUT):
        return []
    for name, value in exam.train[0]["inputs"].items():
        images = gather(exam.train, name)
        if images is None or value.ndim != _IMAGE or not value.is_floating_point():
            continue
        found = level_of(images, target)
        if found is None:
            continue
        level, channel = found
        remedy = Remedy("without it", batch=_without(name, level))
        skill = skill_with(exam, remedy)
        if skill is None or not skill.there or skill.value < _LEFT:
            continue
        text = (
            f"the {level} of channel {channel} of {name!r} alone tells the class of all "
            f"{len(target)} images; {remedy.name} the model has a skill of {skill.value:.2f} by "
            "what else is on them"
        )
        subject = f"{name!r}, by its {level}"
        return [Finding(Cause.TARGET_IN_INPUT, "fault", text, subject, tried=True, firm=True)]
    return []


def level_of(images: Tensor, target: Tensor) -> tuple[str, int] | None:
    """Name a number of whole images, and its channel, of which each class has values of its own."""
    kinds, counts = torch.unique(target, return_counts=True)
    if not 2 <= len(kinds) <= _KINDS or int(counts.min()) < _LEAST:
        return None
    for name, of in _LEVELS.items():
        levels = of(images.double())
        for channel in range(levels.shape[1]):
            level = levels[:, channel]
            if _parts(level, target) and _all_over(images[:, channel].double(), level, target):
                return name, channel
    return None


def _parts(level: Tensor, target: Tensor) -> bool:
    """Whether each class is one stretch of values, and none of those is of two classes."""
    order = level.argsort()
    values, classes = level[order], target[order]
    changes = classes[1:] != classes[:-1]
    apart = (values[1:] - values[:-1])[changes]
    return int(changes.sum()) == len(torch.unique(target)) - 1 and bool((apart > 0).all())


def _all_over(images: Tensor, level: Tensor, target: Tensor) -> bool:
    """Whether the dark, the middle and the bright cells are brighter in a brighter class.

    A light does that, or a wall. What is larger is brighter in the mean, and as dark elsewhere.
    """
    kinds = torch.unique(target)
    kinds = kinds[torch.stack([level[target == kind].mean() for kind in kinds]).argsort()]
    ordered = images.flatten(1).sort(1).values
    for quarter in _QUARTERS:
        cells = ordered[:, int(quarter * ordered.shape[1])]
        for low, high in pairwise(kinds):
            pairs = cells[target == high][:, None] - cells[target == low][None]
            if float((pairs > 0).double().mean()) < _BRIGHTER:
                return False
    return True


def _without(name: str, level: str) -> Callable[[Batch], Batch]:
    def change(batch: Batch) -> Batch:
        images = batch["inputs"][name]
        moved = images - _LEVELS[level](images)[:, :, None, None]
        return {**batch, "inputs": {**batch["inputs"], name: moved}}

    return change
