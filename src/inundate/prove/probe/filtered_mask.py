"""A channel of maps that is the target's mask, blurred or otherwise filtered."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["filtered_mask"]

_SIDE = 5  # cells along each side of a filter
_TOLD = 0.99  # of the variance: what is measured has noise, and things of its own
_ROWS = 20_000
_LEAST = 20  # samples
_KINDS = 2


def filtered_mask(given: Tensor, frames: Sequence[Tensor]) -> bool:
    """Whether a channel is a weighted sum of a mask of two values around each place.

    As a blurred mask is, or its outline drawn softly. Targets that are measured are not asked for:
    there what is given may well be a blurred one, which is to be sharpened.

    Parameters
    ----------
    given : Tensor (N, H, W)
    frames : sequence of Tensor (N, H, W)
        Of the target.
    """
    if len(given) < _LEAST or min(given.shape[1:]) < 2 * _SIDE or len(torch.unique(given)) < _SIDE:
        return False
    return any(
        len(torch.unique(frame)) == _KINDS and _explained(frame.double(), given.double()) > _TOLD
        for frame in frames
    )


def _explained(mask: Tensor, given: Tensor) -> float:
    """Give the share of a channel's variance that a filter of a mask explains, on other samples."""
    edge = _SIDE // 2
    around = functional.unfold(mask[:, None], _SIDE)  # (N, S * S, places)
    inner = given[:, edge:-edge, edge:-edge].flatten(1)
    half = len(mask) // 2

    def rows(part: slice) -> tuple[Tensor, Tensor]:
        inputs = around[part].transpose(1, 2).reshape(-1, _SIDE * _SIDE)
        wanted = inner[part].reshape(-1)
        step = -(-len(wanted) // _ROWS)
        return inputs[::step], wanted[::step]

    (inputs, wanted), (asked, known) = rows(slice(0, half)), rows(slice(half, None))
    mean, middle = inputs.mean(0), wanted.mean()
    gram = (inputs - mean).T @ (inputs - mean)
    gram += 1e-6 * float(gram.diagonal().mean()) * torch.eye(len(gram), dtype=gram.dtype)
    weights = torch.linalg.solve(gram, (inputs - mean).T @ (wanted - middle))
    left = float((known - middle - (asked - mean) @ weights).square().sum())
    return 1.0 - left / max(float((known - known.mean()).square().sum()), 1e-30)
