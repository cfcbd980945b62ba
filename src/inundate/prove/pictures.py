"""What a person would look at: inputs, targets and outputs side by side."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.exam import Exam

__all__ = ["draw"]

_SHOWN = 8


def draw(exam: Exam) -> dict[str, NDArray[np.float32]]:
    """Give pictures (rows, columns, H, W) between 0 and 1, or a table of answers.

    Maps are shown as an input, the target and the output of eight unseen samples, the last two
    on one scale. Of classes the counts of (target, answer) are given, each row its own scale.
    """
    batch = exam.valid[0]
    output = exam.run(copy.deepcopy(exam.all.model).eval(), batch)
    if exam.answers.kind == "classes":
        return _confusion(exam)
    if exam.answers.kind == "logits":
        output = torch.sigmoid(output)
    target = batch["target"]
    if output.shape != target.shape or output.ndim < 3:
        return {}
    rows = [_maps(target), _maps(output)]
    low, high = float(rows[0].min()), float(rows[0].max())
    shown = [((row - low) / max(high - low, 1e-9)).clamp(0, 1) for row in rows]
    first = _first_map(batch["inputs"], tuple(rows[0].shape[1:]))
    if first is not None:
        shown.insert(0, (first - first.min()) / (first.max() - first.min()).clamp(min=1e-9))
    name = "inputs, targets, outputs" if first is not None else "targets, outputs"
    return {name: torch.stack(shown).nan_to_num().numpy().astype(np.float32)}


def _maps(values: Tensor) -> Tensor:
    """Give the first map of each of the first samples (N, H, W)."""
    found = values[:_SHOWN].float()
    return found.reshape(len(found), -1, *found.shape[-2:])[:, 0]


def _first_map(inputs: dict[str, Tensor], size: tuple[int, ...]) -> Tensor | None:
    for tensor in inputs.values():
        if tensor.is_floating_point() and tensor.ndim >= 3 and tuple(tensor.shape[-2:]) == size:
            return _maps(tensor)
    return None


def _confusion(exam: Exam) -> dict[str, NDArray[np.float32]]:
    classes = len(exam.answers.prior)
    if not 2 <= classes <= 30:
        return {}
    model = copy.deepcopy(exam.all.model).eval()
    counts = torch.zeros(classes, classes)
    for batch in exam.valid:
        target = batch["target"].flatten().clamp(0, classes - 1)
        output = exam.run(model, batch)
        answer = output.argmax(exam.answers.class_dim(batch["target"])).flatten()
        counts.index_put_((target, answer), torch.ones(len(target)), accumulate=True)
    share = counts / counts.sum(1, keepdim=True).clamp(min=1)
    return {"answers (columns) of each class (rows)": share[None, None].numpy().astype(np.float32)}
