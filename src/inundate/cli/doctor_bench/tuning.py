# ruff: noqa: E501  a fault a line, so that the lists can be read as tables
"""Faults that the doctor's rules were tuned on; none of them is in the table of the results."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench.fault import Fault, Healthy, body
from inundate.cli.doctor_bench.flood import emulator
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.cli.doctor_bench.texts import mood
from inundate.cli.doctor_bench.wrap import After, Before, Through, fill, replace
from inundate.prove.cause import Cause

__all__ = ["TUNING", "TUNING_HEALTHY"]


def _sgd(rate: float, **own: Any) -> Any:
    return lambda model: torch.optim.SGD(model.parameters(), lr=rate, **own)


def _shuffled(p: Parts) -> Parts:
    order = torch.randperm(len(p.train), generator=torch.Generator().manual_seed(5))
    other = torch.randperm(len(p.valid), generator=torch.Generator().manual_seed(6))
    return pick(
        p,
        train=add(p.train, {}, p.train.target[order]),
        valid=add(p.valid, {}, p.valid.target[other]),
    )


def _inputs(p: Parts, change: Any, part: str = "both") -> Parts:
    def of(samples: Samples) -> Samples:
        return add(samples, {name: change(value) for name, value in samples.inputs.items()})

    train = p.train if part == "valid" else of(p.train)
    return pick(p, train=train, valid=of(p.valid))


def _targets(p: Parts, change: Any) -> Parts:
    return pick(
        p, train=add(p.train, {}, change(p.train.target)),
        valid=add(p.valid, {}, change(p.valid.target)),
    )  # fmt: skip


def _without_last(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(list(model.parameters())[:-2], lr=5e-3)


def _no_zero(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    optimiser.step()
    return loss


def _no_step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    optimiser.zero_grad()
    loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    return loss


def _label_feature(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        label = samples.target[:, None].float()
        return add(samples, {"input": torch.cat([samples.inputs["input"], label], 1)})

    model = replace(p.model, "0", lambda _old: nn.Linear(11, 24))
    return pick(p, model=model, train=of(p.train), valid=of(p.valid))


def _copied(p: Parts) -> Parts:
    count = len(p.valid)
    inputs = {name: value[:count] for name, value in p.train.inputs.items()}
    return pick(p, valid=Samples(inputs, p.train.target[:count]))


def _mispaired(p: Parts) -> Parts:
    def change(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        return {
            **batch,
            "target": batch["target"][torch.from_numpy(rng.permutation(len(batch["target"])))],
        }

    return pick(p, loader={"change": change})


def _by_label(p: Parts) -> Parts:
    return pick(
        p,
        loader={
            "shuffle": False,
            "choose": lambda o, _r: np.argsort(p.train.target.numpy(), kind="stable"),
        },
    )


def _nan_target(p: Parts) -> Parts:
    target = p.train.target.clone()
    target[7] = float("nan")
    return pick(p, train=add(p.train, {}, target))


def _few(p: Parts) -> Parts:
    inputs = {name: value[:40] for name, value in p.train.inputs.items()}
    return pick(p, train=Samples(inputs, p.train.target[:40]), size=10)


def _rare(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        keep = torch.cat(
            [
                torch.nonzero(samples.target[:, 0] == 0)[:, 0],
                torch.nonzero(samples.target[:, 0] == 1)[:12, 0],
            ]
        )
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(1))]
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return pick(p, train=of(p.train), valid=of(p.valid), optimiser=_sgd(0.05))


def _deep(p: Parts) -> Parts:
    layers: list[nn.Module] = [nn.Flatten(), nn.Linear(64, 32), nn.Sigmoid()]
    for _ in range(10):
        layers += [nn.Linear(32, 32), nn.Sigmoid()]
    return pick(p, model=nn.Sequential(*layers, nn.Linear(32, 10)))


class _Pooled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.into, self.out = nn.Conv2d(2, 8, 3, padding=1), nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.out(functional.relu(self.into(inputs)).mean((2, 3)))
        return found[:, :, None, None].expand(-1, -1, *inputs.shape[2:])


def _some_samples(p: Parts) -> Parts:
    def of(value: Tensor) -> Tensor:
        value = value.clone()
        value[::9] *= 1000.0
        return value

    return pick(p, train=add(p.train, {"input": of(p.train.inputs["input"])}))


def _half(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        return add(samples, {"input": samples.inputs["input"].half()})

    model = p.model.half()
    return pick(
        p, model=model, train=of(p.train), valid=of(p.valid),
        criterion=lambda o, t: functional.cross_entropy(o.float(), t) * 1e-4,
    )  # fmt: skip


def _weights(p: Parts, factor: float) -> Parts:
    with torch.no_grad():
        for parameter in p.model.parameters():
            parameter.mul_(factor)
    return p


def _dropout(p: Parts) -> Parts:
    return pick(
        p, model=nn.Sequential(nn.Flatten(), nn.Dropout(0.98), *list(p.model.children())[1:])
    )


def _frozen_norm(p: Parts) -> Parts:
    for module in p.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0
            module.running_var.fill_(400.0)  # type: ignore[union-attr]
    return p


def _zero_channel(p: Parts) -> Parts:
    return _inputs(p, lambda v: torch.cat([v[:, :1], torch.zeros_like(v[:, 1:])], 1))


def _ignored(p: Parts) -> Parts:
    return pick(
        p, model=Before(p.model, lambda v: v * torch.tensor([1.0, 0.0])[None, :, None, None])
    )


def _repeats(p: Parts) -> Parts:
    return pick(
        p, loader={"choose": lambda order, _rng: np.tile(np.arange(p.size), len(order) // p.size)}
    )


def _upside_down(p: Parts) -> Parts:
    return _targets(p, lambda t: t.flip(-2))


def _wrong_dice(output: Tensor, target: Tensor) -> Tensor:
    hit = (output.argmax(1) == target).float().mean()
    return hit / 2


mse = functional.mse_loss
C = Cause
TUNING: tuple[Fault, ...] = (
    Fault("targets in another order", body(b.table_values), _shuffled, C.TARGETS_UNRELATED),
    Fault("rate 1e-6", body(b.table_values), lambda p: pick(p, optimiser=_sgd(1e-6)), C.RATE_TOO_LOW),
    Fault("Adam at 3", body(b.digit_mlp), lambda p: pick(p, optimiser=b.optimiser(3.0)), C.RATE_TOO_HIGH),
    Fault("optimiser without the last layer", body(b.digit_mlp), lambda p: pick(p, optimiser=_without_last), C.OPTIMISER_MISSES),
    Fault("features times 1e4", body(b.table_classes), lambda p: _inputs(p, lambda v: v * 1e4 + 2e4), C.INPUT_SCALE),
    Fault("targets times 1e5", body(b.table_values), lambda p: _targets(p, lambda t: t * 1e5), C.TARGET_SCALE),
    Fault("detach after the first layer", body(b.digit_cnn), lambda p: pick(p, model=replace(p.model, "2", lambda _m: Through(lambda t: functional.relu(t.detach())))), C.NO_GRADIENT),
    Fault("softmax before cross-entropy", body(b.digit_cnn), lambda p: pick(p, model=nn.Sequential(p.model, nn.Softmax(1))), C.LOSS_OUTPUT_MISMATCH),
    Fault("(B, 1) against (B,)", body(b.table_values), lambda p: _targets(p, lambda t: t[:, 0]), C.SHAPE_BROADCAST),
    Fault("rows upside down", body(b.denoiser), _upside_down, C.AXES_MIXED),
    Fault("ReLU at the end", body(b.denoiser), lambda p: pick(p, model=After(p.model, functional.relu)), C.OUTPUT_RANGE),
    Fault("sorted by label", body(b.keyword), _by_label, C.LOADER_SORTED),
    Fault("weight decay 50", body(b.keyword), lambda p: pick(p, optimiser=b.optimiser(5e-3, 50.0)), C.DECAY_TOO_STRONG),
    Fault("dropout 0.98", body(b.digit_mlp), _dropout, C.NOISE_TOO_STRONG),
    Fault("first batch again and again", body(b.digit_mlp), _repeats, C.LOADER_REPEATS),
    Fault("validation copied from training", body(b.digit_mlp), _copied, C.SPLIT_LEAK),
    Fault("label among the features", body(b.table_classes), _label_feature, C.TARGET_IN_INPUT),
    Fault("validation not normalised", body(b.digit_mlp), lambda p: _inputs(p, lambda v: v * 94 + 76, "valid"), C.SPLIT_SHIFT),
    Fault("batch norm that keeps its start", body(b.digit_cnn), _frozen_norm, C.TRAIN_EVAL_GAP),
    Fault("bias -100", body(b.digit_mlp), lambda p: pick(p, model=fill(p.model, "1.bias", -100.0)), C.DEAD_UNITS),
    Fault("weights all 0.01", body(b.table_values), lambda p: pick(p, model=fill(p.model, "0.weight", 0.01)), C.SYMMETRIC_START),
    Fault("NaN in a target", body(b.table_values), _nan_target, C.NOT_FINITE_DATA),
    Fault("log of an input", body(b.table_values), lambda p: pick(p, model=Before(p.model, torch.log)), C.NOT_FINITE_OUTPUT),
    Fault("half precision, small loss", body(b.digit_mlp), _half, C.PRECISION),
    Fault("channel times 0", body(b.blur), _ignored, C.IGNORES_INPUT),
    Fault("channel of zeros", body(b.blur), _zero_channel, C.DEAD_INPUT),
    Fault("sign of the loss", body(b.bag_of_words), lambda p: pick(p, criterion=lambda o, t: -functional.binary_cross_entropy_with_logits(o, t)), C.LOSS_SIGN),
    Fault("loss of rounded answers", body(b.keyword), lambda p: pick(p, criterion=lambda o, t: (o.argmax(1) != t).float().mean()), C.NO_GRADIENT),
    Fault("no zero_grad", body(b.digit_mlp), lambda p: pick(p, step=_no_zero), C.GRADIENT_ACCUMULATES),
    Fault("no step", body(b.digit_mlp), lambda p: pick(p, step=_no_step), C.WEIGHTS_DO_NOT_MOVE),
    Fault("metric halved", body(b.digit_mlp), lambda p: pick(p, metric=_wrong_dice), C.METRIC_WRONG),
    Fault("misspelt key", body(b.digit_mlp), lambda p: pick(p, unread=("learning_rat",)), C.UNREAD_CONFIG),
    Fault("40 samples, wide network", body(b.table_values, features=40, width=256), _few, C.MEMORISES),
    Fault("2 % of a class", body(b.bag_of_words), _rare, C.MAJORITY_COLLAPSE),
    Fault("eleven sigmoid layers", body(b.digit_mlp), _deep, C.VANISHING_GRADIENT),
    Fault("mean over the map", body(b.segmenter), lambda p: pick(p, model=_Pooled()), C.CANNOT_FIT),
    Fault("a ninth of the samples in mm", body(b.denoiser), _some_samples, C.UNIT_SLIP),
    Fault("targets mixed within each batch", body(b.digit_cnn), _mispaired, C.TARGETS_MISPAIRED),
    Fault("all weights times 100", body(b.table_classes), lambda p: _weights(p, 100.0), C.SATURATED),
    Fault("constant loss", body(b.segmenter), lambda p: pick(p, criterion=lambda o, t: functional.cross_entropy(o, o.argmax(1))), C.LOSS_IGNORES),
    Fault("LSTM read at its last step, after 40 places of padding", body(mood, pool="last"), lambda p: p, C.PADDING),
    Fault("LSTM read at its last step, after 100 places of padding", body(mood, pool="last", length=100), lambda p: p, C.PADDING, 1),
    Fault("LSTM read at its last step, slow optimiser", body(mood, pool="last", length=60, count=600), lambda p: pick(p, optimiser=b.optimiser(1e-3)), C.PADDING, 2),
    Fault("emulator: rain and terrain of another sample", emulator, _shuffled, C.TARGETS_UNRELATED),
    Fault("emulator: rate 1e-8", emulator, lambda p: pick(p, optimiser=b.optimiser(1e-8)), C.RATE_TOO_LOW),
    Fault("emulator: terrain of zeros", emulator, lambda p: pick(p, train=add(p.train, {"terrain": torch.zeros_like(p.train.inputs["terrain"])}), valid=add(p.valid, {"terrain": torch.zeros_like(p.valid.inputs["terrain"])})), C.DEAD_INPUT),
)  # fmt: skip

TUNING_HEALTHY: tuple[Healthy, ...] = (
    *(
        Healthy(f"{make.__name__} {seed}", body(make), seed)
        for make in (
            b.table_values, b.table_classes, b.digit_mlp, b.digit_cnn, b.denoiser, b.blur,
            b.segmenter, b.autoencoder, b.keyword, b.counter, b.order, b.bag_of_words,
        )
        for seed in (1,)
    ),
    Healthy("mood, end 1", body(mood), 1),
    Healthy("mood, largest, two ways 1", body(mood, pool="max", two_ways=True), 1),
    Healthy("emulator unet 1", emulator, 1),
)  # fmt: skip
