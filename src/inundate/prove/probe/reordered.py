"""A model that answers the samples of a batch in another order than they were given in."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch
from inundate.prove.exam import Exam

__all__ = ["reordered"]

_SAME = 1e-3  # of the deviation of outputs, by which rounding moves them
_SOME = 0.1  # of the samples, that are answered in another one's place


def reordered(exam: Exam, model: nn.Module, batch: Batch) -> str:
    """Say so where each answer to a batch is that of one sample asked alone, but of another one.

    As where texts are sorted by their length in the model, and the answers never sorted back.
    """
    count = len(batch["target"])
    together = exam.run(model, batch).double().reshape(count, -1)
    try:
        parts = [exam.run(model, _alone(batch, row)).double() for row in range(count)]
    except Exception:  # noqa: BLE001  the model is the user's and may want more than one sample
        return ""
    if any(part.numel() != together.shape[1] for part in parts):
        return ""
    alone = torch.cat([part.reshape(1, -1) for part in parts])
    scale = _SAME * max(float(alone.std()), 1e-12)
    own = (together - alone).abs().amax(1) <= scale
    if float((~own).double().mean()) < _SOME:
        return ""
    other = torch.cdist(together, alone, p=float("inf"))
    if not bool((other.min(1).values <= scale).all()) or not _once_each(other, scale):
        return ""
    return (
        f"asked one by one, the samples of a batch get the same answers as together, but "
        f"{int((~own).sum())} of {count} stand at the place of another sample"
    )


def _once_each(away: Tensor, scale: float) -> bool:
    """Whether the answers of all samples alone (N, N) are found among those together."""
    return bool((away.min(0).values <= scale).all())


def _alone(batch: Batch, row: int) -> Batch:
    count = len(batch["target"])
    inputs = {
        name: value[row : row + 1] if value.ndim and len(value) == count else value
        for name, value in batch["inputs"].items()
    }
    return {**batch, "inputs": inputs}
