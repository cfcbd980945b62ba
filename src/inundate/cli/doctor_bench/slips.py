"""Mistakes of the seventh list in the training of models of images and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from inundate.cli.doctor_bench import gauged as g
from inundate.cli.doctor_bench import scenes as s
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "PriorInTest", "UnguardedMean", "box_smoothed", "clean_given", "cleared_in_part",
    "every_row_a_place", "last_frame", "left_to_right", "log_left_below", "missing_row",
    "normed_too_late", "oversampled", "pairs_in_order", "plain_deep", "relative",
    "sorted_split", "thresholded_dice", "weighted_few",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def _joined(one: Samples, two: Samples, order: Tensor) -> Samples:
    inputs = {n: torch.cat([v, two.inputs[n]])[order] for n, v in one.inputs.items()}
    return Samples(inputs, torch.cat([one.target, two.target])[order])


def _parted(held: Samples, at: int) -> tuple[Samples, Samples]:
    return (
        Samples({n: v[:at] for n, v in held.inputs.items()}, held.target[:at]),
        Samples({n: v[at:] for n, v in held.inputs.items()}, held.target[at:]),
    )


def oversampled(p: Parts, least: int) -> Parts:
    """Write each sample of the rare classes ten times, then split."""
    labels = torch.cat([p.train.target, p.valid.target])
    rows = torch.repeat_interleave(torch.arange(len(labels)), torch.where(labels >= least, 10, 1))
    order = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(8))]
    train, valid = _parted(_joined(p.train, p.valid, order), len(order) * 3 // 4)
    return pick(p, train=train, valid=valid)


def sorted_split(p: Parts) -> Parts:
    """Split a file that is sorted by class, and shuffle behind that."""
    labels = torch.cat([p.train.target, p.valid.target])
    train, valid = _parted(
        _joined(p.train, p.valid, labels.argsort(stable=True)), len(labels) * 3 // 4
    )
    return pick(p, train=train, valid=valid)


def clean_given(p: Parts) -> Parts:
    """Add the noise to a copy, and give the clean maps."""
    return both(p, lambda held: add(held, {"input": held.target.clone()}))


def last_frame(p: Parts) -> Parts:
    """Ask for the last frame that is given, one index too early."""
    return both(p, lambda held: add(held, {}, held.inputs["input"][:, -1:].clone()))


def every_row_a_place(p: Parts) -> Parts:
    """Give the number of the row where the number of the place was meant."""
    count, at = len(p.train) + len(p.valid), len(p.train)
    model = g.Wells(count, 20)
    train = add(p.train, {"place": torch.arange(at)})
    return pick(p, model=model, train=train, valid=add(p.valid, {"place": torch.arange(at, count)}))


def missing_row(p: Parts, at: int) -> Parts:
    """Lose one row of the targets; all behind it move up."""

    def of(held: Samples) -> Samples:
        return add(held, {}, torch.cat([held.target[:at], held.target[at:].roll(-1, 0)]))

    return both(p, of)


def box_smoothed(p: Parts, seed: int) -> Parts:
    """Smooth a series by a window to both sides before it is cut."""
    held = g.series(seed)
    smooth = np.convolve(held, np.ones(9) / 9, "same")
    starts = 32 * np.arange(len(p.train) + len(p.valid))
    at = len(p.train)

    def of(chosen: Any) -> Samples:
        given = g.tide_samples(smooth, chosen, 24, 4)
        return Samples(given.inputs, g.tide_samples(held, chosen, 24, 4).target)

    return pick(p, train=of(starts[:at]), valid=of(starts[at:]))


# loaders ------------------------------------------------------------------------------------------


def left_to_right(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Mirror each image with a chance of a half, and leave its point where it was."""
    images = batch["inputs"]["input"]
    turned = torch.from_numpy(rng.random(len(images)) < 0.5)[:, None, None, None]
    return {**batch, "inputs": {"input": torch.where(turned, images.flip(-1), images)}}


def pairs_in_order(p: Parts) -> Parts:
    """Give all pairs that are alike, then all that are not."""
    held = np.argsort(p.train.target[:, 0].numpy(), kind="stable")
    return pick(p, loader={"choose": lambda _order, _rng: held})


# losses -------------------------------------------------------------------------------------------


def relative(output: Tensor, target: Tensor) -> Tensor:
    """Give the error as a share of counts, some of which are 0."""
    return ((output.exp() - target) / target).abs().mean()


def thresholded_dice(output: Tensor, target: Tensor) -> Tensor:
    """Give 1 - Dice of the mask behind its threshold."""
    mask = (output > 0).float()
    return 1.0 - 2.0 * (mask * target).sum() / (mask.sum() + target.sum() + 1.0)


def weighted_few(output: Tensor, target: Tensor) -> Tensor:
    """Weight the foreground by its share, not by one over it."""
    return functional.binary_cross_entropy_with_logits(
        output, target, pos_weight=torch.tensor(0.02)
    )


# steps and models ---------------------------------------------------------------------------------


def cleared_in_part(p: Parts) -> Parts:
    """Clear the gradient of the last layer alone."""

    def step(model: Any, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        model[-1].zero_grad()
        loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


def normed_too_late(model: nn.Module) -> torch.optim.Optimizer:
    """Make the optimiser, then write the weights as length and direction."""
    optimiser = torch.optim.NAdam(model.parameters(), lr=3e-3)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, (nn.Linear, nn.Conv2d)) and "out_proj" not in name:
            weight_norm(layer)
    return optimiser


def log_left_below(p: Parts) -> Parts:
    """Put a new head, with ReLU, above a network that ends in log-softmax."""
    layers = [*p.model.children(), nn.LogSoftmax(1), nn.ReLU(), nn.Linear(10, 10)]
    return pick(p, model=nn.Sequential(*layers))


def plain_deep(p: Parts) -> Parts:
    """Leave out the open ways beside 22 convolutions."""
    layers: list[nn.Module] = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU()]
    for _ in range(22):
        layers += [nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
    layers += [nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(32, 4)]
    return pick(p, model=nn.Sequential(*layers))


class UnguardedMean(g.Rivers):
    """Takes the mean of what arrives, also where nothing does."""

    def arrived(self, edges: Tensor, states: Tensor) -> Tensor:
        """Divide by the number of edges, 0 at a spring."""
        return (edges @ states) / edges.sum(2, keepdim=True)


class PriorInTest(s.Painter):
    """In evaluation paints from a draw of its prior, not from what it was given."""

    def drawn(self, mean: Tensor, spread: Tensor) -> Tensor:
        """Draw around the mean in training, and around 0 in evaluation."""
        return super().drawn(mean, spread) if self.training else torch.randn_like(mean)
