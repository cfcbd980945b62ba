"""Models of the next step that look at the step they should tell."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["is_next", "probe_ahead"]

_NEXT = 0.99  # of the targets, which stand one place further on in the input
_LEAST = 4  # places of a text or series


def probe_ahead(exam: Exam) -> list[Finding]:
    """Where targets are the input one step on, see whether later steps move earlier answers."""
    batch = exam.train[0]
    name = next((n for n, v in batch["inputs"].items() if is_next(v, batch["target"])), None)
    if name is None:
        return []
    length = batch["target"].shape[1]
    cut = length // 2
    for model in (exam.case.model, exam.one.model):
        pupil = copy.deepcopy(model).eval()
        before = _by_place(exam.run(pupil, batch), length)
        after = _by_place(exam.run(pupil, _other_end(batch, name, cut)), length)
        if before is None or after is None:
            return []
        moved = (after - before).abs()[:, :cut]
        if float(moved.max()) > 1e-5 * max(float(before.abs().max()), 1e-9):
            text = (
                f"the target of each place is the next place of {name!r}; with other values from "
                f"place {cut} on, what is said of places before it moves by up to "
                f"{float(moved.max()):.3g}"
            )
            subject = f"{name!r}, at the places that come next"
            return [Finding(Cause.TARGET_IN_INPUT, "fault", text, subject)]
    return []


def is_next(value: Tensor, target: Tensor) -> bool:
    """Whether an input (B, L), or a feature of (B, L, C), is the target (B, L) one step later."""
    wanted = target[..., 0] if target.ndim == 3 and target.shape[-1] == 1 else target
    if wanted.ndim != 2 or wanted.shape[1] < _LEAST or value.shape[:2] != wanted.shape:
        return False
    features = value.unbind(-1) if value.ndim == 3 else [value] if value.ndim == 2 else []
    for feature in features:
        if len(torch.unique(feature)) < 2 or feature.dtype != wanted.dtype:
            continue
        if float((feature[:, 1:] == wanted[:, :-1]).float().mean()) > _NEXT:
            return True
    return False


def _other_end(batch: Batch, name: str, cut: int) -> Batch:
    value = batch["inputs"][name].clone()
    value[:, cut:] = value.roll(1, 0)[:, cut:]
    return {**batch, "inputs": {**batch["inputs"], name: value}}


def _by_place(output: Tensor, length: int) -> Tensor | None:
    """Bring an output to (B, L, …)."""
    if output.ndim < 2:
        return None
    if output.shape[1] == length:
        return output.double()
    return output.double().transpose(1, -1) if output.shape[-1] == length else None
