"""The untrained model: loss at step 0, gradients, units, symmetry, precision."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding, Weight
from inundate.prove.probe.activations import watch_rounding, watch_units

__all__ = ["gradients", "leaves", "probe_finite_output", "probe_gradient", "probe_start"]

_FADED = 1e-5  # gradient per weight of the first layer over that of the last
_DEAD = 0.95
_SATURATED = 0.8
_HIGH = 3.0  # times the loss of the best constant from which a start is doubtful
_HALF = (torch.float16, torch.bfloat16)


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    """Give the modules that hold weights themselves."""
    return {
        name or "the model": module
        for name, module in model.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    }


def gradients(exam: Exam, model: nn.Module, batch: Batch) -> tuple[float, dict[str, float]]:
    """Give loss and, for each module with weights, its gradient per weight; NaN where none came."""
    model.zero_grad()
    with isolated_random(exam.seed, "doctor", "gradient"):
        loss = exam.case.loss(model, batch)
        if loss.requires_grad:
            torch.autograd.backward(loss)
    found = {}
    for name, module in leaves(model).items():
        parts = [p.grad for p in module.parameters(recurse=False) if p.grad is not None]
        count = sum(part.numel() for part in parts)
        square = sum(float(part.double().square().sum()) for part in parts)
        found[name] = math.sqrt(square / count) if count else math.nan
    return float(loss.detach()), found


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
    where = _first_not_finite(exam, model) if not finite else f"what follows {broken[-1]}"
    text = f"on finite data the loss of the untrained model is {loss}" + (
        f"; the gradient of {', '.join(broken[:3])} is not finite" if broken else ""
    )
    return [Finding(Cause.NOT_FINITE_OUTPUT, "fault", text, where)]


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
    gradients(exam, whole, {**exam.typical, "inputs": inputs})
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


def probe_start(exam: Exam) -> list[Finding]:
    """Look at the loss at step 0, at dead and saturated units, and at symmetric weights."""
    model, _ = exam.case.pair()
    found = _units(exam, model.train())
    found += _symmetric(model)
    loss = exam.loss(copy.deepcopy(model), [exam.typical])
    best, constant = exam.levels([exam.typical])
    exam.figures |= {"loss_start": loss, "loss_best": best, "loss_of_constant": constant}
    if not exam.case.trained and constant > best and loss > best + _HIGH * (constant - best):
        text = (
            f"at step 0 the loss is {loss:.4g}; a model that knows nothing but the mean (or the "
            f"frequencies) would have {constant:.4g}"
        )
        found.append(Finding(Cause.BAD_START, "suspect", text))
    return found


def _units(exam: Exam, model: nn.Module) -> list[Finding]:
    seen = watch_units(exam, model, exam.learnt[:8])
    found = []
    for name, unit in seen.items():
        if unit.dead >= _DEAD:
            text = f"{100 * unit.dead:.0f} % of the units of {name} are 0 for all samples"
            found.append(Finding(Cause.DEAD_UNITS, "fault", text, name))
        elif unit.saturated >= _SATURATED:
            text = (
                f"{100 * unit.saturated:.0f} % of the values of {name} are at an end of its range"
            )
            found.append(Finding(Cause.SATURATED, "suspect", text, name))
    return found[:1]


def _symmetric(model: nn.Module) -> list[Finding]:
    """Look for layers all of whose units are alike; not the last one, where 0 is fine."""
    layers = [
        (name, module.weight)
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Embedding))
    ]
    alike = []
    for name, weight in layers[:-1]:
        rows = weight.detach().reshape(len(weight), -1)
        if len(rows) > 2 and weight.requires_grad and bool((rows == rows[:1]).all()):
            alike.append(name)
    if not alike:
        return []
    text = f"all units of {', '.join(alike[:3])} have the same weights"
    zero = all(_is_zero(model, name) for name in alike)
    subject = ", ".join(alike[:3])
    return [Finding(Cause.SYMMETRIC_START, "suspect" if zero else "fault", text, subject)]


def _is_zero(model: nn.Module, name: str) -> bool:
    """Whether all weights are 0, as the last layer of a residual branch may be."""
    weight = model.get_submodule(name).weight
    return isinstance(weight, Tensor) and bool((weight == 0).all())


def probe_gradient(exam: Exam) -> list[Finding]:
    """Look for layers that take part and get no gradient, at step 0 and a few steps later."""
    fresh, _ = exam.case.pair()
    fresh.train()
    loss = exam.case.loss(fresh, exam.typical)
    if not loss.requires_grad:
        text = "the loss has no gradient at all"
        return [Finding(Cause.NO_GRADIENT, "fault", text, "the model")]
    called = _called(exam, fresh)
    _, first = gradients(exam, fresh, exam.typical)
    later_model = copy.deepcopy(exam.one.model).train()
    _, later = gradients(exam, later_model, exam.typical)
    exam.figures |= {
        f"gradient {name}": value for name, value in first.items() if math.isfinite(value)
    }
    found = _missing(fresh, called, first, later)
    if found:  # a rate that is far off kills units, and the gradient with them
        _, calm = gradients(exam, copy.deepcopy(exam.calm.model).train(), exam.typical)
        reached = later | {name: value for name, value in calm.items() if value > 0.0}
        found = _missing(fresh, called, first, reached)
    if any(finding.weight == "fault" for finding in found):
        rounded = watch_rounding(exam, fresh, exam.typical)
        exam.figures["rounded"] = float(bool(rounded))
        if rounded:
            more = f"; {rounded[0]} has the slope 0 everywhere"
            found = [replace(f, evidence=f.evidence + more) for f in found]
    return found + _faded(called, first, later)


def _called(exam: Exam, model: nn.Module) -> list[str]:
    """Give the modules with weights in the order in which they are called."""
    order: list[str] = []
    handles = [
        module.register_forward_pre_hook(
            lambda *_, name=name: order.append(name) if name not in order else None
        )
        for name, module in leaves(model).items()
    ]
    exam.run(model, exam.typical)
    for handle in handles:
        handle.remove()
    return order


def _missing(
    model: nn.Module, called: list[str], first: dict[str, float], later: dict[str, float]
) -> list[Finding]:
    total = max((v for v in first.values() if math.isfinite(v)), default=0.0)

    def none(name: str) -> bool:
        return not first.get(name, 0.0) > 1e-14 * total and not later.get(name, 0.0) > 0.0

    modules = leaves(model)
    free = {n: any(p.requires_grad for p in modules[n].parameters(recurse=False)) for n in called}
    stuck = [name for name in called if free[name] and none(name)]
    frozen = [name for name in called if not free[name]]
    found = []
    if stuck:
        text = f"{len(stuck)} of {len(called)} layers take part and get no gradient, now or later"
        found.append(Finding(Cause.NO_GRADIENT, "fault", text, _listed(stuck)))
    if frozen:
        weights = sum(p.numel() for n in frozen for p in modules[n].parameters(recurse=False))
        share = weights / sum(p.numel() for p in model.parameters())
        text = f"requires_grad is False for {_listed(frozen)}, {100 * share:.0f} % of the weights"
        untaught = _untaught(model, [modules[name] for name in frozen])
        weight: Weight = "fault" if untaught else "suspect"
        if untaught:
            text += f"; {untaught} normalisations of them are at 1 and 0, as before any training"
        found.append(Finding(Cause.NO_GRADIENT, weight, text, _listed(frozen)))
    return found


def _untaught(model: nn.Module, frozen: list[nn.Module]) -> int:
    """Count normalisations that are frozen as they start; 0 unless all of them are.

    A body that was trained before has moved them. One that follows a copy of itself, as a mean of
    its weights does, starts alike and is left out.
    """
    norms = [
        (layer.get_parameter("weight"), getattr(layer, "bias", None))
        for layer in frozen
        if "norm" in type(layer).__name__.lower()
        and isinstance(getattr(layer, "weight", None), Tensor)
    ]
    fresh = [
        bool((weight == 1).all()) and (bias is None or bool((bias == 0).all()))
        for weight, bias in norms
    ]
    free = [p for p in model.parameters() if p.requires_grad]
    drawn = [p for layer in frozen for p in layer.parameters(recurse=False) if p.ndim > 1]
    copied = [
        any(p.shape == other.shape and torch.equal(p, other) for other in free) for p in drawn
    ]
    return len(norms) if norms and all(fresh) and not any(copied) else 0


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _faded(called: list[str], first: dict[str, float], later: dict[str, float]) -> list[Finding]:
    live = [n for n in called if math.isfinite(first.get(n, math.nan))]
    if len(live) < 3:
        return []
    front, back = live[0], live[-1]
    ratios = [values[front] / values[back] for values in (first, later) if values.get(back, 0) > 0]
    # what little comes later may be little everywhere: the untrained ratio tells most
    if not ratios or ratios[0] > _FADED or ratios[-1] > 1e3 * _FADED:
        return []
    text = (
        f"per weight the gradient of {front} is {ratios[0]:.2g} of that of {back}, and "
        f"{ratios[-1]:.2g} after some steps"
    )
    return [Finding(Cause.VANISHING_GRADIENT, "suspect", text, front)]
