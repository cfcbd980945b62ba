"""Recurrent layers on top of each other in one module: what comes back to the first of them."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import nn

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["SHALLOW", "STACK", "faded_stack", "layer_gradients", "shallow"]

STACK = "faded_stack"  # the figure that tells of such layers
SHALLOW = "with two fresh layers in place of its recurrent ones"
_KEPT = 2  # layers
_MANY = 4  # layers, from which a gradient may fade on its way
_FADED = 1e-4  # gradient per weight of the first layer over that of the last; of 8 LSTMs 2e-4


def layer_gradients(module: nn.RNNBase) -> list[float]:
    """Give the gradient per weight of each layer of a recurrent module, the first one first."""
    found = []
    for number in range(module.num_layers):
        ends = (f"_l{number}", f"_l{number}_reverse")
        slopes = [p.grad for n, p in module.named_parameters() if n.endswith(ends)]
        parts = [slope.double() for slope in slopes if slope is not None]
        count = sum(part.numel() for part in parts)
        square = sum(float(part.square().sum()) for part in parts)
        found.append(math.sqrt(square / count) if count else math.nan)
    return found


def faded_stack(exam: Exam, fresh: nn.Module, later: nn.Module) -> list[Finding]:
    """Look for recurrent modules whose first layer gets next to no gradient beside its last one.

    Parameters
    ----------
    exam : Exam
    fresh, later : Module
        The model untrained and after some steps, with the gradients of a batch.
    """
    trained = dict(later.named_modules())
    for name, module in _stacks(fresh):
        each, after = layer_gradients(module), layer_gradients(trained[name])
        if not each[-1] > 0.0 or not 0.0 <= each[0] < _FADED * each[-1]:
            continue
        exam.figures[STACK] = each[0] / each[-1]
        if not _runs(exam):
            return []
        place = name or "the model"
        text = (
            f"per weight the gradient of the first of {module.num_layers} layers of {place} is "
            f"{each[0] / each[-1]:.2g} of that of the last, and "
            f"{after[0] / max(after[-1], 1e-300):.2g} after some steps"
        )
        subject = f"the first layer of {place}"
        return [Finding(Cause.VANISHING_GRADIENT, "suspect", text, subject)]
    return []


def shallow(model: nn.Module) -> None:
    """Leave two layers of each recurrent module that has many, and draw those anew, in place."""
    for _, module in _stacks(model):
        _cut(module)


def _cut(module: Any) -> None:
    """Cut a recurrent module; weights of the layers above stay, and are used by nothing."""
    kept = module._all_weights[: _KEPT * (2 if module.bidirectional else 1)]
    module._all_weights = kept
    module._flat_weights_names = [name for names in kept for name in names]
    module.num_layers = _KEPT
    module._init_flat_weights()
    module.reset_parameters()


def _stacks(model: nn.Module) -> list[tuple[str, Any]]:
    return [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.RNNBase) and module.num_layers >= _MANY
    ]


def _runs(exam: Exam) -> bool:
    """Whether the model can be run so: one that makes the first states itself cannot."""
    model = copy.deepcopy(exam.case.model)
    with torch.random.fork_rng(devices=[]):
        shallow(model)
    try:
        exam.run(model, exam.typical)
    except Exception:  # noqa: BLE001  the model is the user's: any error means "cannot be asked"
        return False
    return True
