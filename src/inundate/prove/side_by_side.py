"""Outputs that stand side by side: models that answer more than one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from inundate.prove.answers import Answers
from inundate.prove.batch import SEVERAL
from inundate.prove.bounds import Held, held_parts
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
    own = whole.parts(whole.given(batch["inputs"]))
    shapes = [tuple(one.shape[1:]) for one in own]
    held = held_parts(
        case, lambda model, inputs: whole.parts(whole.run(model, inputs)), batches, len(own)
    )

    def call(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        parts = whole.parts(whole.run(model, inputs))
        return torch.cat([part.reshape(len(part), -1) for part in parts], 1)

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        target = target_of(batch)
        if not isinstance(model, Fixed):
            return whole.of(model, batch["inputs"], target)
        cut = torch.split(model.output, [max(1, torch.Size(shape).numel()) for shape in shapes], 1)
        answers = [
            _put_back(part.reshape(-1, *shape), kept)
            for part, shape, kept in zip(cut, shapes, held, strict=True)
        ]
        return whole.of_parts(answers, batch["inputs"], target)

    if not any(held):
        return replace(case, call=call, loss=loss, metric=None)
    begin = torch.cat([part.reshape(len(part), -1) for part in own], 1).mean(0, keepdim=True)
    return replace(case, call=call, loss=loss, metric=None, begin=begin.detach())


def _put_back(answer: Tensor, held: Held | None) -> Tensor:
    """Put an answer that no network holds back among those that the model can give.

    A loss may refuse others, as the logarithm of a negative deviation. The slope is that of the
    answer itself, so that a search comes back in.
    """
    if held is None:
        return answer
    inside = answer + (answer.detach().clamp(held.low, held.high) - answer.detach())
    return inside if held.whole is None else inside / inside.sum(held.whole, keepdim=True)
