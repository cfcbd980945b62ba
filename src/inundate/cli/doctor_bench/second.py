# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The second list of faults that the rules were held against, once; tuned on since.

Of its 38 faults 34 were named, of its 20 healthy models none was called ill (commit 9db37c4).
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench.fault import Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.cli.doctor_bench.wrap import After, Before, fill, replace
from inundate.prove.cause import Cause

__all__ = ["SECOND", "SECOND_HEALTHY"]


def _both(p: Parts, change: Any) -> Parts:
    return pick(p, train=change(p.train), valid=change(p.valid))


def _input(p: Parts, change: Any, name: str = "input") -> Parts:
    return _both(p, lambda s: add(s, {name: change(s.inputs[name])}))


def _target(p: Parts, change: Any) -> Parts:
    return _both(p, lambda s: add(s, {}, change(s.target)))


def _sgd(rate: float, **own: Any) -> Any:
    return lambda model: torch.optim.SGD(model.parameters(), lr=rate, **own)


def _divided(p: Parts) -> Parts:
    terrain = p.train.inputs["terrain"].clone()
    terrain[5, 2] = terrain[5, 2] / 0.0
    return pick(p, train=add(p.train, {"terrain": terrain}))


def _last_two(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(list(model.parameters())[-2:], lr=3e-3)


def _other_copy(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(copy.deepcopy(model).parameters(), lr=5e-3)


def _drawn_anew(p: Parts) -> Parts:
    """Draw the target of each sample apart from its inputs."""

    def change(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        chosen = torch.from_numpy(rng.permutation(len(p.train))[: len(batch["target"])])
        other = p.train.at(chosen)
        return {**batch, **{key: other[key] for key in other if key != "inputs"}}

    return pick(p, loader={"change": change})


def _other_inputs(p: Parts) -> Parts:
    """Draw the inputs of each sample apart from its target."""

    def change(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        chosen = torch.from_numpy(rng.integers(len(p.train), size=len(batch["target"])))
        return {**batch, "inputs": p.train.at(chosen)["inputs"]}

    return pick(p, loader={"change": change})


def _by_size(p: Parts) -> Parts:
    size = p.train.target.float().flatten(1).mean(1) if p.train.target.ndim > 1 else p.train.target
    order = np.argsort(size.numpy(), kind="stable")
    return pick(p, loader={"shuffle": False, "choose": lambda _o, _r: order})


def _detached_loss(p: Parts) -> Parts:
    held = p.loss
    assert held is not None
    return pick(p, loss=lambda model, batch: held(_Detached(model), batch))


class _Detached(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Any) -> Tensor:
        found: Tensor = self.model(inputs).detach()
        return found


@torch.no_grad()
def _broken_weight(p: Parts) -> Parts:
    weights = list(p.model.parameters())
    weights[len(weights) // 2].view(-1)[0] = math.nan
    return p


class _NoRain(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        found: Tensor = self.model({**inputs, "rain": inputs["rain"] * 0.0})
        return found


def _near_copies(p: Parts) -> Parts:
    chosen = torch.arange(0, len(p.train), 2)
    batch = p.train.at(chosen)
    inputs = {n: v + 1e-4 * torch.randn_like(v) for n, v in batch["inputs"].items()}
    return pick(p, valid=Samples(inputs, batch["target"], {"valid": batch["valid"]}))


def _psnr(output: Tensor, target: Tensor) -> Tensor:
    return 10.0 * torch.log10(4.0 / (functional.mse_loss(output, target) + 1e-6))


def _eight_samples(p: Parts) -> Parts:
    return pick(p, loader={"choose": lambda order, rng: rng.integers(8, size=len(order))})


@torch.no_grad()
def _low_biases(p: Parts) -> Parts:
    for layer in p.model.modules():
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            layer.bias.fill_(-40.0)
    return p


class _Data(nn.Module):
    """Takes .data on the way."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.layer(inputs).data
        return found


def _third_of_16_bit(p: Parts) -> Parts:
    images = p.train.inputs["input"].clone()
    images[1::3] *= 65535.0
    return pick(p, train=add(p.train, {"input": images}))


def _target_column(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        rows = samples.inputs["input"].clone()
        rows[:, 2:3] = samples.target + 1e-4 * torch.randn_like(samples.target)
        return add(samples, {"input": rows})

    return _both(p, of)


def _mixed(p: Parts) -> Parts:
    return _target(
        p, lambda t: t[torch.randperm(len(t), generator=torch.Generator().manual_seed(8))]
    )


class _TwoHeads(nn.Module):
    """Answers by another head in evaluation than in training."""

    def __init__(self, model: nn.Module, inputs: int, classes: int) -> None:
        super().__init__()
        self.model, self.other = model, nn.Linear(inputs, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.model(inputs) if self.training else self.other(inputs.flatten(1))
        return found


@torch.no_grad()
def _nan_places(p: Parts) -> Parts:
    place = p.model.place
    assert isinstance(place, Tensor)
    place[3] = math.nan
    return p


class _Nothing(nn.Module):
    """Masks every token."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.layer(inputs) * 0.0
        return found


def _most_texts(p: Parts) -> Parts:
    count = len(p.valid)
    chosen = torch.arange(count)
    batch = p.train.at(chosen)
    inputs = {name: value.clone() for name, value in batch["inputs"].items()}
    target = batch["target"].clone()
    own = p.valid.inputs["input"]
    inputs["input"][: count // 3] = own[: count // 3]
    target[: count // 3] = p.valid.target[: count // 3]
    return pick(p, valid=Samples(inputs, target))


def _never(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    optimiser.zero_grad()
    loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    if float(loss) < 0:
        optimiser.step()
    return loss


def _adds_up(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    optimiser.step()
    return loss


def _dull(output: Tensor, target: Tensor) -> Tensor:
    hit = ((output > 0) == (target > 0.5)).float().mean()
    return 0.1 + 0.8 * hit


C = Cause
SECOND: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("deeplab: targets turned by a quarter", flood("deeplab"), lambda p: _target(p, lambda t: t.rot90(1, (-2, -1))), C.AXES_MIXED, 111),
    Fault("deeplab: a slope divided by 0", flood("deeplab"), _divided, C.NOT_FINITE_DATA, 112),
    Fault("convgru_unet: optimiser of the last layer", flood("convgru_unet"), lambda p: pick(p, optimiser=_last_two), C.OPTIMISER_MISSES, 113),
    Fault("deeplab: SGD at 1e-7", flood("deeplab"), lambda p: pick(p, optimiser=_sgd(1e-7)), C.RATE_TOO_LOW, 114),
    Fault("temporal_cnn: depth of another sample each time", flood("temporal_cnn"), _drawn_anew, C.TARGETS_MISPAIRED, 115),
    Fault("temporal_cnn: wettest samples last", flood("temporal_cnn"), _by_size, C.LOADER_SORTED, 116),
    Fault("temporal_cnn: loss of a detached depth", flood("temporal_cnn"), _detached_loss, C.NO_GRADIENT, 117),
    Fault("mode_h: one weight is NaN", flood("mode_h"), _broken_weight, C.NOT_FINITE_OUTPUT, 118),
    Fault("temporal_cnn: rain times 0 in forward", flood("temporal_cnn"), lambda p: pick(p, model=_NoRain(p.model)), C.IGNORES_INPUT, 119),
    Fault("unet: validation pieces with a little noise on training pieces", flood("unet"), _near_copies, C.SPLIT_LEAK, 120),
    # images and tables
    Fault("digits: argmax along the wrong axis, all labels 0", body(b.digit_cnn), lambda p: _target(p, torch.zeros_like), C.TARGET_CONSTANT, 131),
    Fault("denoiser: tanh at the end", body(b.denoiser), lambda p: pick(p, model=After(p.model, torch.tanh)), C.OUTPUT_RANGE, 132),
    Fault("autoencoder: PSNR is minimised", body(b.autoencoder), lambda p: pick(p, criterion=_psnr), C.LOSS_SIGN, 133),
    Fault("digits: index into eight samples", body(b.digit_cnn), _eight_samples, C.LOADER_REPEATS, 134),
    Fault("maps: first channel lost", body(b.blur), lambda p: _input(p, lambda v: torch.cat([torch.zeros_like(v[:, :1]), v[:, 1:]], 1)), C.DEAD_INPUT, 135),
    Fault("maps: first channel read twice", body(b.blur), lambda p: pick(p, model=Before(p.model, lambda v: v[:, [0, 0]])), C.IGNORES_INPUT, 136),
    Fault("denoiser: Adam at 1e-7", body(b.denoiser), lambda p: pick(p, optimiser=b.optimiser(1e-7)), C.RATE_TOO_LOW, 137),
    Fault("segments: Adam at 2", body(b.segmenter), lambda p: pick(p, optimiser=b.optimiser(2.0)), C.RATE_TOO_HIGH, 138),
    Fault("digits: biases of convolutions -40", body(b.digit_cnn, norm=False), _low_biases, C.DEAD_UNITS, 139),
    Fault("digits: .data on the way", body(b.digit_mlp), lambda p: pick(p, model=replace(p.model, "1", _Data)), C.NO_GRADIENT, 140),
    Fault("denoiser: a third of the images in 16 bit", body(b.denoiser), _third_of_16_bit, C.UNIT_SLIP, 141),
    Fault("values: target in a column", body(b.table_values), _target_column, C.TARGET_IN_INPUT, 142),
    Fault("segments: masks of other images", body(b.segmenter), _mixed, C.TARGETS_UNRELATED, 143),
    Fault("digits: another head in evaluation", body(b.digit_mlp), lambda p: pick(p, model=_TwoHeads(p.model, 64, 10)), C.TRAIN_EVAL_GAP, 144),
    Fault("values: weights of the second layer all 0.3", body(b.table_values), lambda p: pick(p, model=fill(p.model, "2.weight", 0.3)), C.SYMMETRIC_START, 145),
    # texts
    Fault("keywords: texts of other samples each time", body(b.keyword), _other_inputs, C.TARGETS_MISPAIRED, 161),
    Fault("order: NaN in the places", body(b.order), _nan_places, C.NOT_FINITE_OUTPUT, 162),
    Fault("counts: every token masked", body(b.counter), lambda p: pick(p, model=replace(p.model, "embed", _Nothing)), C.IGNORES_INPUT, 163),
    Fault("subjects: target clamped in the loss", body(b.bag_of_words), lambda p: pick(p, criterion=lambda o, t: functional.binary_cross_entropy_with_logits(o, t.clamp(max=0.0))), C.LOSS_IGNORES, 164),
    Fault("keywords: two thirds of validation in training", body(b.keyword), _most_texts, C.SPLIT_LEAK, 165),
    Fault("counts: optimiser of a copy", body(b.counter), lambda p: pick(p, optimiser=_other_copy), C.OPTIMISER_MISSES, 166),
    Fault("order: weight decay 40", body(b.order), lambda p: pick(p, optimiser=b.optimiser(3e-3, 40.0)), C.DECAY_TOO_STRONG, 167),
    Fault("keywords: dropout 0.97 on embeddings", body(b.keyword), lambda p: pick(p, model=replace(p.model, "embed", lambda m: nn.Sequential(m, nn.Dropout(0.97)))), C.NOISE_TOO_STRONG, 168),
    Fault("keywords: nll_loss of probabilities", body(b.keyword), lambda p: pick(p, model=After(p.model, lambda t: t.softmax(1)), criterion=functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 169),
    Fault("counts: step behind a condition", body(b.counter), lambda p: pick(p, step=_never), C.WEIGHTS_DO_NOT_MOVE, 170),
    Fault("order: gradients add up", body(b.order), lambda p: pick(p, step=_adds_up, optimiser=_sgd(0.1)), C.GRADIENT_ACCUMULATES, 171),
    Fault("subjects: metric of 0.9 at best", body(b.bag_of_words), lambda p: pick(p, metric=_dull), C.METRIC_WRONG, 172),
    Fault("counts: file sorted by class", body(b.counter), _by_size, C.LOADER_SORTED, 173),
)  # fmt: skip

SECOND_HEALTHY: tuple[Healthy, ...] = (
    Healthy("values, 6 features", body(b.table_values, features=6, width=24), 211),
    Healthy("values, 12 features", body(b.table_values, features=12, count=1200), 212),
    Healthy("two classes", body(b.table_classes, classes=2), 213),
    Healthy("six classes", body(b.table_classes, classes=6, features=14), 214),
    Healthy("digits, 64 units", body(b.digit_mlp, width=64), 215),
    Healthy("digits, 700 samples", body(b.digit_mlp, count=700), 216),
    Healthy("digits, wide convolutions", body(b.digit_cnn, width=16), 217),
    Healthy("digits, narrow without norm", body(b.digit_cnn, width=8, norm=False), 218),
    Healthy("denoiser, 20 cells", body(b.denoiser, side=20, count=240), 219),
    Healthy("denoiser, narrow", body(b.denoiser, width=6), 220),
    Healthy("maps joined, 12 cells", body(b.blur, side=12), 221),
    Healthy("segments, 12 cells", body(b.segmenter, side=12, width=12), 222),
    Healthy("autoencoder, 8 numbers", body(b.autoencoder, latent=8), 223),
    Healthy("keywords, wide", body(b.keyword, width=32, count=1400), 224),
    Healthy("counts, 2000 texts", body(b.counter, count=2000), 225),
    Healthy("word order, wide", body(b.order, width=32), 226),
    Healthy("subjects, 1500 texts", body(b.bag_of_words, count=1500), 227),
    Healthy("emulator unet", flood("unet"), 228),
    Healthy("emulator temporal_cnn", flood("temporal_cnn"), 229),
    Healthy("emulator mode_h", flood("mode_h"), 230),
)  # fmt: skip
