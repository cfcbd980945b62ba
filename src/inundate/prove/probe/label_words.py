"""Words that stand each in all samples of one class: asked for, or put there with the label."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from inundate.prove.probe.map_channel import SAME

__all__ = ["label_words", "told_without"]

_MOST = 20  # classes
_REST = 0.3  # of the way from chance to all right, that the other words come


def label_words(tokens: Tensor, target: Tensor) -> list[int]:
    """Find words, one of each class, of which each sample has its own and no other.

    Parameters
    ----------
    tokens : Tensor (N, L)
    target : Tensor (N,)
    """
    if tokens.ndim != 2 or (target.is_floating_point() and len(torch.unique(target)) > _MOST):
        return []
    kinds = torch.unique(target)
    if not 1 < len(kinds) <= _MOST:
        return []
    held = torch.zeros(len(tokens), int(tokens.max()) + 1, dtype=torch.bool)
    held.scatter_(1, tokens.clamp(min=0), torch.ones_like(tokens, dtype=torch.bool))
    words = []
    for kind in kinds:
        same = (held == (target == kind)[:, None]).float().mean(0)
        if float(same.max()) < SAME:
            return []
        words.append(int(same.argmax()))
    return words


def told_without(tokens: Tensor, target: Tensor, place: int | None, words: list[int]) -> bool:
    """Whether the other words tell classes as well, so that those were put there.

    Parameters
    ----------
    tokens : Tensor (N, L)
    target : Tensor (N,)
    place : int or None
        Where the label stands; None where that is at any place.
    words : list of int
        What stands for the labels.
    """
    kinds, classes = torch.unique(target, return_inverse=True)
    if tokens.shape[1] < 2 or len(kinds) > _MOST:
        return False
    counts = _counted(tokens.long(), place, words)
    wanted = functional.one_hot(classes, len(kinds)).float()
    half = len(counts) // 2
    mean = wanted[:half].mean(0)
    gram = counts[:half].T @ counts[:half] + 3.0 * torch.eye(counts.shape[1])
    told = counts[half:] @ torch.linalg.solve(gram, counts[:half].T @ (wanted[:half] - mean)) + mean
    right = float((told.argmax(1) == classes[half:]).float().mean())
    chance = float(torch.bincount(classes[half:]).max()) / len(classes[half:])
    return right - chance > _REST * (1.0 - chance)


def _counted(tokens: Tensor, place: int | None, words: list[int]) -> Tensor:
    """Count words (N, W), without those at a place, or without the labels wherever they stand."""
    rest = tokens
    if place is not None:
        rest = torch.cat([tokens[:, :place], tokens[:, place + 1 :]], 1)
    counts = torch.zeros(len(rest), int(tokens.max()) + 1)
    counts.scatter_add_(1, rest.clamp(min=0), torch.ones(rest.shape))
    if place is None:
        counts[:, words] = 0.0
    return counts
