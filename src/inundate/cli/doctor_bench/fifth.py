# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""Fifth list: the table of one version, now among what the rules are tuned on.

Of its 52 faults 47 were named, without a false alarm on its 20 healthy models.
"""

from __future__ import annotations

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
    on_input,
    on_target,
    sgd,
    with_optimiser,
)
from inundate.cli.doctor_bench.fault import Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick
from inundate.cli.doctor_bench.texts import mood
from inundate.cli.doctor_bench.wrap import After, Through, replace
from inundate.prove.cause import Cause

__all__ = ["FIFTH", "FIFTH_HEALTHY"]


def _holds(wanted: Any) -> Any:
    """Make a maker of an optimiser of some of the weights."""

    def make(model: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.AdamW([q for n, q in model.named_parameters() if wanted(n)], lr=3e-3)

    return make


def _valid_only(p: Parts, name: str, change: Any) -> Parts:
    return pick(p, valid=add(p.valid, {name: change(p.valid.inputs[name])}))


def _no_time(rain: Tensor) -> Tensor:
    """Divide one amount by a duration of 0."""
    found = rain.clone()
    found[3, ..., 1, 1] = float("inf")
    return found


class _Numpy(nn.Module):
    """Takes what a layer gives through numpy."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, *inputs: Any) -> Any:
        return torch.from_numpy(self.layer(*inputs).detach().numpy().copy())


class _Still(nn.Module):
    """Runs a layer without recording it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    @torch.no_grad()
    def forward(self, *inputs: Any) -> Any:
        return self.layer(*inputs)


class _Unfilled(nn.Module):
    """Reads the rain from a buffer that nothing fills."""

    rain: Tensor

    def __init__(self, model: nn.Module, rain: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("rain", torch.zeros_like(rain[:1]))

    def forward(self, inputs: dict[str, Tensor]) -> Any:
        return self.model({**inputs, "rain": self.rain.expand_as(inputs["rain"])})


def _known(p: Parts, share: float) -> Parts:
    """Take some of the validation samples from the last of the training samples."""
    count = int(share * len(p.valid))
    known = p.train.at(torch.arange(len(p.train) - count, len(p.train)))
    own = p.valid.at(torch.arange(len(p.valid) - count))
    inputs = {n: torch.cat([own["inputs"][n], known["inputs"][n]]) for n in own["inputs"]}
    rest = {n: torch.cat([own[n], known[n]]) for n in p.valid.rest}
    return pick(p, valid=Samples(inputs, torch.cat([own["target"], known["target"]]), rest))


def _driest_last(p: Parts) -> Parts:
    order = np.argsort(-p.train.target.flatten(1).mean(1).numpy(), kind="stable")
    return pick(p, loader={"choose": lambda _order, _rng: order})


def _reciprocal(p: Parts) -> Parts:
    held = p.loss
    assert held is not None
    return pick(p, loss=lambda model, batch: 1.0 / (held(model, batch) + 1e-2))


def _permuted(p: Parts, seed: int) -> Parts:
    drawn = torch.Generator().manual_seed(seed)
    return on_target(p, lambda t: t[torch.randperm(len(t), generator=drawn)])


def _rolled(batch: dict[str, Any], rng: Any) -> dict[str, Any]:
    """Give the targets of a batch from another place of it each time."""
    return {**batch, "target": batch["target"].roll(int(rng.integers(1, 30)), 0)}


def _r2(output: Tensor, target: Tensor) -> Tensor:
    return 1.0 - (output - target).square().mean() / target.var()


def _flow_column(p: Parts) -> Parts:
    """Write the flow where the melt belongs."""

    def of(samples: Samples) -> Samples:
        water = samples.inputs["input"].clone()
        water[..., 1] = samples.target
        return add(samples, {"input": water})

    return both(p, of)


class _Reversed(nn.Module):
    """Drops inputs in evaluation and not in training."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        drawn = inputs if self.training else functional.dropout(inputs, 0.9, training=True)
        found: Tensor = self.model(drawn)
        return found


def _a_class_of_accuracy(output: Tensor, target: Tensor) -> Tensor:
    return (output.argmax(1) == target).float().mean() / output.shape[1]


def _label_number(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        numbers = samples.inputs["numbers"].clone()
        numbers[:, 1] = samples.target.float() - 1.0
        return add(samples, {"numbers": numbers})

    return both(p, of)


def _seldom(p: Parts) -> Parts:
    """Keep one in thirty-five with a keyword, behind the others and mixed."""

    def of(samples: Samples) -> Samples:
        many, few = (torch.nonzero(samples.target == k)[:, 0] for k in (0, 1))
        keep = torch.cat([many, few[: max(3, len(many) // 35)]])
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(4))]
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return with_optimiser(both(p, of), b.optimiser(1e-4))


def _likelihood(output: Tensor, target: Tensor) -> Tensor:
    """Give the log-likelihood without its minus."""
    return output.log_softmax(1).gather(1, target[:, None]).mean()


def _restored(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    """Load the weights of before the step again."""
    held = {name: value.clone() for name, value in model.state_dict().items()}
    optimiser.zero_grad()
    output = model(raw["inputs"]["question"], raw["inputs"]["answer"])
    loss = functional.binary_cross_entropy_with_logits(output, raw["target"])
    torch.autograd.backward(loss)
    optimiser.step()
    model.load_state_dict(held)
    return loss


def _class_by_class(p: Parts) -> Parts:
    """Fill each batch from one class, and take the classes in turn."""
    own = [np.flatnonzero(p.train.target.numpy() == k) for k in (0, 1)]

    def choose(_order: Any, rng: Any) -> Any:
        drawn = [rng.permutation(one) for one in own]
        count = min(map(len, drawn)) // p.size
        return np.concatenate(
            [drawn[k][i * p.size : (i + 1) * p.size] for i in range(count) for k in (0, 1)]
        )

    return pick(p, loader={"choose": choose})


C = Cause
FIFTH: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("unet: terrain turned by half a turn", flood("unet"), lambda p: on_input(p, lambda v: v.flip((-2, -1)), "terrain"), C.AXES_MIXED, 911),
    Fault("convgru_unet: one in eight of the terrain in km", flood("convgru_unet"), lambda p: in_another_unit(p, "terrain", slice(3, None, 8), 1e-3), C.UNIT_SLIP, 912),
    Fault("deeplab: validation rain over a duration of 0", flood("deeplab"), lambda p: _valid_only(p, "rain", _no_time), C.NOT_FINITE_DATA, 913),
    Fault("convgru_unet: optimiser without the rain's layers", flood("convgru_unet"), lambda p: with_optimiser(p, _holds(lambda n: not n.startswith("rain"))), C.OPTIMISER_MISSES, 914),
    Fault("mode_h: layers of the terrain through numpy", flood("mode_h"), lambda p: pick(p, model=replace(p.model, "terrain", _Numpy)), C.NO_GRADIENT, 915),
    Fault("mode_h: Adam at 12", flood("mode_h"), lambda p: with_optimiser(p, b.optimiser(12.0)), C.RATE_TOO_HIGH, 916),
    Fault("temporal_cnn: SGD at 1e-9", flood("temporal_cnn"), lambda p: with_optimiser(p, sgd(1e-9)), C.RATE_TOO_LOW, 917),
    Fault("temporal_cnn: two fifths of the validation pieces from training", flood("temporal_cnn"), lambda p: _known(p, 0.4), C.SPLIT_LEAK, 918),
    Fault("deeplab: rain of the validation data in inches", flood("deeplab"), lambda p: _valid_only(p, "rain", lambda v: v / 25.4), C.SPLIT_SHIFT, 919),
    Fault("mode_h: a fill value as target", flood("mode_h"), lambda p: on_target(p, lambda t: torch.full_like(t, 1.5)), C.TARGET_CONSTANT, 920),
    Fault("unet: driest pieces last", flood("unet"), _driest_last, C.LOADER_SORTED, 921),
    Fault("convgru_unet: reciprocal of the loss", flood("convgru_unet"), _reciprocal, C.LOSS_SIGN, 922),
    Fault("mode_h: SGD at 0.05 with decay 15", flood("mode_h"), lambda p: with_optimiser(p, sgd(0.05, weight_decay=15.0)), C.DECAY_TOO_STRONG, 923),
    Fault("mode_h: a batch larger than the data, rests dropped", flood("mode_h"), lambda p: pick(p, train_loader=TensorLoader(p.train, 100000)), C.LOADER_STARVES, 924),
    Fault("lead_cnn: rain from a buffer that nothing fills", flood("lead_cnn"), lambda p: pick(p, model=_Unfilled(p.model, p.train.inputs["rain"])), C.IGNORES_INPUT, 925),
    # images and tables
    Fault("runoff: water in km", body(w.runoff), lambda p: on_input(p, lambda v: v * 1e-6), C.INPUT_SCALE, 931),
    Fault("spots: absolute value at the end", body(w.spots), lambda p: pick(p, model=After(p.model, torch.abs)), C.OUTPUT_RANGE, 932),
    Fault("textures: labels of a batch rolled", body(w.residual), lambda p: pick(p, loader={"change": _rolled}), C.TARGETS_MISPAIRED, 933),
    Fault("textures: three scores for four classes", body(w.residual), lambda p: pick(p, model=replace(p.model, "8", lambda _m: nn.Linear(32, 3))), C.DOES_NOT_RUN, 934),
    Fault("classes: SGD at 2000", body(b.table_classes), lambda p: with_optimiser(p, sgd(2000.0)), C.RATE_TOO_HIGH, 935),
    Fault("slopes: Adam at 2e-7", body(o.slopes), lambda p: with_optimiser(p, b.optimiser(2e-7)), C.RATE_TOO_LOW, 936),
    Fault("slopes: weight of the loss is 0", body(o.slopes), lambda p: pick(p, criterion=lambda o, t: 0.0 * functional.mse_loss(o, t)), C.LOSS_IGNORES, 937),
    Fault("maps: explained variance is minimised", body(b.blur), lambda p: pick(p, criterion=_r2), C.LOSS_SIGN, 938),
    Fault("values: absolute error of (B, 1) and (B,)", body(b.table_values), lambda p: pick(on_target(p, lambda t: t[:, 0]), criterion=lambda o, t: (o - t).abs().mean()), C.SHAPE_BROADCAST, 939),
    Fault("digits: sigmoid before cross-entropy", body(b.digit_cnn), lambda p: pick(p, model=After(p.model, torch.sigmoid)), C.LOSS_OUTPUT_MISMATCH, 940),
    Fault("textures: biases alone in the optimiser", body(w.residual), lambda p: with_optimiser(p, _holds(lambda n: n.endswith("bias"))), C.OPTIMISER_MISSES, 941),
    Fault("denoiser: upward layer rounded", body(b.denoiser), lambda p: pick(p, model=replace(p.model, "up", lambda m: nn.Sequential(m, Through(torch.round)))), C.NO_GRADIENT, 942),
    Fault("spots: the first image read for each row", body(w.spots), lambda p: on_input(p, lambda v: v[:1].expand_as(v).clone()), C.DEAD_INPUT, 943),
    Fault("fine maps: a ninth of the maps in mm", body(w.upscale), lambda p: in_another_unit(p, "input", slice(4, None, 9), 1e3), C.UNIT_SLIP, 944),
    Fault("runoff: flow in the place of the melt", body(w.runoff), _flow_column, C.TARGET_IN_INPUT, 945),
    Fault("textures: dropout in evaluation alone", body(w.residual), lambda p: pick(p, model=_Reversed(p.model)), C.TRAIN_EVAL_GAP, 946),
    Fault("textures: accuracy divided by the classes", body(w.residual), lambda p: pick(p, metric=_a_class_of_accuracy), C.METRIC_WRONG, 947),
    Fault("runoff: flow of other stations", body(w.runoff), lambda p: _permuted(p, 31), C.TARGETS_UNRELATED, 948),
    # texts
    Fault("next words: square root of embeddings", body(o.next_words), lambda p: pick(p, model=replace(p.model, "embed", lambda m: nn.Sequential(m, Through(torch.sqrt)))), C.NOT_FINITE_OUTPUT, 961),
    Fault("next words: embedding alone in the optimiser", body(o.next_words), lambda p: with_optimiser(p, _holds(lambda n: n.startswith("embed"))), C.OPTIMISER_MISSES, 962),
    Fault("tags: Adam at 3", body(w.tagger), lambda p: with_optimiser(p, b.optimiser(3.0)), C.RATE_TOO_HIGH, 963),
    Fault("matches: Adagrad at 1e-7", body(w.matcher), lambda p: with_optimiser(p, lambda m: torch.optim.Adagrad(m.parameters(), lr=1e-7)), C.RATE_TOO_LOW, 964),
    Fault("tags: tags of other texts", body(w.tagger), lambda p: _permuted(p, 32), C.TARGETS_UNRELATED, 965),
    Fault("reports: three tenths of validation in training", body(o.reports), lambda p: _known(p, 0.3), C.SPLIT_LEAK, 966),
    Fault("reports: numbers of the validation data in percent", body(o.reports), lambda p: _valid_only(p, "numbers", lambda v: 100.0 * v), C.SPLIT_SHIFT, 967),
    Fault("reports: label in the second number", body(o.reports), _label_number, C.TARGET_IN_INPUT, 968),
    Fault("keywords: one in thirty-five has the word", body(b.keyword), _seldom, C.MAJORITY_COLLAPSE, 969),
    Fault("order: transformer block under no_grad", body(b.order), lambda p: pick(p, model=replace(p.model, "block", _Still)), C.NO_GRADIENT, 970),
    Fault("moods: log-likelihood is minimised", body(mood), lambda p: pick(p, criterion=_likelihood), C.LOSS_SIGN, 971),
    Fault("subjects: target squeezed in the loss", body(b.bag_of_words), lambda p: pick(p, criterion=lambda o, t: (o.sigmoid() - t.squeeze(1)).square().mean()), C.SHAPE_BROADCAST, 972),
    Fault("moods: three classes, LSTM at its last step, 70 places", body(mood, pool="last", length=70, classes=3), lambda p: p, C.PADDING, 973),
    Fault("counts: dropout 0.99 before the head", body(b.counter), lambda p: pick(p, model=replace(p.model, "tell", lambda m: nn.Sequential(nn.Dropout(0.99), m))), C.NOISE_TOO_STRONG, 974),
    Fault("matches: weights of before loaded after each step", body(w.matcher), lambda p: pick(p, step=_restored), C.WEIGHTS_DO_NOT_MOVE, 975),
    Fault("keywords: key of the width misspelt", body(b.keyword), lambda p: pick(p, unread=("model.wdith",)), C.UNREAD_CONFIG, 976),
    Fault("pairs of words: SGD at 0.02 with decay 45", body(w.bigrams), lambda p: with_optimiser(p, sgd(0.02, weight_decay=45.0)), C.DECAY_TOO_STRONG, 977),
    Fault("order: a class a batch, in turn", body(b.order), _class_by_class, C.LOADER_SORTED, 978),
    Fault("pairs of words: index modulo ten", body(w.bigrams), lambda p: pick(p, loader={"choose": lambda order, _rng: order % 10}), C.LOADER_REPEATS, 979),
)  # fmt: skip

FIFTH_HEALTHY: tuple[Healthy, ...] = (
    Healthy("angles, 48 wide", body(o.angles, width=48), 1011),
    Healthy("slopes, 10 channels", body(o.slopes, width=10), 1012),
    Healthy("next words of 10", body(o.next_words, length=10), 1013),
    Healthy("reports of 20 words", body(o.reports, length=20), 1014),
    Healthy("spots, 16 cells", body(w.spots, side=16), 1015),
    Healthy("textures, 10 channels", body(w.residual, width=10), 1016),
    Healthy("fine maps, 16 channels", body(w.upscale, width=16), 1017),
    Healthy("masks, 14 cells", body(w.masks, side=14), 1018),
    Healthy("runoff of 28 steps", body(w.runoff, steps=28), 1019),
    Healthy("tags of 18 words", body(w.tagger, length=18), 1020),
    Healthy("pairs of words, 24 wide", body(w.bigrams, width=24), 1021),
    Healthy("matches, 1500", body(w.matcher, count=1500), 1022),
    Healthy("moods, largest of both ways", body(mood, pool="max", two_ways=True), 1023),
    Healthy("digits, 14 channels, no norm", body(b.digit_cnn, width=14, norm=False), 1024),
    Healthy("autoencoder of 20 numbers", body(b.autoencoder, latent=20), 1025),
    Healthy("segments, 10 channels", body(b.segmenter, width=10), 1026),
    Healthy("counts, 32 wide", body(b.counter, width=32), 1027),
    Healthy("emulator deeplab", flood("deeplab"), 1028),
    Healthy("emulator convgru_unet", flood("convgru_unet"), 1029),
    Healthy("emulator mode_h", flood("mode_h"), 1030),
)  # fmt: skip
