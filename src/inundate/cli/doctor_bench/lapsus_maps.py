"""Faults of the eleventh list in models of maps and images: what each does to a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts, Samples, pick

__all__ = [
    "Decimetres", "copied", "drawn_flat", "frames_viewed", "ground_alone", "hard_sigmoids",
    "hits_of_all", "in_arc_seconds", "likeness_of_maps", "masked_by_255", "means_of_windows",
    "ones_left", "over_largest", "salted", "ten_photographs", "without_brackets",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def frames_viewed(depth: Tensor) -> Tensor:
    """View depths that lie as (H, W, K) as (K, H, W), where axes were to be exchanged."""
    return depth.permute(0, 2, 3, 1).reshape(depth.shape)


def over_largest(state: Tensor) -> Tensor:
    """Divide each layer (B, K, S, H, W) of a piece by its largest value, which may be 0."""
    return state / state.amax((-2, -1), keepdim=True)


def masked_by_255(ground: Tensor) -> Tensor:
    """Keep the ground where a mask is 255; the mask is one of 0 and 1."""
    mask = torch.ones_like(ground)
    return torch.where(mask == 255, ground, torch.zeros_like(ground))


def in_arc_seconds(sun: Tensor) -> Tensor:
    """Give the height of the sun in seconds of arc."""
    return 3600.0 * (45.0 + 20.0 / 1.7 * sun)


def ten_photographs(p: Parts) -> Parts:
    """Take ten photographs of each pole, and split the photographs."""
    rng = torch.Generator().manual_seed(11)
    rows = torch.arange(len(p.train)).repeat(10)
    rows = rows[torch.randperm(len(rows), generator=rng)]
    photographs, sun = (p.train.inputs[name][rows] for name in ("photographs", "sun"))
    photographs = photographs + 0.1 * torch.randn(photographs.shape, generator=rng)
    target, at = p.train.target[rows], len(rows) * 3 // 4
    return pick(
        p, train=Samples({"photographs": photographs[:at], "sun": sun[:at]}, target[:at]),
        valid=Samples({"photographs": photographs[at:], "sun": sun[at:]}, target[at:]),
    )  # fmt: skip


# loaders ------------------------------------------------------------------------------------------


def salted(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Sprinkle salt and pepper over 95 in 100 pixels, where 5 were meant."""
    images = batch["inputs"]["input"]
    drawn = torch.from_numpy(rng.random(images.shape))
    grains = torch.from_numpy(rng.choice([-2.0, 2.0], size=images.shape)).float()
    return {**batch, "inputs": {"input": torch.where(drawn < 0.95, grains, images)}}


# losses and scores --------------------------------------------------------------------------------


def hits_of_all(output: Tensor, target: Tensor) -> Tensor:
    """Give the share of wet cells that were found: of all cells, not of the wet ones."""
    return ((output > 0.05) & (target > 0.05)).float().mean()


def likeness_of_maps(output: Tensor, target: Tensor) -> Tensor:
    """Give the cosine between maps (B, C, H, W), which should grow."""
    return functional.cosine_similarity(output.flatten(1), target.flatten(1)).mean()


# steps and optimisers -----------------------------------------------------------------------------


def without_brackets(p: Parts) -> Parts:
    """Name what clears the gradient, and forget its brackets."""
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad  # noqa: B018  the fault itself
        loss = held(model, raw)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


def ground_alone(model: nn.Module) -> torch.optim.Optimizer:
    """Give the optimiser the first layers alone, as all others were to be loaded and kept."""
    held = [w for n, w in model.named_parameters() if n.startswith(("terrain", "rain"))]
    return torch.optim.AdamW(held, lr=3e-3, weight_decay=0.01)


# models -------------------------------------------------------------------------------------------


class Decimetres(nn.Module):
    """Cuts depths to whole decimetres in evaluation, for a small file."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Answer for a batch."""
        depth: Tensor = self.model(inputs)
        return depth if self.training else (10.0 * depth).floor() / 10.0


def copied(features: Tensor) -> Tensor:
    """Copy features without what they came from, as ``torch.tensor(features)`` does."""
    return features.detach().clone()


def ones_left(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Put ones in the place of the ground, as was done to test shapes."""
    return {**inputs, "terrain": torch.ones_like(inputs["terrain"])}


def hard_sigmoids(layers: int = 18, width: int = 12) -> nn.Module:
    """Read dunes by many convolutions, each with a hard sigmoid."""
    made: list[nn.Module] = [nn.Conv2d(1, width, 5, 2, 2), nn.Hardsigmoid()]
    for _ in range(layers - 1):
        made += [nn.Conv2d(width, width, 3, padding=1), nn.Hardsigmoid()]
    return nn.Sequential(*made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 3))


@torch.no_grad()
def means_of_windows(p: Parts) -> Parts:
    """Start each convolution as the mean over its window, and each bias at 0."""
    for weight in p.model.parameters():
        weight.fill_(1.0 / weight[0].numel() if weight.ndim > 1 else 0.0)
    return p


@torch.no_grad()
def drawn_flat(p: Parts) -> Parts:
    """Draw the weights in front of each tanh evenly from -5 to 5."""
    drawn = torch.Generator().manual_seed(13)
    for name, weight in p.model.named_parameters():
        if name.startswith(("look", "join")) and weight.ndim > 1:
            weight.uniform_(-5.0, 5.0, generator=drawn)
    return p
