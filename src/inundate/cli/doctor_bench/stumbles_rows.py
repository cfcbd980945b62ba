"""Faults of the fourteenth list in texts, series and tables: what each does to a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench import chronicles as y
from inundate.cli.doctor_bench import columns as c
from inundate.cli.doctor_bench import rumours, speeches
from inundate.cli.doctor_bench.change import both, on_input, with_optimiser
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick

__all__ = [
    "Encoded", "FirstState", "LastOfRow", "cleared_before_step", "connected",
    "cut_behind_four", "distil", "drawn_by_randn", "few_rows", "first_batch", "gaps_in_the_record",
    "in_kilograms", "in_single_passengers", "larger_than_table", "last_step_too", "linear",
    "masked", "never_taken_out", "norm_of_keras", "of_the_first_model", "one_tenth", "regressor",
    "relu_at_the_end", "without_last_column",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def gaps_in_the_record(p: Parts) -> Parts:
    """Leave NaN where nothing was measured, as pandas reads an empty cell."""

    def of(series: Tensor) -> Tensor:
        drawn = torch.rand(series.shape, generator=torch.Generator().manual_seed(3))
        return series.masked_fill(drawn < 0.01, float("nan"))

    return on_input(p, of)


def in_single_passengers(p: Parts) -> Parts:
    """Count single passengers in each sixth line, and hundreds in all others."""

    def of(held: Samples) -> Samples:
        chosen = torch.arange(len(held)) % 6 == 2
        series, target = held.inputs["input"].clone(), held.target.clone()
        series[chosen, 0] *= 100.0
        target[chosen] *= 100.0
        return add(held, {"input": series}, target)

    return pick(p, train=of(p.train))


def last_step_too(p: Parts) -> Parts:
    """Cut the window one step too late, so that it ends with what is to be forecast."""

    def of(held: Samples) -> Samples:
        series = held.inputs["input"]
        step = torch.cat([held.target, 0.7 * held.target, series[:, -1, 2:]], 1)
        return add(held, {"input": torch.cat([series[:, 1:], step[:, None]], 1)})

    return both(p, of)


def never_taken_out(p: Parts) -> Parts:
    """Keep the last quarter for validation, and train on the whole list all the same."""
    every = {name: torch.cat([held, p.valid.inputs[name]]) for name, held in p.train.inputs.items()}
    return pick(p, train=Samples(every, torch.cat([p.train.target, p.valid.target])))


def cut_behind_four(p: Parts) -> Parts:
    """Cut texts behind four words, the default, as no code reads the key of the longest text."""
    return pick(on_input(p, lambda t: t[:, :4], "tokens"), unread=("data.max_words",))


def few_rows(p: Parts, count: int) -> Parts:
    """Read a few rows alone, as was done to try it out."""
    inputs = {name: held[:count] for name, held in p.train.inputs.items()}
    return pick(p, train=Samples(inputs, p.train.target[:count]), size=min(p.size, count // 2))


def in_kilograms(target: Tensor) -> Tensor:
    """Give kilograms of a field, not deviations from the mean ton."""
    return 31000.0 + 9000.0 * target


# loaders ------------------------------------------------------------------------------------------


def first_batch(p: Parts) -> Parts:
    """Take ``next(iter(loader))`` of a loader that does not shuffle, at each step."""

    def choose(order: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
        return np.tile(np.arange(p.size), len(order) // p.size)

    return pick(p, loader={"choose": choose})


def masked(p: Parts) -> Parts:
    """Hide 85 % of the words behind another, where 15 % were meant."""

    def change(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        tokens = batch["inputs"]["tokens"]
        hidden = torch.from_numpy(rng.random(tuple(tokens.shape)) < 0.85) & (tokens > 0)
        return {**batch, "inputs": {"tokens": tokens.masked_fill(hidden, 25)}}

    return pick(p, loader={"change": change})


def larger_than_table(p: Parts) -> Parts:
    """Ask for batches of 2048 of a smaller table, and drop the last one that is not full."""
    return pick(p, train_loader=TensorLoader(p.train, 2048))


# losses and steps ---------------------------------------------------------------------------------


def without_last_column(output: Tensor, target: Tensor) -> Tensor:
    """Leave the last column out, as the number of a row once stood there."""
    return (output[:, :-1] - target[:, :-1]).square().mean()


def cleared_before_step(p: Parts) -> Parts:
    """Clear the gradient behind backward, in front of the step."""
    held = p.criterion
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        loss = held(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss)
        optimiser.zero_grad()
        optimiser.step()
        return loss

    return pick(p, step=step)


def of_the_first_model(p: Parts, make: Any) -> Parts:
    """Make the model anew in a later cell, and keep the optimiser of the first one."""
    first = make().model
    return with_optimiser(p, lambda _model: p.optimiser(first))


# models -------------------------------------------------------------------------------------------


class FirstState(rumours.Turbines):
    """Tells from the state that was handed in, not from the one that came out."""

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 2)."""
        state = torch.zeros(1, len(series), self.tell.in_features)
        self.read(series, (state, torch.zeros_like(state)))
        found: Tensor = self.tell(state[-1])
        return found


class Encoded(speeches.Complaints):
    """Reads without gradients, as if the encoder were trained already."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, 4)."""
        with torch.no_grad():
            state = self.read(self.embed(tokens.flip(1)))[0][:, -1]
        found: Tensor = self.tell(state)
        return found


class LastOfRow(y.Hotels):
    """Reads whole rows, empty places and all, and takes the last state."""

    def states(self, tokens: Tensor) -> Tensor:
        """Give the last state (B, W) of rows (B, L)."""
        found: Tensor = self.read(self.embed(tokens))[1][0][-1]
        return found


def drawn_by_randn(p: Parts, times: float = 1.0) -> Parts:
    """Draw the weights of the recurrent layer by ``randn``, without a share for its width."""
    model: Any = p.model
    draw = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for weight in model.read.parameters():
            weight.copy_(times * torch.randn(weight.shape, generator=draw))
    return p


def one_tenth(p: Parts) -> Parts:
    """Start all linear layers with weights of 0.1 and biases of 0."""
    for part in p.model.modules():
        if isinstance(part, nn.Linear):
            nn.init.constant_(part.weight, 0.1)
            nn.init.zeros_(part.bias)
    return p


def relu_at_the_end(p: Parts) -> Parts:
    """Put a ReLU behind the last layer as behind all others."""
    return pick(p, model=nn.Sequential(p.model, nn.ReLU()))


def norm_of_keras(p: Parts) -> Parts:
    """Give the batch norm the momentum of 0.999, turned round: 0.001."""
    first: Any = p.model
    first[0].momentum = 0.001
    return p


def linear(p: Parts) -> Parts:
    """Forget the activations between the layers."""
    layers: Any = p.model
    return pick(p, model=nn.Sequential(*(x for x in layers if isinstance(x, nn.Linear))))


# models of other packages -------------------------------------------------------------------------


def regressor(seed: int) -> Parts:
    """Give the strength of alloys by the toy network of skorch."""
    from skorch.toy import MLPModule  # type: ignore[import-untyped]

    p = y.alloys(seed)
    return pick(p, model=MLPModule(input_units=5, output_units=1, hidden_units=36, num_hidden=2))


def distil(seed: int) -> Parts:
    """Send messages to teams by a DistilBERT of two layers, with a mask of what is empty."""
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    p = y.helplines(seed)
    own: Any = {"num_labels": 6}  # which the configuration takes, and does not name
    config = DistilBertConfig(
        vocab_size=60, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=16,
        dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0, **own,
    )  # fmt: skip

    def named(held: Samples) -> Samples:
        tokens = held.inputs["tokens"]
        inputs = {"input_ids": tokens, "attention_mask": (tokens > 0).long()}
        return Samples(inputs, held.target)

    made: Any = DistilBertForSequenceClassification(config)
    return pick(
        p, model=made, train=named(p.train), valid=named(p.valid),
        optimiser=lambda m: torch.optim.AdamW(m.parameters(), lr=2e-3),
    )  # fmt: skip


def connected(seed: int) -> Parts:
    """Give harvests by the fully connected network of monai."""
    from monai.networks.nets import FullyConnectedNet  # type: ignore[attr-defined]

    p = c.harvests(seed)
    model = FullyConnectedNet(8, 2, (40, 40))
    return pick(p, model=model, optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=6e-3))
