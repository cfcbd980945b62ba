"""Mistakes of the seventh list in the training of models of texts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import prose as t
from inundate.cli.doctor_bench.parts import Parts, pick

__all__ = [
    "Adapted", "AlwaysDropped", "NoPlaces", "SeesAll", "Unheard", "adapted",
    "one_of_one", "penalised", "places_last", "resized", "scored_by_place", "second_order",
    "short_alone", "weights_clamped",
]  # fmt: skip


class NoPlaces(t.Turns):
    """Forgets where the words stand."""

    def placed(self, states: Tensor) -> Tensor:
        """Give the words as they are."""
        return states


class SeesAll(t.Scribe):
    """Looks at the words that it is to say."""

    def mask(self, length: int) -> Tensor | None:
        """Hide nothing."""
        return None


class Unheard(t.Translate):
    """Writes without what was read."""

    def handed(self, state: Tensor) -> Tensor | None:
        """Hand on nothing."""
        return None


class AlwaysDropped(nn.Module):
    """Drops states by a function that is told of training nowhere, and is on for good."""

    def __init__(self, embed: nn.Module, share: float) -> None:
        super().__init__()
        self.embed, self.share = embed, share

    def forward(self, tokens: Tensor) -> Tensor:
        """Embed (B, L) and drop."""
        return functional.dropout(self.embed(tokens), self.share)


class Adapted(nn.Module):
    """A frozen layer with two narrow ones beside it, both of zeros."""

    def __init__(self, layer: nn.Module, width: int, out: int) -> None:
        super().__init__()
        self.layer = layer
        self.down = nn.Parameter(torch.zeros(4, width))
        self.up = nn.Parameter(torch.zeros(out, 4))

    def forward(self, states: Tensor) -> Tensor:
        """Add what the narrow layers say."""
        found: Tensor = self.layer(states) + states @ self.down.T @ self.up.T
        return found


def adapted(p: Parts) -> Parts:
    """Freeze a model, and train narrow layers beside two of its own."""
    model: Any = p.model
    for weight in model.parameters():
        weight.requires_grad_(False)
    model.block, model.tell = Adapted(model.block, 24, 24), Adapted(model.tell, 24, 3)
    return p


# loaders ------------------------------------------------------------------------------------------


def short_alone(batch: dict[str, Any], _rng: Any) -> dict[str, Any]:
    """Keep the two names of a batch whose letters come first; the rest were too long."""
    keep = batch["inputs"]["input"].sum(1).argsort()[:2]
    return {**batch, "inputs": {"input": batch["inputs"]["input"][keep]},
            "target": batch["target"][keep]}  # fmt: skip


# losses -------------------------------------------------------------------------------------------


def one_of_one(output: Tensor, target: Tensor) -> Tensor:
    """Give the cross-entropy of one class (B, 1) out of one."""
    return functional.cross_entropy(output, target)


def places_last(output: Tensor, target: Tensor) -> Tensor:
    """Flatten scores (B, L, K) by text and words (B, L) by place."""
    return functional.cross_entropy(output.reshape(-1, output.shape[-1]), target.T.reshape(-1))


def scored_by_place(output: Tensor, target: Tensor) -> Tensor:
    """Take the softmax of scores (B, L, K) over the places, not over the words."""
    return functional.nll_loss(output.log_softmax(1).flatten(0, 1), target.flatten())


def second_order(output: Tensor, target: Tensor) -> Tensor:
    """Compare (B,) with (B, 1)."""
    return (output - target).abs().mean()


def penalised(model: nn.Module, batch: Any) -> Tensor:
    """Add the sum of the absolute values of all weights."""
    told = functional.cross_entropy(model(batch["inputs"]["input"]), batch["target"])
    every: Any = sum(weight.abs().sum() for weight in model.parameters())
    found: Tensor = told + 0.1 * every
    return found


# steps and optimisers -----------------------------------------------------------------------------


def weights_clamped(p: Parts) -> Parts:
    """Keep all weights within a hundredth after each step, as a critic's."""

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        output = model(*raw["inputs"].values())
        loss = t.by_place(output, raw["target"])
        torch.autograd.backward(loss)
        optimiser.step()
        with torch.no_grad():
            for weight in model.parameters():
                weight.clamp_(-0.01, 0.01)
        return loss

    return pick(p, step=step)


def resized(model: Any) -> torch.optim.Optimizer:
    """Make the optimiser, then what reads the words, with room for more of them."""
    optimiser = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    model.embed = nn.Embedding(60, model.embed.weight.shape[1])
    model.read = nn.GRU(model.read.input_size, model.read.hidden_size, batch_first=True)
    return optimiser
