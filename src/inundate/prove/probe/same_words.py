"""Whole numbers beside other inputs that are the same in all samples: words, and no mask."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["same_words"]

_GROUP = 8  # samples
_KINDS = 8  # vectors of a table, from which its numbers are words and not kinds of places


def same_words(exam: Exam) -> list[Finding]:
    """See whether an input of whole numbers, beside others, is the same in all samples.

    One that numbers the places, or says that all of them count, may well be; one whose numbers
    are words has lost what was said.
    """
    if len(exam.train[0]["inputs"]) < 2:
        return []
    for name, tensor in exam.train[0]["inputs"].items():
        parts = [batch["inputs"][name] for batch in exam.train if name in batch["inputs"]]
        if len({tuple(part.shape[1:]) for part in parts}) != 1 or not parts[0].ndim:
            continue
        values = torch.cat(parts)
        if tensor.is_floating_point() or name in exam.case.spare or values.ndim > 2:
            continue
        if len(values) < _GROUP or not bool((values == values[:1]).all()):
            continue
        first = values[0].reshape(-1)
        if first.numel() == 1 and not _would_tell(exam, name):
            continue
        if first.numel() > 1 and _may_stay(first) and not _looked_up(exam, tensor):
            continue
        text = f"{name!r} is {first[:6].tolist()} in all {len(values)} samples"
        return [Finding(Cause.DEAD_INPUT, "fault", text, f"{name!r}")]
    return []


def _may_stay(first: Tensor) -> bool:
    """Whether numbers look like a mask, or like those of the places."""
    steps = first.diff()
    return len(torch.unique(first)) < 3 or bool((steps == steps[:1]).all())


def _looked_up(exam: Exam, tensor: Tensor) -> bool:
    """Whether one and the same number stands everywhere, and is looked up in a table of words."""
    if len(torch.unique(tensor)) > 1:
        return False
    seen: list[bool] = []

    def see(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        given = inputs[0] if inputs else None
        if isinstance(given, Tensor) and given.shape == tensor.shape:
            seen.append(torch.equal(given, tensor) and _words(module) > _KINDS)

    model = copy.deepcopy(exam.case.model).eval()
    for module in model.modules():
        if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
            module.register_forward_pre_hook(see)
    exam.run(model, exam.train[0])
    return any(seen)


def _words(module: nn.Module) -> int:
    return int(getattr(module, "num_embeddings", 0))


def _would_tell(exam: Exam, name: str) -> bool:
    """Whether the model would answer something else to another number."""
    batch = exam.train[0]
    held = batch["inputs"][name]
    told = exam.run(copy.deepcopy(exam.case.model).eval(), batch)
    for step in (1, -1):
        other = {**batch["inputs"], name: (held + step).clamp(min=0).to(held.dtype)}
        try:
            found = exam.run(copy.deepcopy(exam.case.model).eval(), {**batch, "inputs": other})
        except Exception:  # noqa: BLE001  the model knows of no such number
            continue
        if not torch.equal(found, told):
            return True
    return False
