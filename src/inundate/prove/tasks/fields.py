"""Artificial images for the tasks that need no data: smooth fields, blocks, bowls."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from inundate.prove.task import Size

__all__ = ["SIDE", "blocks", "count", "smooth_fields", "to_tensor"]

SIDE = 16


def count(size: Size, *, train: int, held_out: int) -> tuple[int, int]:
    """Give the numbers of samples; a quick task has a quarter."""
    return (train, held_out) if size == "full" else (train // 4, held_out // 4)


def to_tensor(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
    """Give a float32 tensor of its own."""
    return torch.from_numpy(array.astype(np.float32))


def smooth_fields(
    rng: np.random.Generator, number: int, *, side: int = SIDE, cut: float = 4.0
) -> Tensor:
    """Draw random fields (number, 1, side, side) of mean 0 and variance 1.

    Parameters
    ----------
    cut : float
        Wave number, cycles a side, at which the waves have fallen to exp(-1/2).
    """
    noise = np.fft.rfft2(rng.standard_normal((number, side, side)))
    rows = np.fft.fftfreq(side)[:, None] * side
    columns = np.fft.rfftfreq(side)[None] * side
    damped = np.fft.irfft2(noise * np.exp(-(rows**2 + columns**2) / (2 * cut**2)), s=(side, side))
    damped -= damped.mean(axis=(1, 2), keepdims=True)
    return to_tensor((damped / damped.std(axis=(1, 2), keepdims=True))[:, None])


def blocks(rng: np.random.Generator, number: int, *, side: int = SIDE) -> Tensor:
    """Draw images (number, 1, side, side) of three grey rectangles on black, 0 to 1."""
    found = np.zeros((number, 1, side, side))
    for image in found[:, 0]:
        for _ in range(3):
            top, left = rng.integers(0, side - 3, size=2)
            height, width = rng.integers(3, side // 2, size=2)
            image[top : top + height, left : left + width] = rng.uniform(0.2, 1.0)
    return to_tensor(found)
