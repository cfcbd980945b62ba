"""A training that rests where it began, though the model can be moved far better."""

from __future__ import annotations

import copy

import torch
from torch import nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.reach import percent
from inundate.prove.trial import Remedy

__all__ = ["probe_still"]

_RESTS = 0.03  # of the way, that is next to nothing
_GAIN = 0.2  # of the way, that small steps by Adam come in the same time
_WAY = 0.2  # of the length that Adam's weights go
_PATIENCE = 4  # times as many steps


def probe_still(exam: Exam) -> list[Finding]:
    """Compare the way of the weights on one batch with that by small steps of Adam.

    A model that begins with the water before, or that of a coarse solver, is good untrained; that
    its training adds nothing is seen by this alone.
    """
    if _without_gradient(exam):
        text = (
            "no weight of the model has a gradient, before a training and after: the output "
            "depends on none of them"
        )
        return [Finding(Cause.NO_GRADIENT, "fault", text, "the model", firm=True)]
    if exam.case.trained or exam.one.broke or not worth(exam, Cause.RATE_TOO_LOW):
        return []
    if any(finding.tried and finding.is_fault for finding in exam.findings):
        return []  # what makes it learn is known
    batch = [exam.typical]
    begin = exam.progress(exam.one.first, batch)
    if exam.one_progress > begin + _RESTS:
        return []
    calm = exam.progress(exam.calm.last, batch)
    if calm < begin + _GAIN or exam.progress(exam.calm.first, batch) > begin + _GAIN:
        return []
    own, other = (_length(exam.case.model, trial.model) for trial in (exam.one, exam.calm))
    if own > _WAY * other:
        return []
    patient = exam.progress(exam.try_one(times=_PATIENCE).last, batch)
    if patient > begin + 2.0 * _RESTS:
        return []
    if exam.case.step is not None:
        plain = exam.progress(exam.try_one(Remedy("a plain step", plain=True)).last, batch)
        if plain > begin + _GAIN:
            text = (
                f"on one batch the loss rests where it began, {percent(begin)} of the way to the "
                f"right answer; with a plain step it comes {percent(plain)}"
            )
            return [Finding(Cause.STEP_WRONG, "fault", text, tried=True, firm=True)]
    odd = _odd(exam)
    text = (
        f"on one batch the loss rests where it began, {percent(begin)} of the way to the right "
        f"answer, and the weights go {own:.2g}; by steps of Adam at 0.001 they go {other:.2g}, and "
        f"come {percent(calm)} of the way{odd}"
    )
    subject = f"{min(max(other / max(own, 1e-30), 1.0), 1e30):.0g}"
    return [Finding(Cause.RATE_TOO_LOW, "fault", text, subject, tried=True, firm=True)]


def _without_gradient(exam: Exam) -> bool:
    """Whether the gradient of all weights is exactly 0, as behind a factor of 0."""
    for trained in (exam.case.model, exam.one.model):
        model = copy.deepcopy(trained).train()
        model.zero_grad()
        with isolated_random(exam.seed, "doctor", "still"):
            loss = exam.case.loss(model, exam.typical)
            if loss.requires_grad:
                torch.autograd.backward(loss)
        slopes = [weight.grad for weight in model.parameters() if weight.grad is not None]
        if not slopes or any(bool((slope != 0).any()) for slope in slopes):
            return False
    return True


def _length(before: nn.Module, after: nn.Module) -> float:
    """Give how far all weights have gone."""
    ends = dict(after.named_parameters())
    with torch.no_grad():
        square = sum(
            float((ends[name] - weight).double().square().sum())
            for name, weight in before.named_parameters()
            if name in ends and ends[name].shape == weight.shape
        )
    return float(square**0.5)


def _odd(exam: Exam) -> str:
    """Name what of the optimiser is far from how it comes."""
    _, optimiser = exam.case.pair()
    told = []
    for group in optimiser.param_groups:
        if group.get("eps", 0.0) > 1e-2:
            told.append(f"eps is {group['eps']:g}")
        first = (*group.get("betas", ()), group.get("momentum", 0.0))[0]
        if first > 0.995:
            told.append(f"the first moment keeps {first:g} of each step")
        if group.get("dampening", 0.0) > 0.9:
            told.append(f"dampening is {group['dampening']:g}")
    return f"; {', '.join(dict.fromkeys(told))}" if told else ""
