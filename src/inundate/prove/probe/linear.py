"""Layers without anything between them: a network that is one line."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["activated", "probe_linear"]

_SAME = 1e-4  # of the output's deviation: rounding moves less
_SEEN = 1e-3  # of the output, from which its variation is more than rounding
_FAR = 10.0  # how far beyond the samples a line is followed
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def probe_linear(exam: Exam) -> list[Finding]:
    """See whether the output of several layers is a line in the inputs.

    Of words and classes, in the vectors that are looked up for them.
    """
    layers: list[nn.Module] = [m for m in exam.case.model.modules() if isinstance(m, _LAYERS)]
    inputs = exam.typical["inputs"]
    measured = [v for v in inputs.values() if v.is_floating_point()]
    looked_up = any(isinstance(m, nn.Embedding) for m in exam.case.model.modules())
    if len(layers) < 2 or not (looked_up or len(measured) == len(inputs)):
        return []
    faded = any(f.cause is Cause.VANISHING_GRADIENT for f in exam.findings)
    if faded or len(exam.typical["target"]) < 2:
        return []  # what hardly moves, or is alone in its batch, is a line by itself
    model = copy.deepcopy(exam.one.model).eval()
    if not _stacked(exam, model):
        return []
    ends = [_asked(exam, model, way) for way in (0.0, 1.0)]
    scale = max(float(ends[0].std()), float((ends[1] - ends[0]).abs().max()))
    # what hardly varies, as behind many sigmoids, is a line as far as rounding lets it be seen
    if not scale > _SEEN * float(ends[0].abs().max()):
        return []
    for way in (0.5, -_FAR, _FAR):
        found = _asked(exam, model, way)
        away = found - (ends[0] + way * (ends[1] - ends[0]))
        if not float(away.abs().max()) <= _SAME * max(1.0, abs(way)) * scale:
            return []
    exam.figures["line"] = float(len(layers))
    text = (
        f"the output of {len(layers)} layers is a line in the inputs, as that of one layer would "
        "be: nothing bends it between them"
    )
    if _narrows(layers) or not measured:
        return [Finding(Cause.CANNOT_FIT, "suspect", text)]
    return [Finding(Cause.CANNOT_FIT, "fault", text, firm=True)]


def _stacked(exam: Exam, model: nn.Module) -> bool:
    """Whether a layer reads what another layer gives, and not only an input of its own."""
    found: list[bool] = []
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if isinstance(m, _LAYERS)]
    own = {id(weight) for layer in layers for weight in layer.parameters()}
    for weight in model.parameters():  # what a normalisation gives, or looks up, is no layer's
        weight.requires_grad_(id(weight) in own)

    def see(_module: nn.Module, given: Any) -> None:
        found.append(bool(given) and isinstance(given[0], Tensor) and given[0].requires_grad)

    for layer in layers:
        layer.register_forward_pre_hook(see)
    with torch.enable_grad():
        exam.case.call(model, exam.typical["inputs"])
    return any(found)


def _asked(exam: Exam, model: nn.Module, way: float) -> Tensor:
    """Run a model on a batch that is moved a part of the way to the next sample's inputs."""

    def move(_module: nn.Module, _inputs: Any, vectors: Tensor) -> Tensor:
        return vectors + way * (vectors.roll(1, 0) - vectors)

    handles = [
        m.register_forward_hook(move) for m in model.modules() if isinstance(m, nn.Embedding)
    ]
    found = exam.run(model, _moved(exam.typical, way)).double()
    for handle in handles:
        handle.remove()
    return found


def _narrows(layers: list[nn.Module]) -> bool:
    """Whether a layer between is narrower than both ends, as of a squeezing of two lines."""
    widths = [layer.get_parameter("weight").shape[:2] for layer in layers]  # (out, in)
    ends = min(int(widths[0][1]), int(widths[-1][0]))
    return min(int(out) for out, _ in widths[:-1]) < ends


def _moved(batch: Batch, way: float) -> Batch:
    """Give the batch moved a part of the way to the next sample's inputs, but for its words."""
    inputs = {
        name: value + way * (value.roll(1, 0) - value) if value.is_floating_point() else value
        for name, value in batch["inputs"].items()
    }
    return {**batch, "inputs": inputs}


def activated(model: nn.Module) -> None:
    """Put an activation behind all layers but the last, by hooks."""
    layers = [m for m in model.modules() if isinstance(m, _LAYERS)]

    def bend(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        return functional.leaky_relu(output, 0.1)

    for layer in layers[:-1]:
        layer.register_forward_hook(bend)
