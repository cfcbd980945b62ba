"""What the faults of :mod:`inundate.cli.doctor_bench.plain` do to healthy trainings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import plain_bodies as b
from inundate.cli.doctor_bench.change import on_input
from inundate.cli.doctor_bench.mistakes import scheduled as _scheduled
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick

# optimisers and steps -----------------------------------------------------------------------------


def scheduled(kind: Any, rate: float, at: Any) -> Any:
    """Make an optimiser whose rate follows the number of the step."""
    return _scheduled(lambda net: kind(net.parameters(), lr=rate), at)


def penalised(p: Parts, much: float) -> Parts:
    """Add the squared weights to the loss."""
    held = p.criterion
    assert held is not None

    def loss(model: nn.Module, batch: Any) -> Tensor:
        every: Any = sum(v.square().sum() for v in model.parameters())
        found: Tensor = held(model(*batch["inputs"].values()), batch["target"]) + much * every
        return found

    return pick(p, loss=loss)


def closing(p: Parts, rate: float) -> Parts:
    """Train by LBFGS, which asks for the loss again and again."""
    held = p.criterion
    assert held is not None

    def step(model: nn.Module, optimiser: Any, raw: Any) -> Tensor:
        def again() -> Tensor:
            optimiser.zero_grad()
            loss = held(model(*raw["inputs"].values()), raw["target"])
            torch.autograd.backward(loss)
            return loss

        found: Tensor = optimiser.step(again)
        return found

    return pick(p, step=step, optimiser=lambda net: torch.optim.LBFGS(net.parameters(), lr=rate))


def stepping(p: Parts, *, backward: bool = True, step: bool = True, cleared: bool = False) -> Parts:
    """Make a step with a part left out, or the gradient cleared before it is used."""
    held = p.criterion
    assert held is not None

    def made(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model(*raw["inputs"].values()), raw["target"])
        if backward:
            torch.autograd.backward(loss)
        if cleared:
            optimiser.zero_grad()
        if step:
            optimiser.step()
        return loss

    return pick(p, step=made)


# losses -------------------------------------------------------------------------------------------


def number_of_class(output: Tensor, target: Tensor) -> Tensor:
    """Compare scores with the number of the class."""
    return functional.mse_loss(output, target.float()[:, None].expand_as(output))


def softmax_of_batch(output: Tensor, target: Tensor) -> Tensor:
    """Take the softmax over the samples, and a binary cross-entropy."""
    wanted = functional.one_hot(target, output.shape[1]).float()
    return functional.binary_cross_entropy(output.softmax(0).clamp(1e-6, 1 - 1e-6), wanted)


def dice(output: Tensor, target: Tensor) -> Tensor:
    """Give Dice, which should grow."""
    told = output.sigmoid()
    return 2 * (told * target).sum() / (told.sum() + target.sum() + 1)


def few_of_last(p: Parts) -> Parts:
    """Keep few samples of the last class, and weight classes by their share."""

    def of(s: Samples) -> Samples:
        keep = (s.target != 2) | (torch.arange(len(s)) % 12 == 0)
        return Samples({n: v[keep] for n, v in s.inputs.items()}, s.target[keep])

    weight = torch.tensor([0.485, 0.485, 0.03]) ** 1.5
    return pick(
        p, train=of(p.train), valid=of(p.valid),
        criterion=lambda out, t: functional.cross_entropy(out, t, weight=weight),
    )  # fmt: skip


# data ---------------------------------------------------------------------------------------------


def some(p: Parts, every: int, change: Any, name: str = "input") -> Parts:
    """Give some training inputs in another unit."""
    held = p.train.inputs[name].clone()
    held[1::every] = change(held[1::every])
    return pick(p, train=add(p.train, {name: held}))


def some_targets(p: Parts, every: int, change: Any) -> Parts:
    """Give some training targets in another unit."""
    held = p.train.target.clone()
    held[1::every] = change(held[1::every])
    return pick(p, train=add(p.train, {}, held))


def copied(p: Parts, every: int) -> Parts:
    """Put training samples into validation."""
    inputs = {n: v.clone() for n, v in p.valid.inputs.items()}
    target = p.valid.target.clone()
    at = torch.arange(0, len(target), every)
    for name, value in inputs.items():
        value[at] = p.train.inputs[name][at]
    target[at] = p.train.target[at]
    return pick(p, valid=Samples(inputs, target))


def written_twice(p: Parts) -> Parts:
    """Write each sample twice, then split by chance."""
    rows = torch.arange(len(p.train)).repeat(2)
    rows = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(2))]
    at = len(rows) * 3 // 4

    def of(chosen: Tensor) -> Samples:
        return Samples({n: v[chosen] for n, v in p.train.inputs.items()}, p.train.target[chosen])

    return pick(p, train=of(rows[:at]), valid=of(rows[at:]))


def nan_in(p: Parts, name: str) -> Parts:
    """Leave out a number of one row."""
    held = p.train.inputs[name].clone()
    held[11, 3] = float("nan")
    return pick(p, train=add(p.train, {name: held}))


class Once:
    """Gives its batches once, and nothing after that."""

    def __init__(self, loader: Any) -> None:
        self.batches = iter(loader)

    def __iter__(self) -> Any:
        return self.batches


def once(p: Parts) -> Parts:
    """Keep an iterator in the place of a loader."""
    return pick(p, train_loader=Once(TensorLoader(p.train, p.size)))


def loud(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Add noise to inputs, ten times as strong as those."""
    held = batch["inputs"]["input"]
    noise = torch.from_numpy(rng.normal(scale=10.0, size=held.shape)).float()
    return {**batch, "inputs": {"input": held + noise}}


def masked(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Set nine of ten inputs to 0, drawn anew."""
    held = batch["inputs"]["input"]
    kept = torch.from_numpy(rng.random(held.shape) < 0.1)
    return {**batch, "inputs": {"input": held * kept}}


def turned(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Turn half of the images by a quarter, though the label says how they lie."""
    held = batch["inputs"]["input"]
    some_ = torch.from_numpy(rng.random(len(held)) < 0.5)[:, None, None, None]
    return {**batch, "inputs": {"input": torch.where(some_, held.rot90(1, (-2, -1)), held)}}


# models -------------------------------------------------------------------------------------------


def frozen(p: Parts, parts: tuple[str, ...]) -> Parts:
    """Take the gradient of some weights away."""
    for name, weight in p.model.named_parameters():
        weight.requires_grad_(not name.startswith(parts))
    return p


def still_norm(p: Parts) -> Parts:
    """Never gather the statistics of the batches, of inputs far from 0."""
    for module in p.model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.momentum = 0.0
    return on_input(p, lambda v: 20 * v + 30)


class Turned(nn.Module):
    """Drops in evaluation alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.model(functional.dropout(inputs, 0.8, not self.training))
        return found


def deep(given: int, out: int, layers: int, kind: Any) -> nn.Sequential:
    """Stack layers without norms or open ways."""
    held = [x for _ in range(layers) for x in (nn.Linear(16, 16), kind())]
    return nn.Sequential(nn.Linear(given, 16), kind(), *held, nn.Linear(16, out))


class Exploding(nn.Module):
    """Reads a series by a state that grows from step to step."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.again = nn.Linear(2, 16), nn.Linear(16, 16)
        self.tell = nn.Linear(16, 5)
        nn.init.normal_(self.again.weight, std=60.0)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 2) to (B, 5)."""
        state = torch.zeros(len(series), 16)
        for now in series.unbind(1):
            state = functional.relu(self.read(now) + self.again(state))
        found: Tensor = self.tell(state)
        return found


def exploding() -> nn.Module:
    """Make one."""
    torch.manual_seed(3)
    return Exploding()


def first_squashed(found: Any) -> Any:
    """Hold the first of several results between -1 and 1."""
    return (torch.tanh(found[0]), *found[1:])


class Coarse(nn.Module):
    """Gives one answer for each quarter of a map."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Conv2d(12, 4, 1)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, 2, H, W) to (B, 4, H, W)."""
        return functional.interpolate(self.layers(maps), size=maps.shape[-2:])


class Alone(b.Pipes):
    """Leaves the edges out."""

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        """Map (B, N, 3) to (B, N)."""
        return super().forward(nodes, torch.zeros_like(edges))


class Twice(nn.Module):
    """Gives the first row in the place of the second."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.model(one, one) + 0 * two[:, 0]
        return found


class Last(b.Reader):
    """Reads one way, and tells from the last state."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.LSTM(20, 40, batch_first=True)

    def forward(self, texts: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        found: Tensor = self.tell(self.read(self.embed(texts))[0][:, -1])
        return found


class MeanOfAll(b.Reader):
    """Takes the mean over all places."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(60, 20)

    def forward(self, texts: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        found: Tensor = self.tell(self.read(self.embed(texts))[0].mean(1))
        return found
