"""Mistakes of the sixth list: what each does to a healthy training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import further as f
from inundate.cli.doctor_bench.change import both, on_input
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

Make = Callable[[nn.Module], torch.optim.Optimizer]

# data ---------------------------------------------------------------------------------------------


def valid_only(p: Parts, name: str, change: Any) -> Parts:
    """Prepare an input of the validation samples otherwise."""
    return pick(p, valid=add(p.valid, {name: change(p.valid.inputs[name])}))


def some_targets(p: Parts, every: int, change: Any) -> Parts:
    """Give some training targets in another unit."""
    target = p.train.target.clone()
    target[1::every] = change(target[1::every])
    return pick(p, train=add(p.train, {}, target))


def some_inputs(p: Parts, every: int, change: Any) -> Parts:
    """Give some training inputs in another unit."""
    rows = p.train.inputs["input"].clone()
    rows[2::every] = change(rows[2::every])
    return pick(p, train=add(p.train, {"input": rows}))


def mirrored_pieces(p: Parts) -> Parts:
    """Split after augmenting: the validation pieces are training pieces from the other side."""
    chosen = torch.arange(0, len(p.train), 2)
    at = p.train.at(chosen)
    inputs = {n: v.flip(-1) if v.shape[-1] > 1 else v for n, v in at["inputs"].items()}
    return pick(p, valid=Samples(inputs, at["target"].flip(-1), {"valid": at["valid"].flip(-1)}))


def outline_burnt_in(p: Parts) -> Parts:
    """Carve the outline of the flood into one layer of the terrain."""

    def of(samples: Samples) -> Samples:
        terrain = samples.inputs["terrain"].clone()
        terrain[:, 7] = (samples.target[:, -1] > 0.01).float()
        return add(samples, {"terrain": terrain})

    return both(p, of)


def no_data_left(terrain: Tensor) -> Tensor:
    """Leave the no-data number of a raster in the first columns of each map."""
    found = terrain.clone()
    found[..., :2] = -9999.0
    return found


def as_channels_first(images: Tensor) -> Tensor:
    """Reshape (B, H, W, C) to (B, C, H, W) where a permutation was meant."""
    return images.permute(0, 2, 3, 1).reshape(images.shape)


def easting(rows: Tensor) -> Tensor:
    """Replace a column by coordinates in m."""
    found = rows.clone()
    found[:, 5] = 452_000.0 + 9_000.0 * found[:, 5]
    found[:, 6] = 5_931_000.0 + 9_000.0 * found[:, 6]
    return found


def by_name(p: Parts) -> Parts:
    """Read files in the order of their names as text (10 before 2), labels in that of numbers."""

    def of(samples: Samples) -> Samples:
        order = torch.tensor(sorted(range(len(samples)), key=str))
        return add(samples, {}, samples.target[order])

    return both(p, of)


def row_numbers(p: Parts) -> Parts:
    """Keep the number of the row as a column, of a file that was sorted by class."""

    def of(samples: Samples) -> Samples:
        rows = samples.inputs["input"].clone()
        rank = torch.argsort(torch.argsort(samples.target, stable=True))
        rows[:, 3] = 3.4 * (rank / len(rank) - 0.5)
        return add(samples, {"input": rows})

    return both(p, of)


def overlapping(p: Parts, seed: int) -> Parts:
    """Cut windows at each step of the series, and split them at random."""
    drawn = np.random.default_rng(8).permutation(800)
    return pick(
        p, train=f.level_windows(seed, drawn[:600]), valid=f.level_windows(seed, drawn[600:])
    )


def numbered_anew(p: Parts) -> Parts:
    """Give the validation texts a vocabulary of their own."""
    order = torch.randperm(49, generator=torch.Generator().manual_seed(3)) + 1
    table = torch.cat([torch.zeros(1, dtype=torch.int64), order])
    return valid_only(p, "input", lambda v: table[v])


def shared_again(p: Parts) -> Parts:
    """Let half of the validation pairs be training pairs with a word set before each text."""
    count = len(p.valid) // 2
    inputs = {name: value.clone() for name, value in p.valid.inputs.items()}
    target = p.valid.target.clone()
    for name, value in p.train.inputs.items():
        inputs[name][:count] = value[:count].roll(1, 1)
        inputs[name][:count, 0] = 49
    target[:count] = p.train.target[:count]
    return pick(p, valid=Samples(inputs, target))


def cut_off(p: Parts) -> Parts:
    """Fill up in front, then keep the first twelve places of forty."""
    return on_input(p, lambda v: v.flip(1)[:, :12].contiguous())


def unknown_word(p: Parts) -> Parts:
    """Leave a word in three texts that came after the vocabulary was counted."""
    texts = p.train.inputs["input"].clone()
    texts[100:103, 4] = 50
    return pick(p, train=add(p.train, {"input": texts}))


def empty_texts(p: Parts) -> Parts:
    """Leave a few texts of which cleaning took every word."""
    texts = p.train.inputs["input"].clone()
    texts[10::90] = 0
    return pick(p, train=add(p.train, {"input": texts}))


def a_tenth(p: Parts) -> Parts:
    """Keep one in ten of the second class."""

    def of(samples: Samples) -> Samples:
        many, few = (torch.nonzero(samples.target[:, 0] == k)[:, 0] for k in (0, 1))
        keep = torch.cat([many, few[: len(many) // 10]])
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(6))]
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return both(p, of)


def powers(p: Parts) -> Parts:
    """Fit all products of three columns (969 of them) to ninety rows."""
    from itertools import combinations_with_replacement

    def of(rows: Tensor) -> Tensor:
        rows = torch.cat([rows, torch.ones(len(rows), 1)], 1)
        every = combinations_with_replacement(range(rows.shape[1]), 3)
        return torch.stack([rows[:, list(one)].prod(1) for one in every], 1)

    few = Samples({"input": p.train.inputs["input"][:90]}, p.train.target[:90])
    p = on_input(pick(p, train=few, size=30), of)
    return pick(p, model=nn.Linear(p.train.inputs["input"].shape[1], 1))


def long_behind(p: Parts) -> Parts:
    """Write 130 other words behind each text, and read all by a plain recurrent network."""
    drawn = torch.Generator().manual_seed(7)

    def of(texts: Tensor) -> Tensor:
        rest = torch.randint(4, 40, (len(texts), 130), generator=drawn)
        return torch.cat([texts, rest], 1)

    return pick(on_input(p, of), model=Plain())


# loaders ------------------------------------------------------------------------------------------


def turned_alone(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Turn the images of a batch by a drawn number of quarters, and leave their targets."""
    quarters = int(rng.integers(1, 4))
    inputs = {name: value.rot90(quarters, (-2, -1)) for name, value in batch["inputs"].items()}
    return {**batch, "inputs": inputs}


def by_length(batch: dict[str, Any], _rng: Any) -> dict[str, Any]:
    """Sort the texts of a batch by length, as for packing, and forget the labels."""
    texts = batch["inputs"]["input"]
    order = (texts > 0).sum(1).argsort(descending=True, stable=True)
    return {**batch, "inputs": {"input": texts[order]}}


def noisy_images(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Add noise in grey levels of 0 to 255 to images of unit variance."""
    image = batch["inputs"]["input"]
    noise = torch.from_numpy(rng.normal(scale=30.0, size=image.shape)).float()
    return {**batch, "inputs": {"input": image + noise}}


def words_dropped(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Keep one word in forty (keep and drop taken for each other), write 1 for the others."""
    texts = batch["inputs"]["input"]
    keep = torch.from_numpy(rng.random(texts.shape) < 1 / 40)
    return {**batch, "inputs": {"input": torch.where(keep, texts, 1)}}


def first_alone(batch: dict[str, Any], _rng: Any) -> dict[str, Any]:
    """Give the first sample of what should have been put together."""
    inputs = {name: value[:1] for name, value in batch["inputs"].items()}
    return {**batch, "inputs": inputs, "target": batch["target"][:1]}


def cached_by_file(order: Any, _rng: Any) -> Any:
    """Look up the piece by its file: each of 25 pieces is the first one."""
    return order // 25 * 25


def small_buffer(p: Parts) -> Parts:
    """Shuffle a file that is sorted by class within a buffer of forty samples."""
    held = np.argsort(p.train.target.numpy(), kind="stable")

    def choose(_order: Any, rng: np.random.Generator) -> Any:
        return np.concatenate([rng.permutation(held[i : i + 40]) for i in range(0, len(held), 40)])

    return pick(p, loader={"choose": choose})


# optimisers and steps -----------------------------------------------------------------------------


def scheduled(make: Make, rate_at: Callable[[int], float]) -> Make:
    """Follow a schedule: ``rate_at(step)`` multiplies the first rate."""

    def made(model: nn.Module) -> torch.optim.Optimizer:
        optimiser = make(model)
        first = [group["lr"] for group in optimiser.param_groups]
        count = [0]

        def follow(own: torch.optim.Optimizer, _args: Any = None, _named: Any = None) -> None:
            for group, rate in zip(own.param_groups, first, strict=True):
                group["lr"] = rate * rate_at(count[0])
            count[0] += 1

        follow(optimiser)
        optimiser.register_step_post_hook(follow)
        return optimiser

    return made


def one_taken(model: nn.Module) -> torch.optim.Optimizer:
    """Ask the list of weights, which can be gone through once, for its device first."""
    held = model.parameters()
    assert next(held).device.type == "cpu"
    return torch.optim.NAdam(held, lr=3e-3)


def cleared_between(p: Parts) -> Parts:
    """Clear the gradient between backward and step."""

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss)
        optimiser.zero_grad()
        optimiser.step()
        return loss

    return pick(p, step=step)


def never_enough(p: Parts) -> Parts:
    """Gather 64 batches before a step, and count anew in each epoch of fewer."""
    count = [0]

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        place = count[0] % (len(p.train) // p.size)
        count[0] += 1
        loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss / 64)
        if (place + 1) % 64 == 0:
            optimiser.step()
            optimiser.zero_grad()
        return loss

    return pick(p, step=step)


def cleared_each_epoch(p: Parts) -> Parts:
    """Clear the gradient at the begin of each epoch alone."""
    count = [0]

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        if count[0] % (len(p.train) // p.size) == 0:
            optimiser.zero_grad()
        count[0] += 1
        loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


def mean_the_wrong_way(p: Parts) -> Parts:
    """Keep a thousandth of the new weights and the rest of the first, and go on with that."""
    first: dict[int, list[Tensor]] = {}

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        weights = list(model.parameters())
        held = first.setdefault(id(model), [w.detach().clone() for w in weights])
        optimiser.zero_grad()
        loss = functional.mse_loss(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss)
        optimiser.step()
        with torch.no_grad():
            for weight, old in zip(weights, held, strict=True):
                weight.copy_(0.999 * old + 0.001 * weight)
                old.copy_(weight)
        return loss

    return pick(p, step=step)


# models -------------------------------------------------------------------------------------------


class Plain(nn.Module):
    """A recurrent network without gates, read at its last word."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(40, 24)
        self.read = nn.RNN(24, 24, batch_first=True)
        self.tell = nn.Linear(24, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.tell(self.read(self.embed(inputs))[0][:, -1])
        return found


class Listed(nn.Module):
    """Holds its layers in a plain list, which does not know that they are layers."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.layers = list(model)[:-1]
        self.tell = model[-1]

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer for a batch."""
        for layer in self.layers:
            inputs = layer(inputs)
        found: Tensor = self.tell(inputs)
        return found


class MadeAnew(nn.Module):
    """Makes its hidden layer in each call."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.into, self.tell = model[1], model[3]

    def forward(self, inputs: Tensor) -> Tensor:
        """Answer for a batch."""
        hidden = functional.relu(self.into(inputs.flatten(1)))
        hidden = functional.relu(nn.Linear(hidden.shape[1], self.tell.in_features)(hidden))
        found: Tensor = self.tell(hidden)
        return found


class Carried(nn.Module):
    """Goes on with the state of the last batch, and with all that led to it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.state: Tensor | None = None

    def forward(self, tokens: Tensor) -> Tensor:
        """Answer for a batch."""
        words = self.model.embed(tokens)
        if self.state is not None and self.state.shape[1] != len(tokens):
            self.state = None
        read, self.state = self.model.read(words, self.state)
        found: Tensor = self.model.tell(read)
        return found


class MaskTurned(f.Letters):
    """Takes the places without a word for those with one."""

    def empty(self, tokens: Tensor) -> Tensor:
        """Say which places (B, L) hold no word: the wrong way round."""
        return tokens != 0


class Unmasked(nn.Module):
    """Takes the mean over all 220 places, filled up or not."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        """Answer for a batch."""
        filled = functional.pad(tokens, (0, 220 - tokens.shape[1]))
        found: Tensor = self.model.tell(self.model.embed(filled).mean(1))
        return found


def without_activations(p: Parts) -> Parts:
    """Forget the activations between the layers."""
    held = [layer for layer in p.model if isinstance(layer, nn.Linear)]  # type: ignore[attr-defined]
    return pick(p, model=nn.Sequential(*held))


class ScaledInTraining(nn.Module):
    """Scales pixels of 0 to 255 in training, and gives them as they are in evaluation."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.model((images / 255 - 0.3) / 0.37 if self.training else images)
        return found


@torch.no_grad()
def changed_weights(p: Parts, change: Callable[[str, Tensor], Tensor]) -> Parts:
    """Start from other weights."""
    for name, weight in p.model.named_parameters():
        weight.copy_(change(name, weight))
    return p


def one_filter(p: Parts) -> Parts:
    """Draw one filter for each layer and repeat it for all its channels."""

    def of(name: str, weight: Tensor) -> Tensor:
        return weight[:1].expand_as(weight).clone() if weight.ndim >= 1 else weight

    return changed_weights(p, of)


def half_as_it_is(p: Parts) -> Parts:
    """Train in half precision by Adam, whose epsilon of 1e-8 is 0 there."""
    p = on_input(p, lambda v: v.half())
    return pick(
        p, model=p.model.half(), optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=5e-3)
    )


# losses -------------------------------------------------------------------------------------------


def with_loss(p: Parts, change: Any) -> Parts:
    """Change the loss of an emulator: ``change(loss, model, batch)``."""
    held = p.loss
    assert held is not None
    return pick(p, loss=lambda model, batch: change(held, model, batch))


def weights_in_loss(held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Add the sum of all squared weights."""
    every: Any = sum(weight.square().sum() for weight in model.parameters())
    found: Tensor = held(model, batch) + every
    return found


def mask_turned(held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Score where the depth is not known."""
    found: Tensor = held(model, {**batch, "valid": 1 - batch["valid"]})
    return found


def made_anew(held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Give the number of the loss as a tensor that asks for a gradient."""
    return torch.tensor(held(model, batch).item(), requires_grad=True)


def hinge(output: Tensor, target: Tensor) -> Tensor:
    """Give labels of 0 and 1 to a hinge that wants -1 and 1."""
    return (1.0 - output * target).clamp(min=0.0).mean()


def success(threshold: float) -> Any:
    """Give the critical success index at a threshold."""

    def index(output: Tensor, target: Tensor) -> Tensor:
        said, was = output > threshold, target > threshold
        return (said & was).sum() / (said | was).sum().clamp(min=1)

    return index
