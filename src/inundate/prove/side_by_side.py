"""Outputs that stand side by side: models that answer more than one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from inundate.prove.answers import Answers
from inundate.prove.batch import SEVERAL
from inundate.prove.case import Batch, Case, Fixed, target_of

__all__ = ["side_by_side"]


def side_by_side(case: Case, batches: Sequence[Batch], output: Tensor) -> Case | None:
    """Give the case with all that the model gives as one output (B, K), where it is of many kinds.

    What is learnt is then known by the loss alone, between that of the best answer for all samples
    and that of the best for each. Where all outputs are answers to the same question, as those of
    helping layers, the first stands for all.

    Parameters
    ----------
    case : Case
    batches : sequence of Batch
    output : Tensor
        The main one, of the first batch.

    Returns
    -------
    Case or None
        None where the model gives one tensor, or its loss takes one.
    """
    whole, batch = case.whole, batches[0]
    if whole is None or not whole.takes_whole(batch["inputs"], target_of(batch)):
        return None
    right = Answers.of(case, batches[:1], output).right(batch)
    same = SEVERAL not in batch and right is not None
    if same and right is not None and whole.helping(right, batch["inputs"], target_of(batch)):
        return None
    shapes = [tuple(one.shape[1:]) for one in whole.parts(whole.given(batch["inputs"]))]

    def call(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        parts = whole.parts(whole.run(model, inputs))
        return torch.cat([part.reshape(len(part), -1) for part in parts], 1)

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        target = target_of(batch)
        if not isinstance(model, Fixed):
            return whole.of(model, batch["inputs"], target)
        cut = torch.split(model.output, [max(1, torch.Size(shape).numel()) for shape in shapes], 1)
        answers = [part.reshape(-1, *shape) for part, shape in zip(cut, shapes, strict=True)]
        return whole.of_parts(answers, batch["inputs"], target)

    return replace(case, call=call, loss=loss, metric=None)
