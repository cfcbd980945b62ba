"""What can be measured of a model from outside: spread, dead units, use of its inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

__all__ = [
    "ACTIVATIONS",
    "Spread",
    "dead_units",
    "describe_not_finite",
    "evaluating",
    "mean_squared",
    "not_finite_weights",
    "threshold_statistics",
]

#: Modules whose output is watched for dead units; calls of ``torch.nn.functional`` are unseen.
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.ELU, nn.LeakyReLU, nn.Hardswish, nn.Mish)

_INACTIVE = 1e-6  # below this a unit passes nothing on; single precision resolves 1e-7 of 1


def mean_squared(predicted: Tensor, target: Tensor) -> Tensor:
    """Give the mean squared error of each sample, over where the target is known.

    Parameters
    ----------
    predicted, target : Tensor (B, …)
        NaN in the target means unknown.

    Returns
    -------
    Tensor (B,)
        NaN for a sample with nothing known.

    Examples
    --------
    >>> mean_squared(torch.zeros(1, 2), torch.tensor([[2.0, float("nan")]])).tolist()
    [4.0]
    """
    known = torch.isfinite(target)
    square = torch.where(known, predicted - target, 0.0).square()  # (B, …)
    count = known.flatten(1).sum(1) if target.ndim > 1 else known.long()
    total = square.flatten(1).sum(1) if target.ndim > 1 else square
    return torch.where(count > 0, total / count.clamp(min=1), torch.nan)


def threshold_statistics(threshold: float) -> Callable[[Tensor, Tensor], dict[str, Any]]:
    """Make the statistics of a depth map: wet fraction and volume, predicted and true.

    Parameters
    ----------
    threshold : float
        Depth from which a cell is wet, m.

    Examples
    --------
    >>> wet = threshold_statistics(0.05)(torch.tensor([[0.1, 0.0]]), torch.tensor([[0.1, 0.3]]))
    >>> [round(float(value), 2) for value in wet["wet_fraction"]]
    [1.0, 2.0]
    """

    def statistics(predicted: Tensor, target: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        known = torch.isfinite(target)
        guess, truth = predicted[known], target[known]
        return {
            "wet_fraction": ((guess >= threshold).sum(), (truth >= threshold).sum()),
            "volume": (guess.sum(), truth.sum()),
        }

    return statistics


class Spread:
    """Pool how much values differ from sample to sample, cell by cell.

    Samples of the same shape are compared with each other, whatever batch they came in.
    """

    def __init__(self) -> None:
        self._sums: dict[tuple[int, ...], list[Tensor]] = {}
        self._square = 0.0
        self._count = 0

    def add(self, values: Tensor, known: Tensor) -> None:
        """Add a batch.

        Parameters
        ----------
        values : Tensor (B, …)
            Predicted or true values.
        known : Tensor (B, …), bool
            Where the truth is known; other cells do not count.
        """
        values = torch.where(known, values, 0.0).double()
        parts = [known.sum(0).double(), values.sum(0), values.square().sum(0)]
        pooled = self._sums.setdefault(tuple(values.shape[1:]), [torch.zeros(())] * 3)
        for place, part in enumerate(parts):
            pooled[place] = pooled[place] + part.cpu()
        self._square += float(parts[2].sum())
        self._count += int(parts[0].sum())

    def deviation(self) -> float | None:
        """Give the standard deviation across samples; None with no two samples to compare."""
        total, freedom = 0.0, 0.0
        for count, first, second in self._sums.values():
            many = count > 1
            # sum of squares around the mean of each cell; rounding can leave it below 0
            around = (second - first.square() / count.clamp(min=1)).clamp(min=0)
            total += float(around[many].sum())
            freedom += float((count[many] - 1).sum())
        return math.sqrt(total / freedom) if freedom else None

    def size(self) -> float:
        """Give the root mean square over all cells and samples."""
        return math.sqrt(self._square / self._count) if self._count else 0.0


@contextmanager
def dead_units(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Watch the activation modules of a model while it computes.

    Yields
    ------
    dict of str to Tensor (C,), bool
        By module, filled by each forward pass: which of its units were active at all. A
        unit is a channel of a map (B, C, H, W), or the last dimension of anything else.
    """
    active: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            units = output.detach().movedim(1 if output.ndim >= 4 else -1, 0)
            now = (units.reshape(units.shape[0], -1).abs() > _INACTIVE).any(1)
            active[name] = active[name] | now if name in active else now

        return hook

    handles = [
        module.register_forward_hook(watch(name))
        for name, module in model.named_modules()
        if isinstance(module, ACTIVATIONS)
    ]
    try:
        yield active
    finally:
        for handle in handles:
            handle.remove()


def not_finite_weights(model: nn.Module) -> list[str]:
    """Name the parameters and buffers that hold NaN or infinite values."""
    return [
        name
        for name, tensor in model.state_dict().items()
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())
    ]


def describe_not_finite(model: nn.Module, parts: Mapping[str, float]) -> str:
    """Say which parts of a loss and which weights are not finite."""
    bad = [f"{name} = {value}" for name, value in parts.items() if not math.isfinite(value)]
    weights = not_finite_weights(model)
    more = f" and {len(weights) - 3} more" if len(weights) > 3 else ""
    where = f"not finite are the weights {', '.join(weights[:3])}{more}" if weights else ""
    return "; ".join(filter(None, [", ".join(bad), where or "all weights are finite"]))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switch a model to evaluation without gradients, and each module back after it."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
