"""Faults of the ninth list in models of texts: what each does to a healthy training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import utterances as y
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

# data ---------------------------------------------------------------------------------------------


def in_metres(places: Tensor) -> Tensor:
    """Give north and east in metres of the national grid."""
    return torch.tensor([300_000.0, 400_000.0]) + 40_000.0 * places


def east_first(p: Parts) -> Parts:
    """Take each second place from a source that gives east before north."""

    def of(held: Samples) -> Samples:
        target = held.target.clone()
        target[::2] = target[::2].flip(1)
        return add(held, {}, target)

    return both(p, of)


def empty_behind(texts: Tensor) -> Tensor:
    """Fill reviews up to 60 sentences."""
    return functional.pad(texts, (0, 0, 0, 60 - texts.shape[1]))


def asked_again(p: Parts) -> Parts:
    """Ask each question of the training again in validation, its answers in another order."""
    rng = np.random.default_rng(9)
    count = min(len(p.train), len(p.valid))
    at = rng.permutation(len(p.train))[:count]
    order = torch.from_numpy(rng.permuted(np.tile(np.arange(4), (count, 1)), axis=1))
    answers = p.train.inputs["answers"][at]
    answers = torch.gather(answers, 1, order[:, :, None].expand_as(answers))
    right = (order == p.train.target[at][:, None]).long().argmax(1)
    question = p.train.inputs["question"][at]
    return pick(p, valid=Samples({"question": question, "answers": answers}, right))


def few(p: Parts, count: int) -> Parts:
    """Learn from a handful of texts."""
    inputs = {name: value[:count] for name, value in p.train.inputs.items()}
    return pick(p, train=Samples(inputs, p.train.target[:count]), size=8)


def answers_mixed(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Put the answers of a batch in another order, and leave which of them is right."""
    answers = batch["inputs"]["answers"]
    order = torch.from_numpy(rng.permuted(np.tile(np.arange(4), (len(answers), 1)), axis=1))
    mixed = torch.gather(answers, 1, order[:, :, None].expand_as(answers))
    return {**batch, "inputs": {**batch["inputs"], "answers": mixed}}


# losses -------------------------------------------------------------------------------------------


def empty_places(output: Tensor, target: Tensor) -> Tensor:
    """Give the error of the places that hold no text."""
    return (output - target)[target < 0].square().mean()


def great_circle(output: Tensor, target: Tensor) -> Tensor:
    """Give the angle between two places in degrees by an arc cosine."""
    north, east = torch.deg2rad(output).unbind(1)
    true_north, true_east = torch.deg2rad(target).unbind(1)
    cosine = north.sin() * true_north.sin()
    cosine = cosine + north.cos() * true_north.cos() * (east - true_east).cos()
    found: Tensor = torch.rad2deg(torch.acos(cosine)).mean()
    return found


# models -------------------------------------------------------------------------------------------


class ReadAtEnd(y.Reviews):
    """Tells from the state behind the last sentence, empty or not."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, S, L) to (B, 3)."""
        found: Tensor = self.tell(self.read(self.sentences(tokens))[0][:, -1])
        return found


class Unasked(y.Choices):
    """Reads a buffer of words that nothing fills, where the question was meant."""

    def heard(self, question: Tensor) -> Tensor:
        """Give what is asked (B, E)."""
        return super().heard(torch.zeros_like(question))


def plain_list(p: Parts) -> Parts:
    """Hold the convolutions in a plain list, where no optimiser finds them."""
    looks = list(p.model.looks)  # type: ignore[arg-type]
    del p.model.looks
    p.model.looks = looks  # type: ignore[assignment]
    return p


class OrderLost(nn.Module):
    """Takes the mean of the words, whichever comes first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, width)
        self.tell = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, 6))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 6)."""
        found: Tensor = self.tell(self.embed(tokens).mean(1))
        return found


class SortedByLength(y.Nesting):
    """Sorts the texts of a batch by length before it reads them, and does not sort them back."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, L)."""
        order = (tokens > 0).sum(1).argsort(descending=True, stable=True)
        return super().forward(tokens[order])
