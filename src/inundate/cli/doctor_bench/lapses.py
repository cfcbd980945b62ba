"""Faults of the ninth list in models of images and tables: what each does to a healthy training."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from inundate.cli.doctor_bench import glimpses as g
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

# data ---------------------------------------------------------------------------------------------


def whole_given(p: Parts) -> Parts:
    """Give the map itself where the one with lines lost was meant."""

    def of(held: Samples) -> Samples:
        there = held.inputs["input"][:, 1:]
        return add(held, {"input": torch.cat([held.target, there], 1)})

    return both(p, of)


def four_views(p: Parts) -> Parts:
    """Write each picture four times with a little noise of the camera, then split by chance."""
    rng = torch.Generator().manual_seed(7)
    rows = torch.arange(len(p.train)).repeat(4)
    rows = rows[torch.randperm(len(rows), generator=rng)]
    images = p.train.inputs["input"][rows]
    images = images + 0.05 * torch.randn(images.shape, generator=rng)
    target, at = p.train.target[rows], len(rows) * 3 // 4
    return pick(
        p, train=Samples({"input": images[:at]}, target[:at]),
        valid=Samples({"input": images[at:]}, target[at:]),
    )  # fmt: skip


def sieve_marked(p: Parts) -> Parts:
    """Photograph each heap with the mark of its sieve, a grey step, along the edge."""

    def of(held: Samples) -> Samples:
        images = held.inputs["input"].clone()
        images[:, 0, :3] = 2.5 * held.target[:, :, None]
        return add(held, {"input": images})

    return both(p, of)


def to_unit(maps: Tensor) -> Tensor:
    """Scale each map by its own least and largest value."""
    low, high = maps.amin((1, 2, 3), keepdim=True), maps.amax((1, 2, 3), keepdim=True)
    return (maps - low) / (high - low)


def order_of_files(p: Parts) -> Parts:
    """Take the frames in the order in which the files are found: in half of the pairs backwards."""

    def of(held: Samples) -> Samples:
        turned = torch.from_numpy(np.random.default_rng(8).random(len(held)) < 0.5)
        turned = turned[:, None, None, None]
        one, two = held.inputs["one"], held.inputs["two"]
        return add(
            held, {"one": torch.where(turned, two, one), "two": torch.where(turned, one, two)}
        )

    return both(p, of)


def serviced(p: Parts) -> Parts:
    """Give the number of services until the pump failed as its last column."""

    def of(held: Samples) -> Samples:
        rows = held.inputs["input"].clone()
        noise = torch.Generator().manual_seed(len(rows))
        years = held.target.sum(1) + 0.3 * torch.randn(len(rows), generator=noise)
        rows[:, 7] = (years - 3.0) / 2.0
        return add(held, {"input": rows})

    return both(p, of)


def turned_players(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Exchange the players of half of the duels of a batch, and leave who won."""
    turned = torch.from_numpy(rng.random(len(batch["target"])) < 0.5)[:, None]
    one, two = batch["inputs"]["one"], batch["inputs"]["two"]
    inputs = {"one": torch.where(turned, two, one), "two": torch.where(turned, one, two)}
    return {**batch, "inputs": inputs}


# models -------------------------------------------------------------------------------------------


class Uneven(nn.Module):
    """Drops most units in training, and does not make up for it."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, states: Tensor) -> Tensor:
        """Drop in training alone."""
        return states * (torch.rand_like(states) > self.share) if self.training else states


def dropped(model: nn.Module, share: float) -> nn.Module:
    """Drop units behind each activation."""
    held = []
    for layer in model.children():
        held += [layer, nn.Dropout(share)] if isinstance(layer, nn.Tanh) else [layer]
    return nn.Sequential(*held)


class ThroughNumbers(g.Clouds):
    """Takes the fine scores out of torch and back."""

    def forward(self, bands: Tensor) -> Tensor:
        """Map (B, 4, H, W) to scores (B, 3, H, W)."""
        fine = torch.from_numpy(self.fine(bands).detach().numpy())
        found: Tensor = fine + self.coarse(bands)
        return found


class Averaged(nn.Module):
    """Answers in evaluation by a moving average of its weights, which began at 0."""

    def __init__(self, model: nn.Module, keep: float) -> None:
        super().__init__()
        self.model, self.keep = model, keep
        self.names = [name for name, _ in model.named_parameters()]
        for place, weight in enumerate(model.parameters()):
            self.register_buffer(f"mean_{place}", torch.zeros_like(weight.detach()))

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer for a batch."""
        means = {name: getattr(self, f"mean_{place}") for place, name in enumerate(self.names)}
        if not self.training:
            found: Tensor = functional_call(self.model, means, (inputs,))
            return found
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                means[name].lerp_(weight, 1 - self.keep)
        told: Tensor = self.model(inputs)
        return told


def sigmoid_maps(layers: int = 15, width: int = 12) -> nn.Module:
    """Stack convolutions with sigmoids."""
    held: list[nn.Module] = [nn.Conv2d(1, width, 3, padding=1), nn.Sigmoid()]
    for _ in range(layers):
        held += [nn.Conv2d(width, width, 3, padding=1), nn.Sigmoid()]
    return nn.Sequential(*held, nn.Conv2d(width, 1, 3, padding=1))


# losses, scores and steps -------------------------------------------------------------------------


def by_their_share(output: Tensor, target: Tensor) -> Tensor:
    """Weight classes by how often they are, and not by one over it."""
    weight = torch.tensor([0.9989, 0.001, 0.0001])
    return functional.cross_entropy(output, target, weight=weight)


def other_digit(output: Tensor, target: Tensor) -> Tensor:
    """Give the share of digits that are right, the right one being read from the wrong half."""
    return (output.argmax(1) == target.flip(1)).float().mean()


def _stepping(p: Parts, between: Any, after: Any = None, by: float = 1.0) -> Parts:
    """Make a step with something done before it, and something after it that sees the loss."""
    held = p.criterion
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(by * loss)
        between(model)
        optimiser.step()
        if after is not None:
            after(model, float(loss.detach()))
        return loss

    return pick(p, step=step)


def clipped(p: Parts) -> Parts:
    """Clip the gradient to a hundred-thousandth, where a hundred thousand was meant."""
    return _stepping(p, lambda m: torch.nn.utils.clip_grad_norm_(m.parameters(), 1e-5))


def halved_gradient(p: Parts) -> Parts:
    """Keep the gradient in half precision, of a loss that is divided by a million rows."""

    def of(model: nn.Module) -> None:
        for weight in model.parameters():
            if weight.grad is not None:
                weight.grad = weight.grad.half().float()

    return _stepping(p, of, by=1e-7)


def best_kept(p: Parts) -> Parts:
    """Load the best weights so far again, whenever the loss of a batch is not the lowest."""
    best: dict[str, Any] = {"loss": float("inf"), "weights": copy.deepcopy(p.model.state_dict())}

    def after(model: nn.Module, loss: float) -> None:
        if loss < best["loss"]:
            best.update(loss=loss, weights=copy.deepcopy(model.state_dict()))
        else:
            model.load_state_dict(best["weights"])

    return _stepping(p, lambda _m: None, after)
