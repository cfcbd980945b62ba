"""The gradient: which layers get none, and where it fades."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import NONE_AT_ALL, Finding, Weight
from inundate.prove.probe.activations import watch_rounding
from inundate.prove.probe.stacked import faded_stack
from inundate.prove.quiet import quietly

__all__ = ["gradients", "leaves", "probe_gradient"]

_OWN, _WHOLE = "(model)", "the model"  # weights that are in no layer: by training, and here
_GONE = 1e-8  # the same, from which what comes later does not matter
_MANY = 3  # layers that are as good as cut off
_AWAY = 0.1  # size of weights that are moved away from 0
_DRAWS = 8  # in all of which a layer is left out, that gets no gradient for them
_FADED = 1e-5  # gradient per weight of the first layer over that of the last


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    """Give the modules that hold weights themselves."""
    return {
        name or _WHOLE: module
        for name, module in model.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    }


def gradients(
    exam: Exam, model: nn.Module, batch: Batch, *draw: int
) -> tuple[float, dict[str, float]]:
    """Give loss and, for each module with weights, its gradient per weight; NaN where none came.

    ``draw`` is the number of what is drawn at random, such as by dropout.
    """
    model.zero_grad()
    with isolated_random(exam.seed, "doctor", "gradient", *draw):
        loss = exam.case.loss(model, batch)
        if loss.requires_grad:
            torch.autograd.backward(loss)
    found = {}
    for name, module in leaves(model).items():
        parts = [p.grad for p in module.parameters(recurse=False) if p.grad is not None]
        count = sum(part.numel() for part in parts)
        square = sum(float(part.abs().double().square().sum()) for part in parts)
        found[name] = math.sqrt(square / count) if count else math.nan
    return float(loss.detach()), found


def probe_gradient(exam: Exam) -> list[Finding]:
    """Look for layers that take part and get no gradient, at step 0 and a few steps later."""
    fresh, _ = exam.case.pair()
    fresh.train()
    loss = exam.case.loss(fresh, exam.typical)
    if not loss.requires_grad:
        text = "the loss has no gradient at all"
        return [Finding(Cause.NO_GRADIENT, "fault", text, NONE_AT_ALL, firm=True)]
    rests = [block if block != _OWN else _WHOLE for block in exam.case.may_rest]
    called = [
        name for name in _called(exam, fresh)
        if not any(name == block or name.startswith(f"{block}.") for block in rests)
    ]  # fmt: skip
    _, first = gradients(exam, fresh, exam.typical)
    later_model = copy.deepcopy(exam.one.model).train()
    _, later = gradients(exam, later_model, exam.typical)
    stacked = faded_stack(exam, fresh, later_model)
    exam.figures |= {
        f"gradient {name}": value for name, value in first.items() if math.isfinite(value)
    }
    found = _missing(exam, fresh, called, first, later)
    if found:  # a rate that is far off kills units, and the gradient with them
        _, calm = gradients(exam, copy.deepcopy(exam.calm.model).train(), exam.typical)
        reached = later | {name: value for name, value in calm.items() if value > 0.0}
        # nor does it pass where dropout leaves next to nothing, by chance
        with quietly():
            _, quiet = gradients(exam, fresh, exam.typical)
        reached |= {name: value for name, value in quiet.items() if value > 0.0}
        for draw in range(1, _DRAWS):  # or a mask that no one knows
            _, again = gradients(exam, fresh, exam.typical, draw)
            reached |= {name: value for name, value in again.items() if value > 0.0}
        found = _missing(exam, fresh, called, first, reached)
    if any(finding.weight == "fault" for finding in found):
        rounded = watch_rounding(exam, fresh, exam.typical)
        exam.figures["rounded"] = float(bool(rounded))
        if rounded:
            more = f"; {rounded[0]} has the slope 0 everywhere"
            found = [replace(f, evidence=f.evidence + more) for f in found]
    faded = _faded(called, first, later)
    return found + (faded or _faded_branch(exam, called, first, later) or stacked)


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
    exam: Exam,
    model: nn.Module,
    called: list[str],
    first: dict[str, float],
    later: dict[str, float],
) -> list[Finding]:
    total = max((v for v in first.values() if math.isfinite(v)), default=0.0)

    def none(name: str) -> bool:
        return not first.get(name, 0.0) > 1e-14 * total and not later.get(name, 0.0) > 0.0

    modules = leaves(model)
    free = {n: any(p.requires_grad for p in modules[n].parameters(recurse=False)) for n in called}
    stuck = [
        name for name in called
        if free[name] and none(name) and _takes_part(exam, modules[name], model)
    ]  # fmt: skip
    if stuck and _wait(exam, model, [modules[name] for name in stuck]):
        text = (
            f"all weights of {_listed(stuck)} that are free start at 0, and each gets its gradient "
            "through the others"
        )
        return [Finding(Cause.BAD_START, "fault", text, _listed(stuck), firm=True)]
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


def _takes_part(exam: Exam, module: nn.Module, model: nn.Module) -> bool:
    """Whether the output moves with the weights of a layer.

    A model that holds weights beside its layers may use none of them; a layer was called.
    """
    if next(module.children(), None) is None:
        return True
    before = exam.run(model, exam.typical)
    held = [p.detach().clone() for p in module.parameters(recurse=False)]
    with torch.no_grad():
        for weight in module.parameters(recurse=False):
            if weight.is_floating_point():
                weight.add_(torch.ones_like(weight))
    after = exam.run(model, exam.typical)
    with torch.no_grad():
        for weight, first in zip(module.parameters(recurse=False), held, strict=True):
            weight.copy_(first)
    return not torch.equal(before, after)


def _wait(exam: Exam, model: nn.Module, layers: list[nn.Module]) -> bool:
    """Whether layers have free matrices that are all of zeros, and wait for each other.

    Within each layer, or between layers, as two tables whose product is the answer: then all of
    them get a gradient as soon as they are moved away from 0.
    """
    each = [
        [p for p in layer.parameters(recurse=False) if p.requires_grad and p.ndim > 1]
        for layer in layers
    ]
    every = [p for own in each for p in own]
    if not all(each) or not all(bool((p == 0).all()) for p in every):
        return False
    return all(len(own) > 1 for own in each) or (len(every) > 1 and _once_moved(exam, model, every))


def _once_moved(exam: Exam, model: nn.Module, zeros: Sequence[Tensor]) -> bool:
    """Whether all of these weights get a gradient when they are not 0."""
    drawn = torch.Generator().manual_seed(exam.seed)
    with torch.no_grad():
        for weight in zeros:
            weight.copy_(_AWAY * torch.randn(weight.shape, generator=drawn))
    gradients(exam, model, exam.typical)
    reached = all(w.grad is not None and bool((w.grad != 0).any()) for w in zeros)
    with torch.no_grad():
        for weight in zeros:
            weight.zero_()
    return reached


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


def _faded_branch(
    exam: Exam, called: list[str], first: dict[str, float], later: dict[str, float]
) -> list[Finding]:
    """Look for layers to which the gradient comes all but faded, beside others that it reaches."""
    most = [max((v for v in values.values() if v > 0), default=0.0) for values in (first, later)]
    names = [
        name for name in called
        if 0.0 < first.get(name, 0.0) < _GONE * most[0] and later.get(name, 0.0) < _FADED * most[1]
    ]  # fmt: skip
    if not names:
        return []
    exam.figures["faded_branch"] = float(len(names))
    text = (
        f"per weight the gradient of {_listed(names)} is {first[names[0]] / most[0]:.2g} of that "
        f"of other layers, and {later.get(names[0], 0.0) / max(most[1], 1e-300):.2g} later"
    )
    if len(names) < _MANY or max(later.get(name, 0.0) for name in names) > _GONE * most[1]:
        return [Finding(Cause.VANISHING_GRADIENT, "suspect", text, names[0])]
    # a step of theirs is nothing, by any optimiser: whatever else is learnt goes round them
    return [Finding(Cause.VANISHING_GRADIENT, "fault", text, names[0], firm=True)]


def _faded(called: list[str], first: dict[str, float], later: dict[str, float]) -> list[Finding]:
    live = [n for n in called if math.isfinite(first.get(n, math.nan))]
    if len(live) < 3:
        return []
    front, back = live[0], live[-1]
    ratios = [values[front] / values[back] for values in (first, later) if values.get(back, 0) > 0]
    # what little comes later may be little everywhere: the untrained ratio tells most
    if not ratios or ratios[0] > _FADED:
        return []
    if ratios[0] > _GONE and ratios[-1] > 1e3 * _FADED:
        return []
    if ratios[0] == 0.0 and ratios[-1] > _FADED:
        return []  # a last layer of zeros passes nothing back at first, and then it does
    text = (
        f"per weight the gradient of {front} is {ratios[0]:.2g} of that of {back}, and "
        f"{ratios[-1]:.2g} after some steps"
    )
    return [Finding(Cause.VANISHING_GRADIENT, "suspect", text, front)]
