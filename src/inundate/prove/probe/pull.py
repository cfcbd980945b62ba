"""A training step that follows another gradient than that of the loss it gives."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.mended import skill_with
from inundate.prove.trial import Remedy

__all__ = ["probe_pull"]

_SAME = 1e-3  # of the loss: a step that draws other numbers gives another one
_ALONG = 0.6  # cosine of the two; a gradient whose numbers are cut off at one size has about 0.8
_AGAINST = -0.9  # the same, from which a step goes up where its loss falls
_PULLED = 1e-3  # of the largest gradient of a tensor
_PART = 0.25  # of a tensor
_GAINED = 0.05  # of the way to the right answers
_CAUSES = (Cause.LOSS_SIGN, Cause.STEP_WRONG)


def probe_pull(exam: Exam) -> list[Finding]:
    """Compare the gradient that the user's step leaves with that of the loss which it gives.

    As where gradients are cleared between two losses, so that one of them is never followed. It is
    a fault where a plain step of the same optimiser comes further. A gradient that is the opposite
    of the loss's own is one of the wrong sign.
    """
    if exam.case.step is None or exam.case.trained or not worth(exam, *_CAUSES):
        return []
    pairs = _gradients(exam)
    if not pairs:
        return []
    along, left = _cosine(pairs), _left_alone(pairs)
    exam.figures |= {"step_along_gradient": along, "left_without_gradient": float(left)}
    own = exam.figures.get("progress_valid", 1.0)
    if along > _ALONG and not left:
        return []
    skill = skill_with(exam, Remedy("with a plain step", plain=True))
    if skill is None or skill.progress < own + _GAINED:
        return []
    rest = f", and is 0 for {left} weights that are pulled by that" if left else ""
    text = (
        f"the gradient that a step leaves has a cosine of {along:.2f} with that of the loss which "
        f"it gives{rest}: {100 * own:.0f} % of the way on unseen samples, with a plain step "
        f"{100 * skill.progress:.0f} %"
    )
    cause = Cause.LOSS_SIGN if along < _AGAINST else Cause.STEP_WRONG
    return [Finding(cause, "fault", text, tried=True, firm=True)]


def _gradients(exam: Exam) -> list[tuple[Tensor, Tensor]]:
    """Give both gradients of each tensor of weights; none if the step gives another loss."""
    step = exam.case.step
    assert step is not None
    with isolated_random(exam.seed, "doctor", "pull"):
        model, optimiser = exam.case.pair()
        told = step(model.train(), optimiser, exam.typical["raw"])
        given = _left_by(model)
    with isolated_random(exam.seed, "doctor", "pull"):
        other, _ = exam.case.pair()
        loss = exam.case.loss(other.train(), exam.typical)
        if loss.requires_grad:
            torch.autograd.backward(loss)
        plain = _left_by(other)
    value, wanted = float(torch.as_tensor(told).detach()), float(loss.detach())
    if not abs(value - wanted) <= _SAME * abs(wanted):
        return []
    return [(a, b) for a, b in zip(given, plain, strict=True) if a is not None and b is not None]


def _left_by(model: nn.Module) -> list[Tensor | None]:
    return [None if p.grad is None else p.grad.detach().double() for p in model.parameters()]


def _cosine(pairs: list[tuple[Tensor, Tensor]]) -> float:
    one, two = (torch.cat([pair[side].flatten() for pair in pairs]) for side in (0, 1))
    sizes = float(one.norm() * two.norm())
    return float(one @ two) / sizes if sizes > 0 else 1.0  # of nothing no way is known


def _left_alone(pairs: list[tuple[Tensor, Tensor]]) -> int:
    """Count the weights that only the loss pulls, in tensors that are pulled in part by both."""
    found = 0
    for given, plain in pairs:
        alone = (given == 0) & (plain.abs() > _PULLED * plain.abs().amax())
        if bool((given != 0).any()) and float(alone.double().mean()) > _PART:
            found += int(alone.sum())
    return found
