"""Batches in which time goes before the samples, read as if samples came first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch, Case, Fixed
from inundate.prove.ragged import is_apart
from inundate.prove.reread import Reread, step_of

__all__ = ["samples_first"]


def samples_first(case: Case, batches: Sequence[Batch]) -> Case | None:
    """Give the case with samples on the first axis, where they are on the second.

    They are, if the second axis of all inputs of two axes or more is as long as the target, and
    the first is not; or if targets (T, B) are the tokens (T, B) of the step after, by that axis.

    Parameters
    ----------
    case : Case
        Of which the loss, the call and the step go on with batches as they were.
    batches : sequence of Batch
        Of the case as it is.

    Returns
    -------
    Case or None
        None where samples are first already, or on no axis that could be told.
    """
    if not batches:
        return None
    whole = all(_is_next(batch) for batch in batches)  # targets have the time too
    if not whole and (all(map(is_apart, batches)) or not all(map(_behind, batches))):
        return None

    def call(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        output = case.call(model, _turned(inputs))
        return output.transpose(0, 1) if whole else output

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        target = batch["target"].transpose(0, 1) if whole else batch["target"]
        if whole and isinstance(model, Fixed):
            model = Fixed(model.output.transpose(0, 1))
        return case.loss(model, {**batch, "inputs": _turned(batch["inputs"]), "target": target})

    def change(batch: Batch) -> Batch:
        target = batch["target"].transpose(0, 1) if whole else batch["target"]
        return {**batch, "inputs": _turned(batch["inputs"]), "target": target}

    return replace(
        case,
        train=Reread(case.train, change),
        valid=None if case.valid is None else Reread(case.valid, change),
        call=call,
        loss=loss,
        step=step_of(case),
    )


def _behind(batch: Batch) -> bool:
    """Whether the second axis of inputs is as long as the target, or the one of those with one."""
    count = len(batch["target"])
    return all(
        v.ndim > 0 and v.shape[min(1, v.ndim - 1)] == count for v in batch["inputs"].values()
    )


def _is_next(batch: Batch) -> bool:
    """Whether targets (T, B) are the tokens of the step after by the first axis alone."""
    target = batch["target"]
    if target.ndim != 2 or target.is_floating_point() or min(target.shape) < 2:
        return False
    tokens = [v for v in batch["inputs"].values() if v.shape == target.shape]
    return len(tokens) == len(batch["inputs"]) and any(
        torch.equal(one[1:], target[:-1]) and not torch.equal(one[:, 1:], target[:, :-1])
        for one in tokens
    )


def _turned(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: v.transpose(0, 1) if v.ndim > 1 else v for name, v in inputs.items()}
