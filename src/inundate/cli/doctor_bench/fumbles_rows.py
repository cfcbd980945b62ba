"""Faults of the thirteenth list in texts, series and tables: what each does to a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import rumours as y
from inundate.cli.doctor_bench import tellings
from inundate.cli.doctor_bench.change import both, on_input
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "HalfOfIt", "LastPlace", "OneWayHead", "UnitWords", "WholeShares", "centres_of_raw_rows",
    "columns_as_they_are", "filled_up_behind", "keeps_little", "less_than_zero",
    "one_through_width", "paid_already", "same_rows_each_step", "scaled_back_by_numpy",
    "sorted_texts", "ssim_as_loss", "sulphur", "swapped", "the_common_more_often",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def filled_up_behind(p: Parts) -> Parts:
    """Fill the texts to validate on up behind their last word, those to train on in front."""
    tokens = p.valid.inputs["tokens"]
    rows = torch.zeros_like(tokens)
    for row, text in zip(rows, tokens, strict=True):
        words = text[text > 0]
        row[: len(words)] = words
    return pick(p, valid=add(p.valid, {"tokens": rows}))


def paid_already(p: Parts) -> Parts:
    """Keep the column of the money that was paid back, which is 0 where none was refunded."""

    def of(held: Samples) -> Samples:
        rows = held.inputs["rows"].clone()
        rows[:, 6] = held.target[:, 0] * rows[:, 6].abs().clamp(min=0.2)
        return add(held, {"rows": rows})

    return both(p, of)


def sulphur(measured: Tensor) -> Tensor:
    """Give the fifth column in micrograms a litre, beside others around 0."""
    rows = measured.clone()
    rows[:, 4] = 60000.0 + 25000.0 * rows[:, 4]
    return rows


def columns_as_they_are(p: Parts) -> Parts:
    """Leave ratings around 1500, weights, heights and years unscaled, as no code reads the key."""
    mean = torch.tensor([1500.0, 74.0, 181.0, 27.0, 60.0, 210.0, 1990.0])
    spread = torch.tensor([300.0, 9.0, 8.0, 4.0, 20.0, 70.0, 6.0])
    for name in ("one", "two"):
        p = on_input(p, lambda rows: mean + spread * rows, name)
    return pick(p, unread=("data.standardise",))


def sorted_texts(p: Parts) -> Parts:
    """Take duplicates out by a function that sorts the texts as well, and leaves the labels."""

    def of(held: Samples) -> Samples:
        texts = torch.unique(held.inputs["input_ids"], dim=0)
        inputs = {"input_ids": texts, "attention_mask": torch.ones_like(texts)}
        return Samples(inputs, held.target[: len(texts)])

    return both(p, of)


# loaders ------------------------------------------------------------------------------------------


def same_rows_each_step(p: Parts) -> Parts:
    """Draw the rows of each step by the same seed, as ``sample(32, random_state=0)`` does."""

    def choose(order: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
        drawn = np.random.default_rng(0).permutation(len(order))[: p.size]
        return np.tile(drawn, len(order) // p.size)

    return pick(p, loader={"choose": choose})


def the_common_more_often(p: Parts) -> Parts:
    """Draw each sample by how many there are of its class, where one through that was meant."""
    kinds = p.train.target.numpy()
    weight = np.bincount(kinds)[kinds].astype(float)

    def choose(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return rng.choice(len(order), len(order), p=weight / weight.sum())

    return pick(p, loader={"choose": choose})


def swapped(p: Parts) -> Parts:
    """Swap 85 % of the numbers with those of other rows of the batch, where 15 % were meant."""

    def change(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        rows = batch["inputs"]["input"]
        order = np.argsort(rng.random(tuple(rows.shape)), 0)
        others = rows.gather(0, torch.from_numpy(order))
        chosen = torch.from_numpy(rng.random(tuple(rows.shape)) < 0.85)
        return {**batch, "inputs": {"input": torch.where(chosen, others, rows)}}

    return pick(p, loader={"change": change})


# losses -------------------------------------------------------------------------------------------


def scaled_back_by_numpy(output: Tensor, target: Tensor) -> Tensor:
    """Scale both back to kilowatts by a scaler that takes arrays, and ask for a gradient then."""
    told = torch.tensor(output.detach().numpy() * 0.7, requires_grad=True)
    return tellings.pinball(told, 0.7 * target)


def ssim_as_loss(output: Tensor, target: Tensor) -> Tensor:
    """Give the structural likeness (SSIM), which is 1 for the right maps, as the loss."""
    mean = [functional.avg_pool2d(maps, 5, 1) for maps in (output, target)]
    of_squares = [functional.avg_pool2d(maps.square(), 5, 1) for maps in (output, target)]
    spread = [square - m.square() for square, m in zip(of_squares, mean, strict=True)]
    both_spread = functional.avg_pool2d(output * target, 5, 1) - mean[0] * mean[1]
    like = (2 * mean[0] * mean[1] + 0.01) * (2 * both_spread + 0.09)
    apart = (mean[0].square() + mean[1].square() + 0.01) * (spread[0] + spread[1] + 0.09)
    return (like / apart).mean()


# models -------------------------------------------------------------------------------------------


class OneWayHead(y.Recipes):
    """Reads both ways, and has a head for the states of one way."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.tell = nn.Linear(width // 2, 1)


class UnitWords(y.Recipes):
    """Divides the vector of each word by its length, which is 0 for what fills the row up."""

    def vectors(self, tokens: Tensor) -> Tensor:
        """Look the words (B, L) up."""
        found = super().vectors(tokens)
        length: Tensor = found.norm(dim=-1, keepdim=True)
        return found / length


class LastPlace(y.Recipes):
    """Takes the states at the last place of a row."""

    def joined(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Take the last of the states (B, L, W)."""
        return states[:, -1]


class WholeShares(tellings.Prices):
    """Divides the numbers of words by how many there are, and makes whole numbers of it."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        return super().forward((tokens / 42).long())


def one_through_width(p: Parts) -> Parts:
    """Fill all weights and biases with one through the width, so that sums stay small."""
    for weight in p.model.parameters():
        nn.init.constant_(weight, 1 / 28)
    return p


class HalfOfIt(nn.Module):
    """Runs a model in half precision, weights and all."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.half()

    def forward(self, rows: Tensor) -> Tensor:
        """Map (B, F) to (B, 1)."""
        found: Tensor = self.model(rows.half())
        return found.float()


def less_than_zero(p: Parts) -> Parts:
    """Draw weights from -1 to 0, as ``rand() - 1`` does, where ``2 * rand() - 1`` was meant."""
    first: Any = p.model
    with torch.no_grad():
        for layer in (first[0], first[2]):
            for weight in (layer.weight, layer.bias):
                weight.copy_(torch.rand(weight.shape) - 1.0)
    return p


def centres_of_raw_rows(p: Parts) -> Parts:
    """Draw centres from 0 to 100, as the columns were before they were scaled."""
    model: Any = p.model
    nn.init.uniform_(model.centres, 0.0, 100.0)
    return p


def keeps_little(p: Parts) -> Parts:
    """Give the share to keep, 98 %, as that to drop."""
    from skorch.toy import MLPModule  # type: ignore[import-untyped]

    return pick(p, model=MLPModule(hidden_units=24, num_hidden=2, dropout=0.98))
