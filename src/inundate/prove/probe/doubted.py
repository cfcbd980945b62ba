"""Noise, decay and schedules that one batch does not show: all batches are trained without."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.mended import far_better, skill_with
from inundate.prove.probe.noise import QUIET, drawn_by, noiseless
from inundate.prove.trial import Remedy

__all__ = ["by_own_numbers", "doubted"]

_KNOWN = 0.8  # skill, from which nothing has been in the way
_PULL = 0.005  # of a weight a step by decay alone, ten times what is usual anywhere
_ADDED = 0.02  # of a weight, added to its gradient: the same
_GONE = 0.01  # of the highest rate, at the end of the training
_APART = 0.05  # of the highest rate, below which some weights hardly move beside the others
_DROWNS = 1.0  # deviation between draws of what was trained, of that between samples
_ALWAYS = 0.3  # the same in evaluation mode, in which nothing should be drawn


@dataclass(frozen=True)
class _Doubt:
    """What is far from usual, and what takes it out."""

    remedy: Remedy
    told: str
    subject: str = ""


def doubted(exam: Exam, unseen: Skill) -> list[Finding]:
    """Take out what is far from usual, where the model leaves much, and see whether far less is.

    One batch may be known by heart in spite of it.

    Parameters
    ----------
    exam : Exam
    unseen : Skill
        Of the user's own training, on samples that were not trained on.
    """
    if exam.case.trained or exam.all.broke or unseen.value > _KNOWN:
        return []
    for cause, ask in _DOUBTS:
        if not worth(exam, cause):
            continue
        doubt = ask(exam)
        if doubt is None or f"skill_valid, {doubt.remedy.name}" in exam.figures:
            continue
        skill = skill_with(exam, doubt.remedy)
        if skill is None or not skill.there or not far_better(skill, unseen):
            continue
        text = (
            f"{doubt.told}; skill on unseen samples is {unseen.value:.2f}, {doubt.remedy.name} "
            f"{skill.value:.2f}"
        )
        return [Finding(cause, "fault", text, doubt.subject, tried=True, firm=True)]
    return []


def _noise(exam: Exam) -> _Doubt | None:
    """Look at what the trained model draws in training mode, or in evaluation mode too."""
    strength = drawn_by(exam, exam.all.model)
    exam.figures["noise_in_training"] = min(strength, 1e6)
    always = exam.figures.get("noise_in_evaluation", 0.0)
    if always > _ALWAYS and not by_own_numbers(exam):
        told = (
            f"in evaluation mode too, outputs for one sample differ {always:.2g} times as much "
            "from draw to draw as between samples"
        )
        return _Doubt(noiseless(exam) or QUIET, told)
    if strength <= _DROWNS:
        return None
    told = (
        f"after the training, outputs for one sample still differ {min(strength, 99.0):.2g} times "
        "as much from draw to draw as between samples"
    )
    return _Doubt(noiseless(exam) or QUIET, told)


def by_own_numbers(exam: Exam) -> bool:
    """Say whether a model gives, beside numbers with noise in evaluation too, others without any.

    As the mean and the variance of a code that is drawn: the model sets the size of its noise
    itself, and its loss pays for it.
    """
    if exam.case.whole is None or exam.output.ndim != 2:
        return False
    model = copy.deepcopy(exam.all.model).eval()
    told = []
    for number in range(2):
        with torch.no_grad(), isolated_random(exam.seed, "doctor", "own numbers", number):
            told.append(exam.case.call(model, exam.typical["inputs"]))
    moved = (told[0] != told[1]).any(0)
    return bool(moved.any()) and int((~moved).sum()) > 1


def _decay(exam: Exam) -> _Doubt | None:
    """Look for a decay of a size that no one uses."""
    optimiser = exam.case.pair()[1]
    plain = isinstance(optimiser, (torch.optim.AdamW, torch.optim.SGD))
    shares = [
        (float(group.get("weight_decay", 0.0)), float(group["lr"]))
        for group in optimiser.param_groups
    ]
    decay = max(share for share, _ in shares)
    if not (max(share * rate for share, rate in shares) > _PULL if plain else decay > _ADDED):
        return None
    return _Doubt(Remedy("without weight decay", no_decay=True), f"weight decay is {decay:g}")


def _schedule(exam: Exam) -> _Doubt | None:
    """Look for a rate that is all but gone: what is not learnt by then never is."""
    rates = exam.all.rates
    if not 0.0 < rates[-1] < _GONE * max(rates):
        return None
    told = f"the learning rate is {max(rates):.3g} at most and {rates[-1]:.3g} after {len(rates)} "
    held = Remedy("with the rate held at its first value", held=True)
    return _Doubt(held, f"{told}steps", f"{max(rates) / rates[-1]:.3g}")


def _groups(exam: Exam) -> _Doubt | None:
    """Look for weights at a far lower rate than others have, as is right where they are trained."""
    rates = [float(group["lr"]) for group in exam.case.pair()[1].param_groups]
    low, high = min(rates), max(rates)
    if not 0.0 < low < _APART * high:
        return None
    told = f"the optimiser has rates from {low:.3g} to {high:.3g}"
    return _Doubt(Remedy("with all at the highest", alike=True), told, f"{high / low:.3g}")


_DOUBTS: tuple[tuple[Cause, Callable[[Exam], _Doubt | None]], ...] = (
    (Cause.NOISE_TOO_STRONG, _noise),
    (Cause.DECAY_TOO_STRONG, _decay),
    (Cause.RATE_TOO_LOW, _schedule),
    (Cause.RATE_TOO_LOW, _groups),
)
