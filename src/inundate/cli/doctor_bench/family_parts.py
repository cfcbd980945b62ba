"""What the faults of :mod:`inundate.cli.doctor_bench.families` do to healthy trainings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.change import both, on_input
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

# models -------------------------------------------------------------------------------------------


class Called(nn.Module):
    """Calls a model in a way of its own: ``how(model, inputs)``."""

    def __init__(self, model: nn.Module, how: Any) -> None:
        super().__init__()
        self.model, self.how = model, how

    def forward(self, *inputs: Tensor, **named: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.how(self.model, *inputs, **named)
        return found


def time_first(p: Parts) -> Parts:
    """Forget ``batch_first``: the samples of a batch are read one after the other."""
    for module in p.model.modules():
        if isinstance(module, (nn.LSTM, nn.GRU, nn.RNN)):
            module.batch_first = False
    return p


def attends_samples(p: Parts) -> Parts:
    """Let a transformer take samples for places."""
    for module in p.model.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.batch_first = False
    return p


def on_weights(p: Parts, change: Any) -> Parts:
    """Start from other weights."""
    with torch.no_grad():
        for name, weight in p.model.named_parameters():
            weight.copy_(change(name, weight))
    return p


def bias_to(p: Parts, part: str, value: float) -> Parts:
    """Set the biases whose names hold a word to one value."""
    return on_weights(p, lambda n, w: torch.full_like(w, value) if part in n and "bias" in n else w)


# steps --------------------------------------------------------------------------------------------


def stepping(p: Parts, before: Any = None, after: Any = None, scale: float = 1.0) -> Parts:
    """Make a step of the usual kind, with something done before it or after it."""
    criterion = p.criterion
    assert criterion is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = scale * criterion(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss)
        if before is not None:
            before(model)
        optimiser.step()
        if after is not None:
            after(model)
        return loss

    return pick(p, step=step)


def turned_gradient(model: nn.Module) -> None:
    """Turn the sign of the gradient."""
    for weight in model.parameters():
        if weight.grad is not None:
            weight.grad.neg_()


def noisy_gradient(model: nn.Module) -> None:
    """Add noise to the gradient, far stronger than it."""
    for weight in model.parameters():
        if weight.grad is not None:
            weight.grad.add_(3.0 * torch.randn_like(weight.grad))


def clipped_to_nothing(model: nn.Module) -> None:
    """Clip the norm of the gradient to a billionth."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1e-9)


def clamped_weights(model: nn.Module) -> None:
    """Hold all weights within a hundredth of 0."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.clamp_(-0.01, 0.01)


def first_weights(p: Parts) -> Parts:
    """Load the first weights again after each step."""
    held = [weight.detach().clone() for weight in p.model.parameters()]

    def again(model: nn.Module) -> None:
        with torch.no_grad():
            for weight, first in zip(model.parameters(), held, strict=True):
                weight.copy_(first)

    return stepping(p, after=again)


# data ---------------------------------------------------------------------------------------------


def off_by_one(p: Parts) -> Parts:
    """Give each sample the target of the next."""
    return both(p, lambda s: add(s, {}, s.target.roll(1, 0)))


def some_column(p: Parts, column: int, every: int, change: Any) -> Parts:
    """Give one column of some training rows in another unit."""
    rows = p.train.inputs["input"].clone()
    rows[1::every, column] = change(rows[1::every, column])
    return pick(p, train=add(p.train, {"input": rows}))


def noisy_copies(p: Parts) -> Parts:
    """Validate on training samples with a little noise."""
    drawn = torch.Generator().manual_seed(4)
    inputs = {
        name: value[:100] + 1e-3 * torch.randn(value[:100].shape, generator=drawn)
        for name, value in p.train.inputs.items()
    }
    return pick(p, valid=Samples(inputs, p.train.target[:100]))


def shifted_cuts(p: Parts) -> Parts:
    """Validate on pieces that lie two cells beside training pieces of the same maps."""

    def cut(samples: Samples, at: int) -> Samples:
        size = samples.target.shape[-1] - 3
        inputs = {n: v[..., at : at + size, at : at + size] for n, v in samples.inputs.items()}
        return Samples(inputs, samples.target[..., at : at + size, at : at + size])

    return pick(p, train=cut(p.train, 0), valid=cut(p.train, 2))


def noisy_targets(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Add noise to the targets, anew for each batch."""
    drawn = torch.from_numpy(rng.normal(scale=3.0, size=batch["target"].shape)).float()
    return {**batch, "target": batch["target"] + drawn}


def signed(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Turn the sign of half of the targets, anew for each batch."""
    sign = torch.from_numpy(rng.choice([-1.0, 1.0], size=(len(batch["target"]), 1))).float()
    return {**batch, "target": sign * batch["target"]}


def guessed_labels(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Draw six in ten labels anew."""
    target = batch["target"]
    drawn = torch.from_numpy(rng.integers(0, 3, size=len(target)))
    chosen = torch.from_numpy(rng.random(len(target)) < 0.6)
    return {**batch, "target": torch.where(chosen, drawn, target)}


def mirrored_alone(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Mirror the inputs of half of the batches, and no target."""
    if rng.random() < 0.5:
        return batch
    return {**batch, "inputs": {n: v.flip(-1) for n, v in batch["inputs"].items()}}


def mirrored_together(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Mirror inputs and targets of half of the batches, as one should."""
    if rng.random() < 0.5:
        return batch
    inputs = {n: v.flip(-1) for n, v in batch["inputs"].items()}
    return {**batch, "inputs": inputs, "target": batch["target"].flip(-1)}


def channels_last(p: Parts) -> Parts:
    """View series (B, T, C) that were stored as (B, C, T)."""
    return on_input(p, lambda v: v.transpose(1, 2).reshape(v.shape))


def label_word(p: Parts) -> Parts:
    """Leave the word that names the class somewhere in each text."""
    drawn = torch.Generator().manual_seed(9)

    def of(samples: Samples) -> Samples:
        texts = samples.inputs["input"].clone()
        places = torch.randint(texts.shape[1], (len(texts),), generator=drawn)
        texts[torch.arange(len(texts)), places] = samples.target.long().flatten()
        return add(samples, {"input": texts})

    return both(p, of)


def padded_tags(p: Parts, *, ignored: bool) -> Parts:
    """Fill texts and their tags up by 0 to three times their length."""

    def of(samples: Samples) -> Samples:
        texts = samples.inputs["input"]
        length = texts.shape[1]
        cut = torch.randint(
            4, length + 1, (len(texts), 1), generator=torch.Generator().manual_seed(2)
        )
        empty = torch.arange(length)[None] >= cut
        wide = functional.pad(texts.masked_fill(empty, 0), (0, 2 * length))
        tags = functional.pad(samples.target.masked_fill(empty, -1) + 1, (0, 2 * length))
        return Samples({"input": wide}, tags)

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(output, target, ignore_index=0 if ignored else -100)

    return pick(both(p, of), criterion=loss)


def few(samples: Samples, count: int) -> Samples:
    """Keep the first samples."""
    return Samples({n: v[:count] for n, v in samples.inputs.items()}, samples.target[:count])


def reaches(p: Parts) -> Parts:
    """Let the windows end with the value that is asked for."""

    def of(samples: Samples) -> Samples:
        series = samples.inputs["input"].clone()
        series[:, -1, 0] = samples.target[:, 0]
        return add(samples, {"input": series})

    return both(p, of)


def rare(p: Parts, share: float) -> Parts:
    """Keep few samples of the second class."""

    def of(samples: Samples) -> Samples:
        many, some = (torch.nonzero(samples.target == kind)[:, 0] for kind in (0, 1))
        keep = torch.cat([many, some[: max(2, int(share * len(many)))]])
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(6))]
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return both(p, of)


def shuffled(p: Parts) -> Parts:
    """Shuffle targets once and for all."""

    def of(samples: Samples) -> Samples:
        order = torch.randperm(len(samples), generator=torch.Generator().manual_seed(5))
        return add(samples, {}, samples.target[order])

    return both(p, of)


def torn(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Shuffle the targets of a batch by another permutation than the inputs."""
    order = torch.from_numpy(rng.permutation(len(batch["target"])))
    return {**batch, "target": batch["target"][order]}


def never_cleared(p: Parts) -> Parts:
    """Leave zero_grad out."""
    criterion = p.criterion
    assert criterion is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        loss = criterion(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


class OneStep(nn.Module):
    """Looks at each step by itself, and takes the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.tell = nn.Conv1d(3, 16, 1), nn.Linear(16, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 1)."""
        found: Tensor = self.tell(self.read(series.transpose(1, 2)).relu().mean(2))
        return found


def unsteady(model: Any) -> nn.Module:
    """Scale what comes in by a batch norm whose running statistics never move."""
    return nn.Sequential(Large(), nn.BatchNorm2d(2, momentum=0.0), model)


class Large(nn.Module):
    """Gives values of some hundreds."""

    def forward(self, maps: Tensor) -> Tensor:
        """Scale a map."""
        return 300.0 * maps + 100.0


def without(samples: Samples, kind: int) -> Samples:
    """Leave a class out."""
    keep = samples.target != kind
    return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])


def both_ends(model: Any) -> nn.Module:
    """Read a text from its end too, though the next word is asked for."""
    width = model.embed.embedding_dim
    model.read = nn.GRU(width, width, batch_first=True, bidirectional=True)
    model.tell = nn.Linear(2 * width, model.tell.out_features)
    found: nn.Module = model
    return found


def hooked(p: Parts, name: str) -> Parts:
    """Take the gradient of one tensor away by a hook on its layer's output."""
    layer = p.model.get_submodule(name.rpartition(".")[0])
    layer.register_forward_hook(lambda _m, _i, found: found.detach())
    return p


class Placeless(nn.Module):
    """Reads words without their places."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.embed, self.block, self.tell = model.embed, model.block, model.tell

    def forward(self, texts: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.tell(self.block(self.embed(texts)).mean(1))
        return found


def placeless(model: Any) -> nn.Module:
    """Leave the places of words out."""
    return Placeless(model)


def beside(p: Parts) -> Parts:
    """Give the target as a second channel of the input."""
    wide = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
    p = both(p, lambda s: add(s, {"input": torch.cat([s.inputs["input"], 0.5 * s.target + 1], 1)}))
    return pick(p, model=wide)
