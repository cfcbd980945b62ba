"""Outputs, losses and gradients that are not finite, and what half precision loses."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.gradient import gradients, leaves
from inundate.prove.probe.halves import halves_seen
from inundate.prove.wide import widely

__all__ = ["probe_finite_output"]

_HALF = (torch.float16, torch.bfloat16)


def probe_finite_output(exam: Exam) -> list[Finding]:
    """Look for outputs and gradients that are not finite, and for what half precision loses."""
    model, _ = exam.case.pair()
    model.train()
    half = any(p.dtype in _HALF for p in model.parameters())
    loss, norms = gradients(exam, model, exam.typical)
    broken = [name for name, norm in norms.items() if math.isinf(norm) or _is_nan(model, name)]
    output = exam.output
    finite = bool(torch.isfinite(output).all()) and math.isfinite(loss)
    if half:
        return _half(exam, model, finite and not broken)
    if finite and not broken:
        return _some_loss(exam)
    half_seen = halves_seen(exam)
    if half_seen and _finite_if_wide(exam):
        text = f"in {half_seen} output, loss or gradient are not finite; in float32 they are"
        return [Finding(Cause.PRECISION, "fault", text)]
    where = _first_not_finite(exam, model) if not finite else f"what follows {broken[-1]}"
    text = f"on finite data the loss of the untrained model is {loss}" + (
        f"; the gradient of {', '.join(broken[:3])} is not finite" if broken else ""
    )
    return [Finding(Cause.NOT_FINITE_OUTPUT, "fault", text, where)]


def _finite_if_wide(exam: Exam) -> bool:
    """Whether loss and gradient are finite where nothing is cast to half precision."""
    model = copy.deepcopy(exam.case.model).train()
    with widely():
        loss, _ = gradients(exam, model, exam.typical)
    slopes = [weight.grad for weight in model.parameters() if weight.grad is not None]
    return math.isfinite(loss) and all(bool(torch.isfinite(slope).all()) for slope in slopes)


def _some_loss(exam: Exam) -> list[Finding]:
    """Ask for the loss of every batch: a few samples, such as empty ones, may spoil theirs."""
    model = copy.deepcopy(exam.case.model).train()
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "some loss"):
        losses = [float(exam.case.loss(model, batch)) for batch in exam.train]
    bad = [loss for loss in losses if not math.isfinite(loss)]
    if not bad:
        return []
    text = (
        f"on finite data the loss of the untrained model is {bad[0]} for {len(bad)} of "
        f"{len(losses)} batches"
    )
    return [Finding(Cause.NOT_FINITE_OUTPUT, "fault", text, "some samples")]


def _is_nan(model: nn.Module, name: str) -> bool:
    module = leaves(model)[name]
    grads = [p.grad for p in module.parameters(recurse=False) if p.grad is not None]
    return any(not bool(torch.isfinite(grad).all()) for grad in grads)


def _first_not_finite(exam: Exam, model: nn.Module) -> str:
    """Name the first module whose output is not finite."""
    bad: list[str] = []

    def hook(name: str) -> Any:
        def see(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor) and not bool(torch.isfinite(output).all()):
                bad.append(name)

        return see

    handles = [m.register_forward_hook(hook(n)) for n, m in model.named_modules() if n]
    exam.run(model, exam.typical)
    for handle in handles:
        handle.remove()
    return bad[0] if bad else "the loss"


def _half(exam: Exam, model: nn.Module, finite: bool) -> list[Finding]:
    lost = [p.grad == 0 for p in model.parameters() if p.grad is not None]
    share = float(torch.cat([part.flatten() for part in lost]).float().mean()) if lost else 0.0
    whole = copy.deepcopy(exam.case.model).float()
    dtype = next(p.dtype for p in model.parameters() if p.dtype in _HALF)
    inputs = {n: v.float() if v.dtype in _HALF else v for n, v in exam.typical["inputs"].items()}
    wide = {**exam.typical, "inputs": inputs}
    with widely():  # the model may cast its inputs itself
        gradients(exam, whole, wide)
    other = [p.grad == 0 for p in whole.parameters() if p.grad is not None]
    fine = float(torch.cat([part.flatten() for part in other]).float().mean()) if other else 0.0
    if finite and share < fine + 0.2:
        text = f"the weights are {str(dtype).removeprefix('torch.')}: small steps are rounded away"
        return [Finding(Cause.PRECISION, "suspect", text)]
    text = (
        f"in {str(dtype).removeprefix('torch.')} {100 * share:.0f} % of the gradient is 0 "
        f"({100 * fine:.0f} % in float32)"
        if finite
        else f"in {str(dtype).removeprefix('torch.')} output, loss or gradient are not finite"
    )
    return [Finding(Cause.PRECISION, "fault", text)]
