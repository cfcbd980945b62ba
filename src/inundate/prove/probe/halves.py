"""Half precision on the way, and steps whose gradient is not finite while that of the loss is."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.trial import plain_step

__all__ = ["halves_seen", "probe_halves"]

_HALF = (torch.float16, torch.bfloat16)
_LARGER = 2.0**14  # times the loss, that lifts a gradient out of what float16 rounds to 0
_LOST = 0.2  # of the gradient, that is 0 and need not be
_ALIKE = 0.8  # correlation of the gradient with that of a larger loss, below which it is another
_STEPS = 10


class _Watch(TorchFunctionMode):
    """Sees whether anything is computed in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[torch.dtype] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a function and look at what it gives."""
        found = func(*args, **(kwargs or {}))
        if isinstance(found, Tensor) and found.dtype in _HALF:
            self.seen.add(found.dtype)
        return found


def halves_seen(exam: Exam) -> str:
    """Name the half precision that model or loss compute in; "" if none."""
    model = copy.deepcopy(exam.case.model).train()
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "halves"), _Watch() as watch:
        exam.case.loss(model, exam.typical)
    return ", ".join(sorted(str(kind).removeprefix("torch.") for kind in watch.seen))


def probe_halves(exam: Exam) -> list[Finding]:
    """Look for a gradient that half precision loses, and for steps that spoil the weights."""
    if any(weight.dtype in _HALF for weight in exam.case.model.parameters()):
        return []  # told by the probe of finite outputs
    half = halves_seen(exam)
    spoilt = _spoilt(exam)
    if spoilt:
        text = f"{spoilt}; model or loss compute in {half}" if half else spoilt
        return [Finding(Cause.PRECISION if half else Cause.STEP_WRONG, "fault", text)]
    return _lost(exam, half) if half else []


def _spoilt(exam: Exam) -> str:
    """Say so where the user's steps make weights that are not finite, and plain ones do not."""
    if exam.case.step is None:
        return ""
    own, plain = (_finite_steps(exam, plain=plain) for plain in (False, True))
    if own >= plain or own == _STEPS:
        return ""
    return (
        f"after {own + 1} of the training's own steps weights or gradients are not finite; "
        f"{plain} plain steps leave them finite"
    )


def _finite_steps(exam: Exam, *, plain: bool) -> int:
    """Count steps on one batch after which all weights and gradients are finite."""
    model, optimiser = exam.case.pair()
    model.train()
    for number in range(_STEPS):
        with isolated_random(exam.seed, "doctor", "halves", number):
            if plain or exam.case.step is None:
                plain_step(exam.case.loss, model, optimiser, exam.typical)
            else:
                exam.case.step(model, optimiser, exam.typical["raw"])
        held = [w for w in model.parameters()] + [
            w.grad for w in model.parameters() if w.grad is not None
        ]
        if not all(bool(torch.isfinite(one).all()) for one in held):
            return number
    return _STEPS


def _lost(exam: Exam, half: str) -> list[Finding]:
    """Compare how much of the gradient is 0 with that of the same loss, many times as large."""
    if exam.case.step is not None and _zeros(_own(exam)) < _LOST:
        return []  # a scaler has brought it back
    own, large = (_gradient(exam, by) for by in (1.0, _LARGER))
    here, larger = _zeros(own), _zeros(large)
    alike = float(torch.cosine_similarity(torch.cat(own), torch.cat(large), dim=0)) if own else 1.0
    exam.figures |= {"gradient_lost": here - larger, "gradient_alike": alike}
    if here < larger + _LOST and not alike < _ALIKE:
        return []
    text = (
        f"in {half} {100 * here:.0f} % of the gradient is 0, and {100 * larger:.0f} % with the "
        f"loss {_LARGER:g} times as large; the two have a correlation of {alike:.2f}"
    )
    return [Finding(Cause.PRECISION, "fault", text)]


def _own(exam: Exam) -> list[Tensor]:
    """Give what the user's own step leaves as the gradient."""
    model, optimiser = exam.case.pair()
    model.train()
    assert exam.case.step is not None
    with isolated_random(exam.seed, "doctor", "halves"):
        exam.case.step(model, optimiser, exam.typical["raw"])
    return _held(model)


def _gradient(exam: Exam, by: float) -> list[Tensor]:
    model = copy.deepcopy(exam.case.model).train()
    model.zero_grad()
    with isolated_random(exam.seed, "doctor", "halves"):
        loss = by * exam.case.loss(model, exam.typical)
        if loss.requires_grad:
            torch.autograd.backward(loss)
    return _held(model)


def _held(model: nn.Module) -> list[Tensor]:
    return [weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]


def _zeros(slopes: list[Tensor]) -> float:
    if not slopes:
        return 0.0
    return float((torch.cat(slopes) == 0).float().mean())
