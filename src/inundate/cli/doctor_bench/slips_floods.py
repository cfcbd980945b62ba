"""Mistakes of the seventh list in the training of emulators of floods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.cli.doctor_bench.wrap import After

__all__ = [
    "TurnedInTest", "above_another_zero", "after_as_before", "clipped_while_scaled",
    "cut_elsewhere", "dry_first", "first_frame", "half_in_mm",
    "head_alone_moves", "level_in_mm", "moved_by_a_block", "no_depth_left", "own_spread",
    "rain_of_the_first", "scaled_for_good", "scaled_loss", "tolerant",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def _east(values: Tensor) -> Tensor:
    """Move maps by a fourth of their width."""
    return values.roll(values.shape[-1] // 4, -1) if values.shape[-1] > 1 else values


def moved_by_a_block(p: Parts) -> Parts:
    """Split pieces that overlap at random: those to validate on lie four cells beside others."""
    at = p.train.at(torch.arange(0, len(p.train), 2))
    inputs = {name: _east(value) for name, value in at["inputs"].items()}
    return pick(p, valid=Samples(inputs, _east(at["target"]), {"valid": _east(at["valid"])}))


def after_as_before(p: Parts) -> Parts:
    """Hand in the depth at the end of the step as that at its start."""

    def of(samples: Samples) -> Samples:
        return add(samples, {"start": samples.target[:, -1].clone()})

    return pick(p, train=of(p.train), valid=of(p.valid))


def own_spread(values: Tensor) -> Tensor:
    """Scale by the mean and spread of just these."""
    return (values - values.mean()) / values.std()


def half_in_mm(heights: Tensor) -> Tensor:
    """Keep heights of 64 m and more above the sea in half precision and mm."""
    return (1000.0 * (heights + 64.0)).half().float() / 1000.0 - 64.0


def no_depth_left(target: Tensor) -> Tensor:
    """Leave the no-data number of a raster in the first two columns of each map."""
    found = target.clone()
    found[..., :2] = -9999.0
    return found


def cut_elsewhere(p: Parts) -> Parts:
    """Draw the place of the cut for the depth by itself."""
    rng = np.random.default_rng(17)

    def of(samples: Samples) -> Samples:
        moved = [
            depth.roll((int(rng.integers(3, 13)), int(rng.integers(3, 13))), (-2, -1))
            for depth in samples.target
        ]
        return add(samples, {}, torch.stack(moved))

    return pick(p, train=of(p.train), valid=of(p.valid))


def above_another_zero(p: Parts) -> Parts:
    """Give the level of each sixth piece above another datum."""
    level = p.train.inputs["level"].clone()
    level[4::6] += 45.0
    return pick(p, train=add(p.train, {"level": level}))


# loaders ------------------------------------------------------------------------------------------


def rain_of_the_first(batch: dict[str, Any], _rng: Any) -> dict[str, Any]:
    """Give all pieces of a batch the rain of its first one."""
    rain = batch["inputs"]["rain"]
    return {**batch, "inputs": {**batch["inputs"], "rain": rain[:1].expand_as(rain)}}


def level_in_mm(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Disturb levels in m by what was meant in mm."""
    level = batch["inputs"]["level"]
    noise = torch.from_numpy(rng.normal(scale=40.0, size=level.shape)).float()
    return {**batch, "inputs": {**batch["inputs"], "level": level + noise}}


# losses -------------------------------------------------------------------------------------------


def first_frame(held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Score the first of two frames alone."""
    first = After(model, lambda depth: depth[:, :1])
    found: Tensor = held(first, {**batch, "target": batch["target"][:, :1]})
    return found


def dry_first(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Give wet cells the weight that was meant for dry ones."""
    wet = (batch["target"] > 0.002).float()
    weight = 1e-4 * wet + (1.0 - wet)
    found: Tensor = (weight * (model(batch["inputs"]) - batch["target"]).abs()).mean()
    return found


def tolerant(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Count no error below half a metre, where half a centimetre was meant."""
    error: Tensor = (model(batch["inputs"]) - batch["target"]).abs()
    return (error - 0.5).clamp(min=0.0).mean()


# steps and models ---------------------------------------------------------------------------------


def scaled_loss(p: Parts, by: float, between: Callable[[nn.Module], object]) -> Parts:
    """Go back from a scaled loss, do something, and divide the gradient by the scale."""
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model, raw)
        torch.autograd.backward(by * loss)
        between(model)
        for weight in model.parameters():
            if weight.grad is not None:
                weight.grad /= by
        optimiser.step()
        return loss

    return pick(p, step=step)


def clipped_while_scaled(p: Parts) -> Parts:
    """Clip the gradient of the scaled loss, and divide by the scale behind that."""
    return scaled_loss(p, 65536.0, lambda model: nn.utils.clip_grad_norm_(model.parameters(), 1.0))


def scaled_for_good(p: Parts) -> Parts:
    """Give depth in half precision, at a scale of the loss that nothing lowers or checks."""
    p = scaled_loss(p, 2.0**30, lambda _model: None)
    return pick(p, model=After(p.model, lambda depth: depth.half().float()))


def head_alone_moves(model: nn.Module) -> torch.optim.Optimizer:
    """Give all but the head a group of its own, at a rate of 0."""
    head = [w for n, w in model.named_parameters() if n.startswith("head")]
    rest = [w for n, w in model.named_parameters() if not n.startswith("head")]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": 0.0}, {"params": head}]
    return torch.optim.AdamW(groups, lr=3e-3)


class TurnedInTest(nn.Module):
    """In evaluation turns its inputs by a quarter, and its answer not back."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Answer for a batch."""
        if not self.training:
            inputs = {
                n: v.rot90(1, (-2, -1)) if v.shape[-1] == v.shape[-2] else v
                for n, v in inputs.items()
            }
        found: Tensor = self.model(inputs)
        return found
