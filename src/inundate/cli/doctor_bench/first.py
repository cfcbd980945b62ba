# ruff: noqa: E501  a fault a line, so that the lists can be read as tables
"""The first list of faults that the rules were held against, once; tuned on since.

Of its 48 faults 41 were named, of its 20 healthy models none was called ill (commit 2da9f29). What
was missed has shown faults of the rules, so that the list measures nothing any more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench.fault import Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.cli.doctor_bench.wrap import After, fill, replace
from inundate.prove.cause import Cause

__all__ = ["FIRST", "FIRST_HEALTHY"]


def _both(p: Parts, change: Any) -> Parts:
    return pick(p, train=change(p.train), valid=change(p.valid))


def _input(p: Parts, name: str, change: Any) -> Parts:
    return _both(p, lambda s: add(s, {name: change(s.inputs[name])}))


def _target(p: Parts, change: Any) -> Parts:
    return _both(p, lambda s: add(s, {}, change(s.target)))


def _rest_of(p: Parts, name: str) -> Parts:
    """Let the optimiser hold all but one layer."""
    return pick(
        p,
        optimiser=lambda m: torch.optim.AdamW(
            [w for n, w in m.named_parameters() if not n.startswith(name)], lr=3e-3
        ),
    )


def _sgd(rate: float, **own: Any) -> Any:
    return lambda model: torch.optim.SGD(model.parameters(), lr=rate, **own)


def _storms_in_metres(p: Parts) -> Parts:
    rain = p.train.inputs["rain"].clone()
    rain[::5] = rain[::5] / 1000.0
    return pick(p, train=add(p.train, {"rain": rain}))


def _no_data(p: Parts) -> Parts:
    terrain = p.train.inputs["terrain"].clone()
    terrain[3, 0, :4, :4] = float("nan")
    return pick(p, train=add(p.train, {"terrain": terrain}))


def _same_pieces(p: Parts) -> Parts:
    chosen = torch.arange(0, len(p.train), 3)
    batch = p.train.at(chosen)
    return pick(p, valid=Samples(batch["inputs"], batch["target"], {"valid": batch["valid"]}))


def _cut(p: Parts, name: str) -> Parts:
    return pick(p, model=replace(p.model, name, _Cut))


class _Cut(nn.Module):
    """A layer under no_grad, as in a copied evaluation loop."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, *inputs: Any, **named: Any) -> Any:
        with torch.no_grad():
            return self.layer(*inputs, **named)


class _Blind(nn.Module):
    """Overwrites an input of an emulator."""

    def __init__(self, model: nn.Module, name: str) -> None:
        super().__init__()
        self.model, self.name = model, name

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        found: Tensor = self.model({**inputs, self.name: torch.full_like(inputs[self.name], 0.5)})
        return found


def _negative(p: Parts) -> Parts:
    held = p.loss
    assert held is not None
    return pick(p, loss=lambda model, batch: 1.0 - held(model, batch))


def _first_batch(p: Parts) -> Parts:
    return pick(p, train_loader=_Stuck(p))


class _Stuck:
    """A loader that calls next(iter(...)) each time."""

    def __init__(self, p: Parts) -> None:
        self.batch = p.train.at(torch.arange(p.size))

    def __len__(self) -> int:
        return 9

    def __iter__(self) -> Any:
        return iter([self.batch] * 9)


def _once(p: Parts) -> Parts:
    """Put a generator in place of the loader: it is empty after the first epoch."""
    batches = (
        p.train.at(torch.arange(i, i + p.size)) for i in range(0, len(p.train) - p.size, p.size)
    )
    return pick(p, train_loader=batches)


class _Unscaled(nn.Module):
    """Dropout that is not scaled, and drops three of four."""

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training:
            return inputs * 6.0
        return inputs * (torch.rand_like(inputs) > 0.25)


def _alike(p: Parts) -> Parts:
    with torch.no_grad():
        for layer in p.model.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                layer.weight.fill_(0.02)
    return p


def _shut(p: Parts) -> Parts:
    for layer in p.model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.constant_(layer.weight, 0.0)
            nn.init.constant_(layer.bias, -1.0)
            break
    return p


def _numpy_loss(output: Tensor, target: Tensor) -> Tensor:
    return torch.tensor(float(np.mean((output.detach().numpy() - target.numpy()) ** 2)))


class _Narrow(nn.Module):
    """Paints from the mean of the picture alone."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(1, 64)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.out(inputs.mean((1, 2, 3))[:, None])
        return found.reshape(-1, 1, 8, 8)


def _blocks(p: Parts) -> Parts:
    """Three digits at a time, as files lie in folders."""
    group = (p.train.target // 3).numpy()

    def choose(order: Any, _rng: Any) -> Any:
        return order[np.argsort(group[order], kind="stable")]

    return pick(p, loader={"choose": choose})


def _clipped(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    optimiser.zero_grad()
    loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), 1e-7)
    optimiser.step()
    return loss


def _two_loaders(p: Parts) -> Parts:
    def change(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        other = torch.from_numpy(rng.integers(len(p.train), size=len(batch["target"])))
        return {**batch, "target": p.train.target[other]}

    return pick(p, loader={"change": change})


class _Empty(nn.Module):
    """Runs a model on zeros in place of what it is given."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.model(torch.zeros_like(inputs))
        return found


def _corner(samples: Samples) -> Samples:
    images = samples.inputs["input"].clone()
    images[:, 0, 0, 0] = samples.target / 10.0
    return add(samples, {"input": images})


def _over_dice(output: Tensor, target: Tensor) -> Tensor:
    answer = output.argmax(1)
    hit = (answer == target).float().sum()
    return hit / (answer.numel() / 3)


def _last_token(samples: Samples) -> Samples:
    texts = samples.inputs["input"].clone()
    texts[:, -1] = 38 + samples.target
    return add(samples, {"input": texts})


def _rare(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        many, few = (torch.nonzero(samples.target == k)[:, 0] for k in (0, 1))
        keep = torch.cat([many, few[: max(3, len(many) // 30)]])
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(2))]
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return pick(_both(p, of), optimiser=b.optimiser(5e-4))


def _some_texts(p: Parts) -> Parts:
    inputs = {name: value.clone() for name, value in p.valid.inputs.items()}
    target = p.valid.target.clone()
    count = len(target) // 3
    inputs["input"][:count] = p.train.inputs["input"][:count]
    target[:count] = p.train.target[:count]
    return pick(p, valid=Samples(inputs, target))


def _few(p: Parts, count: int) -> Parts:
    inputs = {name: value[:count] for name, value in p.train.inputs.items()}
    return pick(p, train=Samples(inputs, p.train.target[:count]), size=10)


class _Tanh(nn.Module):
    """Embeds, then sixteen tanh layers of small weights."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.EmbeddingBag(40, 24)
        self.deep = nn.ModuleList([nn.Linear(24, 24) for _ in range(16)])
        self.tell = nn.Linear(24, 1)
        for layer in self.deep:
            nn.init.normal_(layer.weight, std=0.02)  # type: ignore[arg-type]

    def forward(self, inputs: Tensor) -> Tensor:
        found = self.embed(inputs)
        for layer in self.deep:
            found = torch.tanh(layer(found))
        told: Tensor = self.tell(found)
        return told


def _half(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        return add(samples, {"input": samples.inputs["input"].half() * 300})

    return pick(
        _both(p, of),
        model=p.model.half(),
        criterion=lambda o, t: (o - t.half()).square().sum(0).mean(),
    )


bce = functional.binary_cross_entropy_with_logits
C = Cause
FIRST: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("unet: a fifth of the rain in m", flood("unet"), _storms_in_metres, C.UNIT_SLIP, 11),
    Fault("unet: targets with columns from right to left", flood("unet"), lambda p: _target(p, lambda t: t.flip(-1)), C.AXES_MIXED, 12),
    Fault("temporal_cnn: rain is 0 after a failed join", flood("temporal_cnn"), lambda p: _input(p, "rain", torch.zeros_like), C.DEAD_INPUT, 13),
    Fault("unet: targets shifted by five samples", flood("unet"), lambda p: _target(p, lambda t: t.roll(5, 0)), C.TARGETS_UNRELATED, 14),
    Fault("unet: terrain overwritten in forward", flood("unet"), lambda p: pick(p, model=_Blind(p.model, "terrain")), C.IGNORES_INPUT, 15),
    Fault("temporal_cnn: Adam at 5", flood("temporal_cnn"), lambda p: pick(p, optimiser=b.optimiser(5.0)), C.RATE_TOO_HIGH, 16),
    Fault("unet: Adam at 1e-7", flood("unet"), lambda p: pick(p, optimiser=b.optimiser(1e-7)), C.RATE_TOO_LOW, 17),
    Fault("unet: depth thresholded at 10 m", flood("unet"), lambda p: _target(p, lambda t: (t > 10.0).float()), C.TARGET_CONSTANT, 18),
    Fault("unet: the loss is 1 - loss", flood("unet"), _negative, C.LOSS_SIGN, 19),
    Fault("mode_h: NaN where the ground is unknown", flood("mode_h"), _no_data, C.NOT_FINITE_DATA, 20),
    Fault("unet: validation pieces are training pieces", flood("unet"), _same_pieces, C.SPLIT_LEAK, 21),
    Fault("temporal_cnn: the same batch all epoch", flood("temporal_cnn"), _first_batch, C.LOADER_REPEATS, 22),
    # images
    Fault("digits: labels of the next image", body(b.digit_cnn), lambda p: _target(p, lambda t: t.roll(1, 0)), C.TARGETS_UNRELATED, 31),
    Fault("segments: image mirrored, mask not", body(b.segmenter), lambda p: _target(p, lambda t: t.flip(-1)), C.AXES_MIXED, 32),
    Fault("denoiser: sigmoid at the end", body(b.denoiser), lambda p: pick(p, model=After(p.model, torch.sigmoid)), C.OUTPUT_RANGE, 33),
    Fault("digits: 16-bit images as they are", body(b.digit_cnn, norm=False), lambda p: _input(p, "input", lambda v: (v * 0.37 + 0.3) * 65535), C.INPUT_SCALE, 34),
    Fault("digits: SGD at 30", body(b.digit_cnn, norm=False), lambda p: pick(p, optimiser=_sgd(30.0)), C.RATE_TOO_HIGH, 35),
    Fault("segments: nll_loss of raw scores", body(b.segmenter), lambda p: pick(p, criterion=functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 36),
    Fault("digits: dropout scaled the wrong way", body(b.digit_mlp), lambda p: pick(p, model=nn.Sequential(*list(p.model.children())[:3], _Unscaled(), *list(p.model.children())[3:], After(nn.Identity(), lambda t: t))), C.TRAIN_EVAL_GAP, 37),
    Fault("denoiser: kernels all 0.02", body(b.denoiser), _alike, C.SYMMETRIC_START, 38),
    Fault("digits: batch norm of weight 0 and bias -1", body(b.digit_cnn), _shut, C.DEAD_UNITS, 39),
    Fault("maps: loss computed in numpy", body(b.blur), lambda p: pick(p, criterion=_numpy_loss), C.NO_GRADIENT, 40),
    Fault("autoencoder: paints from the mean alone", body(b.autoencoder), lambda p: pick(p, model=_Narrow()), C.CANNOT_FIT, 41),
    Fault("digits: three digits at a time", body(b.digit_mlp), _blocks, C.LOADER_SORTED, 42),
    Fault("digits: SGD with decay 20", body(b.digit_mlp), lambda p: pick(p, optimiser=_sgd(0.02, weight_decay=20.0)), C.DECAY_TOO_STRONG, 43),
    Fault("segments: Dice over a third of the cells", body(b.segmenter), lambda p: pick(p, metric=_over_dice), C.METRIC_WRONG, 44),
    Fault("digits: gradient clipped to 1e-7", body(b.digit_mlp), lambda p: pick(p, step=_clipped, optimiser=_sgd(0.1)), C.STEP_WRONG, 45),
    Fault("denoiser: inputs and targets of two loaders", body(b.denoiser), _two_loaders, C.TARGETS_MISPAIRED, 46),
    Fault("maps: forward works on zeros", body(b.blur), lambda p: pick(p, model=_Empty(p.model)), C.IGNORES_INPUT, 47),
    Fault("digits: label in the corner pixel", body(b.digit_cnn), lambda p: _both(p, _corner), C.TARGET_IN_INPUT, 48),
    Fault("denoiser: key of the rate misspelt", body(b.denoiser), lambda p: pick(p, unread=("optim.lr",)), C.UNREAD_CONFIG, 49),
    Fault("autoencoder: half precision, inputs of hundreds", body(b.autoencoder), _half, C.PRECISION, 50),
    # texts
    Fault("keywords: labels in file order, texts shuffled", body(b.keyword), lambda p: _target(p, lambda t: t[torch.randperm(len(t), generator=torch.Generator().manual_seed(4))]), C.TARGETS_UNRELATED, 61),
    Fault("counts: label as the last token", body(b.counter), lambda p: _both(p, _last_token), C.TARGET_IN_INPUT, 62),
    Fault("keywords: every token unknown", body(b.keyword), lambda p: _input(p, "input", lambda v: torch.ones_like(v)), C.DEAD_INPUT, 63),
    Fault("counts: 3 % of a class", body(b.counter), _rare, C.MAJORITY_COLLAPSE, 64),
    Fault("counts: embedding not in the optimiser", body(b.counter), lambda p: _rest_of(p, "embed"), C.OPTIMISER_MISSES, 65),
    Fault("order: Adam at 1", body(b.order), lambda p: pick(p, optimiser=b.optimiser(1.0)), C.RATE_TOO_HIGH, 66),
    Fault("subjects: sigmoid before a loss of logits", body(b.bag_of_words), lambda p: pick(p, model=nn.Sequential(p.model, nn.Sigmoid())), C.LOSS_OUTPUT_MISMATCH, 67),
    Fault("subjects: targets (B,), square error", body(b.bag_of_words), lambda p: pick(_target(p, lambda t: t[:, 0]), criterion=lambda o, t: (o - t).square().mean()), C.SHAPE_BROADCAST, 68),
    Fault("order: a third of validation in training", body(b.order), _some_texts, C.SPLIT_LEAK, 69),
    Fault("keywords: words all start alike", body(b.keyword), lambda p: pick(p, model=fill(p.model, "embed.weight", 0.1)), C.SYMMETRIC_START, 70),
    Fault("counts: embedding under no_grad", body(b.counter), lambda p: _cut(p, "embed"), C.NO_GRADIENT, 71),
    Fault("counts: 60 texts, wide network", body(b.counter, width=64), lambda p: _few(p, 60), C.MEMORISES, 72),
    Fault("order: loss against zeros", body(b.order), lambda p: pick(p, criterion=lambda o, t: functional.cross_entropy(o, torch.zeros_like(t))), C.LOSS_IGNORES, 73),
    Fault("keywords: a generator in place of a loader", body(b.keyword), _once, C.LOADER_STARVES, 74),
    Fault("subjects: sixteen tanh layers, small weights", body(b.bag_of_words), lambda p: pick(p, model=_Tanh()), C.VANISHING_GRADIENT, 75),
    Fault("subjects: labels times 1000", body(b.bag_of_words), lambda p: pick(_target(p, lambda t: t * 1000.0), criterion=functional.mse_loss), C.TARGET_SCALE, 76),
)  # fmt: skip

FIRST_HEALTHY: tuple[Healthy, ...] = (
    Healthy("values, 4 features", body(b.table_values, features=4, width=48), 21),
    Healthy("values, 16 features", body(b.table_values, features=16, count=1600), 22),
    Healthy("five classes", body(b.table_classes, classes=5), 23),
    Healthy("digits, wide", body(b.digit_mlp, width=96), 24),
    Healthy("digits, few", body(b.digit_mlp, count=500), 25),
    Healthy("digits, convolutions without norm", body(b.digit_cnn, norm=False), 26),
    Healthy("digits, narrow convolutions", body(b.digit_cnn, width=8), 27),
    Healthy("denoiser, 12 cells", body(b.denoiser, side=12, width=12), 28),
    Healthy("denoiser, 24 cells", body(b.denoiser, side=24, count=200), 29),
    Healthy("maps joined", body(b.blur, width=12), 30),
    Healthy("segments", body(b.segmenter, side=20), 31),
    Healthy("autoencoder, 20 numbers", body(b.autoencoder, latent=20), 32),
    Healthy("keywords, narrow", body(b.keyword, width=16), 33),
    Healthy("counts", body(b.counter, count=1600), 34),
    Healthy("word order, dropout", body(b.order, dropout=0.1), 35),
    Healthy("subjects", body(b.bag_of_words, width=32), 36),
    Healthy("emulator unet", flood("unet"), 37),
    Healthy("emulator temporal_cnn", flood("temporal_cnn"), 38),
    Healthy("emulator mode_h", flood("mode_h"), 39),
    Healthy("emulator deeplab", flood("deeplab"), 40),
)  # fmt: skip
