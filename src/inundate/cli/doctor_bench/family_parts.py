"""What the faults of :mod:`inundate.cli.doctor_bench.families` do to healthy trainings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.change import both, on_input
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.core.seeds import make_rng, make_seed

# bodies -------------------------------------------------------------------------------------------


class Tide(nn.Module):
    """Read a series of three gauges by an LSTM and tell the level a few steps on."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.LSTM(3, width, batch_first=True)
        self.tell = nn.Linear(width, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 1)."""
        states, _ = self.read(series)
        found: Tensor = self.tell(states[:, -1])
        return found


def tides(seed: int, *, count: int = 700, steps: int = 18, width: int = 20) -> Parts:
    """Forecast a level from three gauges that see a wave one after the other."""
    rng = make_rng(seed, "doctor-bench", "tides")
    torch.manual_seed(make_seed(seed, "weights", "tides"))
    start, pace = rng.uniform(0, 6.3, (count, 1)), rng.uniform(0.2, 0.5, (count, 1))
    times = np.arange(steps + 4)
    waves = [np.sin(start + pace * (times - 1.5 * gauge)) for gauge in range(3)]
    series = np.stack(waves, 2) + 0.1 * rng.normal(size=(count, steps + 4, 3))
    held = torch.from_numpy(series).float()
    cut = count * 3 // 4
    train, valid = (
        Samples({"input": held[a:b, :steps]}, held[a:b, -1, :1])
        for a, b in ((0, cut), (cut, count))
    )
    return Parts(
        "table", Tide(width), train, valid,
        lambda model: torch.optim.Adam(model.parameters(), lr=8e-3), nn.functional.mse_loss,
    )  # fmt: skip


def stains(seed: int, *, count: int = 400, side: int = 12, width: int = 10) -> Parts:
    """Say in which of six wide bands of a map a stain lies, by convolutions and a flat layer."""
    rng = make_rng(seed, "doctor-bench", "stains")
    torch.manual_seed(make_seed(seed, "weights", "stains"))
    rows, columns = rng.integers(1, side - 1, (2, count))
    images = 0.2 * rng.normal(size=(count, 1, side, side))
    for image, row, column in zip(images, rows, columns, strict=True):
        image[0, row - 1 : row + 2, column - 1 : column + 2] += 1.0
    labels = (rows >= side // 2).astype(int) * 3 + columns * 3 // side
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(width * (side // 2) ** 2, 6),
    )  # fmt: skip
    held, wanted = torch.from_numpy(images).float(), torch.from_numpy(labels)
    cut = count * 3 // 4
    train, valid = (Samples({"input": held[a:b]}, wanted[a:b]) for a, b in ((0, cut), (cut, count)))
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=4e-3),
        functional.cross_entropy,
    )  # fmt: skip


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


# healthy ------------------------------------------------------------------------------------------


class Dropping(nn.Module):
    """Reads texts, and drops some of what was read in training alone."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.read = nn.LSTM(width, width, batch_first=True)
        self.tell = nn.Linear(width, 2)

    def forward(self, texts: Tensor) -> Tensor:
        """Map (B, L) to (B, 2)."""
        states, _ = self.read(self.embed(texts))
        found: Tensor = self.tell(functional.dropout(states.amax(1), 0.2, self.training))
        return found


class Noisy(nn.Module):
    """Adds a little noise in training."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, rows: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.model(rows + 0.1 * torch.randn_like(rows) if self.training else rows)
        return found


class TimeFirst(nn.Module):
    """Reads series with time as the first axis, and brings them there before."""

    def __init__(self, tide: Any) -> None:
        super().__init__()
        self.read, self.tell = nn.LSTM(3, 20), tide.tell

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 1)."""
        states, _ = self.read(series.transpose(0, 1))
        found: Tensor = self.tell(states[-1])
        return found


def moved_fields(seed: int, *, count: int = 300, side: int = 14, width: int = 12) -> Parts:
    """Say where a field is a little later: it moves three cells to the right."""
    from inundate.cli.doctor_bench.bodies import smooth_fields

    rng = make_rng(seed, "doctor-bench", "moved")
    torch.manual_seed(make_seed(seed, "weights", "moved"))
    wide = smooth_fields(rng, count, side + 3)[..., :side, :]
    model = nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.ReLU(), nn.Conv2d(width, width, 5, padding=2),
        nn.ReLU(), nn.Conv2d(width, 1, 3, padding=1),
    )  # fmt: skip
    cut = count * 3 // 4
    train, valid = (
        Samples({"input": wide[a:b, :, :, 3:]}, wide[a:b, :, :, :-3])
        for a, b in ((0, cut), (cut, count))
    )
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=5e-3),
        nn.functional.mse_loss, size=16,
    )  # fmt: skip


def squeezed(seed: int, *, count: int = 600) -> Parts:
    """Squeeze twelve numbers that lie on a plane through three, by two layers without a bend."""
    rng = make_rng(seed, "doctor-bench", "squeezed")
    torch.manual_seed(make_seed(seed, "weights", "squeezed"))
    rows = rng.normal(size=(count, 3)) @ rng.normal(size=(3, 12)) + 0.1 * rng.normal(
        size=(count, 12)
    )
    held = torch.from_numpy(rows).float() / 1.7
    cut = count * 3 // 4
    train, valid = (Samples({"input": held[a:b]}, held[a:b]) for a, b in ((0, cut), (cut, count)))
    model = nn.Sequential(nn.Linear(12, 3), nn.Linear(3, 12))
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        nn.functional.mse_loss,
    )  # fmt: skip
