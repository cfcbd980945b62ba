"""Mistakes of the eighth list in the training of models of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import sayings as y
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "Asked", "MaskTurned", "by_name", "drifting", "few_others", "filled_behind", "first_word",
    "never_loaded", "other_totals", "reposts", "sixteen_at_once", "two_batches", "written_twice",
]  # fmt: skip


def by_name(p: Parts) -> Parts:
    """Sort the writers by their names, and leave the texts as they were."""
    return both(p, lambda held: add(held, {}, held.target.sort().values))


def filled_behind(texts: Tensor) -> Tensor:
    """Fill up a text behind its last word."""
    return functional.pad(texts, (0, 70), value=0)


def few_others(p: Parts, share: float = 0.025) -> Parts:
    """Keep a few texts of all but the first kind."""

    def of(held: Samples) -> Samples:
        first, rest = (torch.nonzero((held.target == 0) == k)[:, 0] for k in (True, False))
        keep = torch.cat([first, rest[: max(2, int(share * len(first)))]])
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(4))]
        return Samples({n: v[keep] for n, v in held.inputs.items()}, held.target[keep])

    return both(p, of)


def written_twice(p: Parts) -> Parts:
    """Join two exports of the same texts, shuffle, and split."""
    texts = torch.cat([p.train.inputs["input"], p.valid.inputs["input"]]).repeat(2, 1)
    labels = torch.cat([p.train.target, p.valid.target]).repeat(2)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(9))
    at = len(labels) * 3 // 4
    train, valid = order[:at], order[at:]
    return pick(
        p, train=Samples({"input": texts[train]}, labels[train]),
        valid=Samples({"input": texts[valid]}, labels[valid]),
    )  # fmt: skip


def reposts(p: Parts) -> Parts:
    """Validate on texts of the training that somebody sent on with three letters changed."""
    drawn = torch.Generator().manual_seed(2)
    count = len(p.valid)
    texts = p.train.inputs["input"][:count].clone()
    for _ in range(3):
        places = torch.randint(texts.shape[1], (count,), generator=drawn)
        texts[torch.arange(count), places] = torch.randint(30, (count,), generator=drawn)
    return pick(p, valid=Samples({"input": texts}, p.train.target[:count].clone()))


def drifting(p: Parts) -> Parts:
    """Cut words into pieces, and leave the tags by words: behind each cut they come one later."""
    rng = np.random.default_rng(5)

    def of(held: Samples) -> Samples:
        tags = held.target.clone()
        for tag in tags:
            for _ in range(2):
                at = int(rng.integers(0, 6))
                tag[at + 1 :] = tag[at:-1].clone()
        return add(held, {}, torch.where(held.target == -100, -100, tags))

    return both(p, of)


def other_totals(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Shuffle the texts of a batch, and not their totals."""
    order = torch.from_numpy(rng.permutation(len(batch["target"])))
    return {**batch, "inputs": {"input": batch["inputs"]["input"][order]}}


def two_batches(p: Parts) -> Parts:
    """Leave in what ended an epoch after its first two batches, of the first texts."""
    return pick(p, loader={"choose": lambda _order, _rng: np.arange(2 * p.size)})


def first_word(output: Tensor, target: Tensor) -> Tensor:
    """Score the first place alone, as for a text with one label."""
    return functional.cross_entropy(output[:, :, 0], target[:, 0])


class Asked(y.Answers):
    """Looks for the same thing, whatever is asked."""

    def wanted(self, asked: Tensor) -> Tensor:
        """Give the mean of all vectors."""
        return self.asked.weight.mean(0).expand(len(asked), -1)


class MaskTurned(y.Intents):
    """Takes the mask for one of the places that may be looked at."""

    def hidden(self, tokens: Tensor) -> Tensor:
        """Hide the words."""
        return tokens != 0


@torch.no_grad()
def never_loaded(p: Parts) -> Parts:
    """Read vectors whose words are in capitals: none is found, all are 0, and stay so."""
    model: Any = p.model
    model.embed.weight.requires_grad_(False)
    model.embed.weight.zero_()
    return p


def sixteen_at_once(p: Parts) -> Parts:
    """Add up the gradients of sixteen batches, and not their mean, before a step."""
    held, count = p.criterion, [0]
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        loss = held(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(loss)
        count[0] += 1
        if count[0] % 16 == 0:
            optimiser.step()
            optimiser.zero_grad()
        return loss

    return pick(p, step=step)
