"""A layer whose units are all dead: what is put into it differs, and it gives one number."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["shut_layer"]

_WAKES = (1e3, -1e3)  # times what is put in, by which a unit that is dead wakes
_VARIED = 1e-6  # of the size of what is put in: rounding differs less


def shut_layer(exam: Exam, models: Sequence[nn.Module]) -> list[Finding]:
    """Name the first activation that gives one number for all that it is given, in each model.

    One that wakes for inputs a thousand times as large is dead; what is multiplied by 0 never does.

    Parameters
    ----------
    exam : Exam
    models : sequence of Module
        Whose output depends on no input.
    """
    if exam.figures.get("rounded", 0.0) > 0:
        return []  # what is rounded to 0 looks dead
    found = [_shut(exam, model, exam.typical) for model in models]
    name = next((name for name in found[0] if all(name in one for one in found)), "")
    if not name:
        return []
    text = (
        f"the output does not depend on its inputs, and {name} gives {found[0][name]:.4g} for all "
        "that it is given; of what is a thousand times as large it passes something on"
    )
    return [Finding(Cause.DEAD_UNITS, "fault", text, name)]


def _shut(exam: Exam, model: nn.Module, batch: Batch) -> dict[str, float]:
    """Give the number of each layer without weights that gives one alone, in order of calls."""
    found: dict[str, float] = {}
    own = copy.deepcopy(model).eval()

    def see(name: str, layer: nn.Module) -> Any:
        def hook(_module: nn.Module, given: Any, output: Any) -> None:
            put = given[0] if given else None
            if isinstance(put, Tensor) and isinstance(output, Tensor) and _dead(layer, put, output):
                found.setdefault(name, float(output.flatten()[0]))

        return hook

    handles = [
        layer.register_forward_hook(see(name, layer))
        for name, layer in own.named_modules()
        if name and not any(True for _ in (*layer.children(), *layer.parameters()))
    ]
    exam.run(own, batch)
    for handle in handles:
        handle.remove()
    return found


def _dead(layer: nn.Module, put: Tensor, output: Tensor) -> bool:
    if put.shape != output.shape or not put.is_floating_point() or not output.numel():
        return False
    spread = float((put - put[:1]).abs().max())
    varied = spread > _VARIED * max(float(put.abs().max()), 1e-30)
    if not varied or not bool((output == output.flatten()[0]).all()):
        return False
    woken = [layer.forward(by * put) for by in _WAKES]
    return any(isinstance(one, Tensor) and len(torch.unique(one)) > 1 for one in woken)
