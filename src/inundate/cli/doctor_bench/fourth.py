# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The fourth list of faults that the rules were held against, once; tuned on since.

Of its 47 faults 42 were named, of its 20 healthy models none was called ill (commit 08d1df8).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench import other as o
from inundate.cli.doctor_bench import wider as w
from inundate.cli.doctor_bench.change import (
    both,
    in_another_unit,
    never_cleared,
    on_input,
    on_target,
    sgd,
    with_optimiser,
)
from inundate.cli.doctor_bench.fault import Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick
from inundate.cli.doctor_bench.texts import mood
from inundate.cli.doctor_bench.wrap import After, Before, replace
from inundate.prove.cause import Cause

__all__ = ["FOURTH", "FOURTH_HEALTHY"]


def _blind_radar(p: Parts) -> Parts:
    rain = p.train.inputs["rain"].clone()
    rain[12, ..., 0, 0] = float("nan")
    return pick(p, train=add(p.train, {"rain": rain}))


def _without(name: str) -> Any:
    def make(model: nn.Module) -> torch.optim.Optimizer:
        held = [q for n, q in model.named_parameters() if not n.startswith(name)]
        return torch.optim.AdamW(held, lr=3e-3)

    return make


class _Cut(nn.Module):
    """Goes on with the values of a layer and not with its gradient."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, *inputs: Any) -> Any:
        return self.layer(*inputs).data


def _fifth_known(p: Parts) -> Parts:
    """Put training samples in the place of a fifth of the validation samples."""
    count = max(1, len(p.valid) // 5)
    known, own = p.train.at(torch.arange(count)), p.valid.at(torch.arange(count, len(p.valid)))
    inputs = {n: torch.cat([known["inputs"][n], own["inputs"][n]]) for n in own["inputs"]}
    rest = {n: torch.cat([known[n], own[n]]) for n in p.valid.rest}
    return pick(p, valid=Samples(inputs, torch.cat([known["target"], own["target"]]), rest))


def _valid_only(p: Parts, name: str, change: Any) -> Parts:
    return pick(p, valid=add(p.valid, {name: change(p.valid.inputs[name])}))


def _grouped(p: Parts) -> Parts:
    """Write samples of like depth into one shard each, and shuffle the shards."""
    order = np.argsort(p.train.target.flatten(1).mean(1).numpy(), kind="stable")
    shards = [order[i : i + p.size] for i in range(0, len(order) - p.size + 1, p.size)]

    def choose(_order: Any, rng: Any) -> Any:
        return np.concatenate([shards[i] for i in rng.permutation(len(shards))])

    return pick(p, loader={"choose": choose})


def _alike(p: Parts) -> Parts:
    with torch.no_grad():
        for layer in p.model.modules():
            if isinstance(layer, nn.Linear):
                nn.init.constant_(layer.weight, 0.1)
                nn.init.zeros_(layer.bias)
    return p


class _Stale(nn.Module):
    """Answers in evaluation by a mean of the weights that nothing updates."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model, self.mean = model, copy.deepcopy(model).requires_grad_(False)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.model(inputs) if self.training else self.mean(inputs)
        return found


class _Shrinking:
    """Leaves out what it has given before: each epoch has half of the last one."""

    def __init__(self, p: Parts) -> None:
        self.inner, self.epoch = TensorLoader(p.train, p.size), 0

    def __iter__(self) -> Any:
        batches = list(self.inner)
        self.epoch += 1
        return iter(batches[: max(1, len(batches) // 2 ** (self.epoch - 1))])


def _late(output: Tensor, target: Tensor) -> Tensor:
    """Correlate answers with the targets of the next samples."""
    pair = torch.stack([output.roll(1, 0).flatten(), target.flatten()])
    return torch.corrcoef(pair)[0, 1]


def _permuted(p: Parts, seed: int) -> Parts:
    drawn = torch.Generator().manual_seed(seed)
    return on_target(p, lambda t: t[torch.randperm(len(t), generator=drawn)])


def _cosine_column(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        rows = samples.inputs["input"].clone()
        rows[:, 0] = samples.target[:, 1]
        return add(samples, {"input": rows})

    return both(p, of)


def _unshifted(p: Parts) -> Parts:
    """Forget to shift: each word is its own target."""
    return both(p, lambda s: add(s, {}, s.inputs["input"].clone()))


class _Unheard(nn.Module):
    """Overwrites the numbers that come with a text."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        found: Tensor = self.model(tokens, torch.zeros_like(numbers))
        return found


class _Vectors(nn.Module):
    """Reads vectors of words by a GRU and answers after the last place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.GRU(width, 24, batch_first=True)
        self.tell = nn.Linear(24, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.tell(self.read(inputs)[0][:, -1])
        return found


def _vectors(seed: int) -> Parts:
    """Give texts as vectors, rows of zeros behind them."""
    p = mood(seed, length=90)
    table = torch.randn(60, 20, generator=torch.Generator().manual_seed(seed))
    table[0] = 0.0
    torch.manual_seed(seed)
    return pick(on_input(p, lambda v: table[v]), model=_Vectors(20))


def _seldom(p: Parts) -> Parts:
    """Keep a few of the damp and the flooded reports."""

    def of(samples: Samples) -> Samples:
        many, few = (torch.nonzero(samples.target.clamp(max=1) == k)[:, 0] for k in (0, 1))
        keep = torch.cat([many, few[: max(4, len(many) // 40)]])
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(9))]
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return with_optimiser(both(p, of), b.optimiser(1e-4))


def _too_early(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    """Step before the gradient is there."""
    optimiser.zero_grad()
    optimiser.step()
    loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    return loss


def _shared_posts(p: Parts) -> Parts:
    """Let a quarter of the validation texts be copies of training texts."""
    inputs = {name: value.clone() for name, value in p.valid.inputs.items()}
    target, count = p.valid.target.clone(), len(p.valid) // 4
    inputs["input"][-count:] = p.train.inputs["input"][-count:]
    target[-count:] = p.train.target[-count:]
    return pick(p, valid=Samples(inputs, target))


def _chance(output: Tensor, target: Tensor) -> Tensor:
    """Give the probability of the right class, to be minimised."""
    return output.softmax(1).gather(1, target[:, None]).mean()


def _hinge(output: Tensor, target: Tensor) -> Tensor:
    return (1.0 - output * (2.0 * target - 1.0)).clamp(min=0.0).mean()


def _one_text(p: Parts) -> Parts:
    """Fill each batch with one text."""

    def choose(order: Any, _rng: Any) -> Any:
        return np.repeat(order[: len(order) // p.size], p.size)

    return pick(p, loader={"choose": choose})


def _backwards(p: Parts) -> Parts:
    """Sort the inputs of a batch and leave its targets."""

    def change(batch: dict[str, Any], _rng: Any) -> dict[str, Any]:
        return {**batch, "target": batch["target"].flip(0)}

    return pick(p, loader={"change": change})


class _NoWords(nn.Module):
    """Pools over a mask that holds no place: 0 divided by 0."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.model.block(self.model.embed(inputs) + self.model.place)
        mask = ((inputs == 2) & (inputs == 3)).float()[:, :, None]  # meant was: or
        found: Tensor = self.model.tell((hidden * mask).sum(1) / mask.sum(1))
        return found


C = Cause
FOURTH: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("temporal_cnn: terrain read with rows for columns", flood("temporal_cnn"), lambda p: on_input(p, lambda v: v.transpose(-2, -1).contiguous(), "terrain"), C.AXES_MIXED, 711),
    Fault("deeplab: a fourth of the rain in mm a second", flood("deeplab"), lambda p: in_another_unit(p, "rain", slice(1, None, 4), 1 / 3600), C.UNIT_SLIP, 712),
    Fault("lead_cnn: NaN where the radar is blind", flood("lead_cnn"), _blind_radar, C.NOT_FINITE_DATA, 713),
    Fault("deeplab: optimiser without the pyramid", flood("deeplab"), lambda p: with_optimiser(p, _without("pyramid")), C.OPTIMISER_MISSES, 714),
    Fault("temporal_cnn: .data of the rain's layers", flood("temporal_cnn"), lambda p: pick(p, model=replace(p.model, "rain", _Cut)), C.NO_GRADIENT, 715),
    Fault("lead_cnn: SGD at 300", flood("lead_cnn"), lambda p: with_optimiser(p, sgd(300.0)), C.RATE_TOO_HIGH, 716),
    Fault("convgru_unet: Adam at 3e-8", flood("convgru_unet"), lambda p: with_optimiser(p, b.optimiser(3e-8)), C.RATE_TOO_LOW, 717),
    Fault("deeplab: a fifth of the validation pieces from training", flood("deeplab"), _fifth_known, C.SPLIT_LEAK, 718),
    Fault("lead_cnn: terrain of the validation data in cm", flood("lead_cnn"), lambda p: _valid_only(p, "terrain", lambda v: 100.0 * v), C.SPLIT_SHIFT, 719),
    Fault("temporal_cnn: depth before the storm as target", flood("temporal_cnn"), lambda p: on_target(p, torch.zeros_like), C.TARGET_CONSTANT, 720),
    Fault("lead_cnn: shards of like depth", flood("lead_cnn"), _grouped, C.LOADER_SORTED, 721),
    Fault("unet: terrain of the first piece for all", flood("unet"), lambda p: on_input(p, lambda v: v[:1].expand_as(v).clone(), "terrain"), C.DEAD_INPUT, 722),
    Fault("lead_cnn: AdamW at 5e-3 with decay 80", flood("lead_cnn"), lambda p: with_optimiser(p, b.optimiser(5e-3, 80.0)), C.DECAY_TOO_STRONG, 723),
    Fault("unet: gradient never cleared", flood("unet"), never_cleared, C.GRADIENT_ACCUMULATES, 724),
    # images and tables
    Fault("slopes: field with rows upside down", body(o.slopes), lambda p: on_input(p, lambda v: v.flip(-2)), C.AXES_MIXED, 731),
    Fault("slopes: ReLU at the end", body(o.slopes), lambda p: pick(p, model=After(p.model, torch.relu)), C.OUTPUT_RANGE, 732),
    Fault("slopes: targets times 100000", body(o.slopes), lambda p: on_target(p, lambda t: 1e5 * t), C.TARGET_SCALE, 733),
    Fault("slopes: each epoch has half of the last", body(o.slopes), lambda p: pick(p, train_loader=_Shrinking(p)), C.LOADER_STARVES, 734),
    Fault("slopes: divided by a deviation of 0", body(o.slopes), lambda p: pick(p, model=Before(p.model, lambda v: v / (v - v).std())), C.NOT_FINITE_OUTPUT, 735),
    Fault("angles: cosine in a column", body(o.angles), _cosine_column, C.TARGET_IN_INPUT, 736),
    Fault("angles: all weights 0.1", body(o.angles), _alike, C.SYMMETRIC_START, 737),
    Fault("angles: answers scored one sample late", body(o.angles), lambda p: pick(p, metric=_late), C.METRIC_WRONG, 738),
    Fault("spots: Adam at 1.5", body(w.spots), lambda p: with_optimiser(p, b.optimiser(1.5)), C.RATE_TOO_HIGH, 739),
    Fault("segments: a mean of weights that nothing updates", body(b.segmenter), lambda p: pick(p, model=_Stale(p.model)), C.TRAIN_EVAL_GAP, 740),
    Fault("digits: divided by 255 twice more", body(b.digit_mlp), lambda p: on_input(p, lambda v: v / 65025.0), C.INPUT_SCALE, 741),
    Fault("digits: labels from 1 to 10", body(b.digit_cnn), lambda p: on_target(p, lambda t: t + 1), C.DOES_NOT_RUN, 742),
    Fault("denoiser: SGD at 1e-6", body(b.denoiser), lambda p: with_optimiser(p, sgd(1e-6)), C.RATE_TOO_LOW, 743),
    Fault("fine maps: targets of other maps", body(w.upscale), lambda p: _permuted(p, 21), C.TARGETS_UNRELATED, 744),
    Fault("masks: labels smoothed to 0.45 and 0.55", body(w.masks), lambda p: on_target(p, lambda t: 0.45 + 0.1 * t), C.LOSS_FLOOR, 745),
    # texts
    Fault("next words: targets that are not shifted", body(o.next_words), _unshifted, C.TARGET_IN_INPUT, 761),
    Fault("next words: targets of other texts", body(o.next_words), lambda p: _permuted(p, 22), C.TARGETS_UNRELATED, 762),
    Fault("next words: one text a batch", body(o.next_words), _one_text, C.LOADER_REPEATS, 763),
    Fault("next words: targets of a batch backwards", body(o.next_words), _backwards, C.TARGETS_MISPAIRED, 764),
    Fault("reports: numbers are 0", body(o.reports), lambda p: on_input(p, torch.zeros_like, "numbers"), C.DEAD_INPUT, 765),
    Fault("reports: numbers overwritten", body(o.reports), lambda p: pick(p, model=_Unheard(p.model)), C.IGNORES_INPUT, 766),
    Fault("reports: a sixth of the numbers times 10000", body(o.reports), lambda p: in_another_unit(p, "numbers", slice(2, None, 6), 1e4), C.UNIT_SLIP, 767),
    Fault("reports: numbers of the validation data not centred", body(o.reports), lambda p: _valid_only(p, "numbers", lambda v: v + 6.0), C.SPLIT_SHIFT, 768),
    Fault("reports: Adam at 8", body(o.reports), lambda p: with_optimiser(p, b.optimiser(8.0)), C.RATE_TOO_HIGH, 769),
    Fault("reports: one in forty is not dry", body(o.reports), _seldom, C.MAJORITY_COLLAPSE, 770),
    Fault("reports: key of the seed misspelt", body(o.reports), lambda p: pick(p, unread=("train.sead",)), C.UNREAD_CONFIG, 771),
    Fault("moods: vectors with zeros behind, GRU at its last step", body(_vectors), lambda p: p, C.PADDING, 772),
    Fault("pairs of words: .data of the convolution", body(w.bigrams), lambda p: pick(p, model=replace(p.model, "grams", _Cut)), C.NO_GRADIENT, 773),
    Fault("pairs of words: a quarter of validation in training", body(w.bigrams), _shared_posts, C.SPLIT_LEAK, 774),
    Fault("tags: step before backward", body(w.tagger), lambda p: pick(p, step=_too_early), C.WEIGHTS_DO_NOT_MOVE, 775),
    Fault("order: probability of the right class is minimised", body(b.order), lambda p: pick(p, criterion=_chance), C.LOSS_SIGN, 776),
    Fault("order: mean over a mask of no words", body(b.order), lambda p: pick(p, model=_NoWords(p.model)), C.NOT_FINITE_OUTPUT, 777),
    Fault("matches: hinge of (B, 1) and (B,)", body(w.matcher), lambda p: pick(on_target(p, lambda t: t[:, 0]), criterion=_hinge), C.SHAPE_BROADCAST, 778),
)  # fmt: skip

FOURTH_HEALTHY: tuple[Healthy, ...] = (
    Healthy("angles", body(o.angles), 811),
    Healthy("angles, 64 wide", body(o.angles, width=64, count=1200), 812),
    Healthy("slopes of a field", body(o.slopes), 813),
    Healthy("slopes, 18 cells", body(o.slopes, side=18, count=220), 814),
    Healthy("next words", body(o.next_words), 815),
    Healthy("next words of 18", body(o.next_words, length=18, width=32), 816),
    Healthy("reports with numbers", body(o.reports), 817),
    Healthy("reports, 1400", body(o.reports, count=1400, width=32), 818),
    Healthy("spots, 10 cells", body(w.spots, side=10, width=16), 819),
    Healthy("textures, 16 cells", body(w.residual, side=16, count=480), 820),
    Healthy("maps of 10 cells twice as fine", body(w.upscale, side=10, width=16), 821),
    Healthy("masks, 10 channels", body(w.masks, width=10, count=360), 822),
    Healthy("runoff, 28 wide", body(w.runoff, width=28), 823),
    Healthy("tags, 20 wide", body(w.tagger, width=20), 824),
    Healthy("pairs among 10 words", body(w.bigrams, length=10), 825),
    Healthy("matches, 32 wide", body(w.matcher, width=32), 826),
    Healthy("moods in 60 places", body(mood, length=60, count=1200), 827),
    Healthy("emulator unet", flood("unet"), 828),
    Healthy("emulator temporal_cnn", flood("temporal_cnn"), 829),
    Healthy("emulator lead_cnn", flood("lead_cnn"), 830),
)  # fmt: skip
