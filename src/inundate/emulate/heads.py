"""From the raw output of a network to a depth that is physical."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["DEPTH_SCALE_M", "bounded_correction", "depth_from_raw", "to_stretched"]

# depths are stretched by asinh(h / 0.05 m): linear below the default flood threshold,
# logarithmic above, so that 5 cm and 1 m both count
DEPTH_SCALE_M = 0.05
_LEAK = 0.05  # slope below zero while training: a dry cell still gets a gradient
_RAW_LIMIT = 7.5  # sinh(7.5) * 0.05 m = 45 m


def to_stretched(depth: Tensor) -> Tensor:
    """Stretch depth in m by asinh(depth / 0.05 m)."""
    return torch.asinh(depth / DEPTH_SCALE_M)


def bounded_correction(
    start: Tensor,
    other: Tensor,
    raw: Tensor,
    *,
    bound_m: float,
    bound_share: float,
    training: bool,
) -> Tensor:
    """Lean a depth towards another one, and correct it within a bound.

    The first raw channel, as a share ``tanh(raw)``, moves the depth from ``start`` towards
    ``other``; the second corrects it by at most ``max(bound_m, bound_share * start)``.

    Parameters
    ----------
    start : Tensor (B, K, H, W), m
        Depth to correct, such as the hybrid's.
    other : Tensor (B, K, H, W), m
        Depth to lean towards, such as fill-and-spill's.
    raw : Tensor (B, K, 2, H, W)
        Network output; 0 leaves the start as it is.
    bound_m, bound_share : float
        Largest correction in m, and as a share of the start.
    training : bool
        Let slightly negative depths through, so that dry cells keep a gradient; otherwise
        they are cut at 0.

    Returns
    -------
    Tensor (B, K, H, W), m
    """
    bound = torch.clamp(bound_share * start, min=bound_m)
    lean, change = torch.tanh(raw).unbind(dim=2)
    corrected = start + lean * (other - start) + bound * change
    return functional.leaky_relu(corrected, _LEAK) if training else torch.relu(corrected)


def depth_from_raw(raw: Tensor, *, training: bool) -> Tensor:
    """Give the depth whose stretched value a network put out.

    Parameters
    ----------
    raw : Tensor (B, K, H, W)
        Stretched depth, any real number; 0 and below is dry.
    training : bool
        As in :func:`bounded_correction`.
    """
    limited = torch.clamp(raw, max=_RAW_LIMIT)
    positive = functional.leaky_relu(limited, _LEAK) if training else torch.relu(limited)
    return DEPTH_SCALE_M * torch.sinh(torch.clamp(positive, min=-1.0))
