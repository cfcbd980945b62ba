# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""Ordinary faults in their plain form, two or more of each cause: a list to tune the rules on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import family_parts as m
from inundate.cli.doctor_bench import plain_bodies as b
from inundate.cli.doctor_bench import plain_parts as q
from inundate.cli.doctor_bench.change import (
    after,
    before,
    both,
    on_input,
    on_target,
    sgd,
    with_loss,
    with_optimiser,
)
from inundate.cli.doctor_bench.fault import Fault, Healthy, body
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.cli.doctor_bench.wrap import Through, replace
from inundate.prove.cause import Cause

__all__ = ["PLAIN", "PLAIN_HEALTHY"]

C = Cause
bce = functional.binary_cross_entropy_with_logits


def _load(p: Parts, **own: Any) -> Parts:
    return pick(p, loader=own)


def _by(p: Parts, kind: Any, rate: float, **own: Any) -> Parts:
    return with_optimiser(p, lambda net: kind(net.parameters(), lr=rate, **own))


def _valid(p: Parts, change: Any) -> Parts:
    return pick(p, valid=add(p.valid, {n: change(v) for n, v in p.valid.inputs.items()}))


o = torch.optim
_RATES: tuple[Fault, ...] = (
    Fault("stripes: Adam at 0.5", body(b.stripes), lambda p: _by(p, o.Adam, 0.5), C.RATE_TOO_HIGH, 3001),
    Fault("opinions: Adam at 1", body(b.opinions), lambda p: _by(p, o.Adam, 1.0), C.RATE_TOO_HIGH, 3002),
    Fault("forecasts: RMSprop at 0.5", body(b.forecasts), lambda p: _by(p, o.RMSprop, 0.5), C.RATE_TOO_HIGH, 3003),
    Fault("voters: SGD at 500", body(b.voters), lambda p: _by(p, o.SGD, 500.0), C.RATE_TOO_HIGH, 3004),
    Fault("parses: AdamW at 0.3", body(b.parses), lambda p: _by(p, o.AdamW, 0.3), C.RATE_TOO_HIGH, 3005),
    Fault("waves: Adam at 1", body(b.waves), lambda p: _by(p, o.Adam, 1.0), C.RATE_TOO_HIGH, 3006),
    Fault("crops: Adagrad at 10", body(b.crops), lambda p: _by(p, o.Adagrad, 10.0), C.RATE_TOO_HIGH, 3007),
    Fault("pipes: SGD at 3", body(b.pipes), lambda p: _by(p, o.SGD, 3.0), C.RATE_TOO_HIGH, 3008),
    Fault("stripes: SGD at 1e-5", body(b.stripes), lambda p: _by(p, o.SGD, 1e-5), C.RATE_TOO_LOW, 3011),
    Fault("ratings: RMSprop at 1e-7", body(b.ratings), lambda p: _by(p, o.RMSprop, 1e-7), C.RATE_TOO_LOW, 3012),
    Fault("lakes: Adagrad at 1e-5", body(b.lakes), lambda p: _by(p, o.Adagrad, 1e-5), C.RATE_TOO_LOW, 3013),
    Fault("parcels: AdamW at 1e-6", body(b.parcels), lambda p: _by(p, o.AdamW, 1e-6), C.RATE_TOO_LOW, 3014),
    Fault("opinions: SGD at 1e-4", body(b.opinions), lambda p: _by(p, o.SGD, 1e-4), C.RATE_TOO_LOW, 3015),
    Fault("waves: SGD at 1e-7", body(b.waves), lambda p: _by(p, o.SGD, 1e-7), C.RATE_TOO_LOW, 3016),
    Fault("forecasts: rate divided by ten after each step", body(b.forecasts), lambda p: with_optimiser(p, q.scheduled(o.Adam, 8e-3, lambda n: 0.1**n)), C.RATE_TOO_LOW, 3017),
    Fault("engines: warm-up over a million steps", body(b.engines), lambda p: with_optimiser(p, q.scheduled(o.SGD, 0.05, lambda n: (n + 1) / 1e6)), C.RATE_TOO_LOW, 3018),
    Fault("pulses: the rate grows by a tenth at each step", body(b.pulses), lambda p: with_optimiser(p, q.scheduled(o.Adam, 4e-3, lambda n: 1.1**n)), C.RATE_TOO_HIGH, 3019),
    Fault("parses: warm-up to a rate of 1", body(b.parses), lambda p: with_optimiser(p, q.scheduled(o.Adam, 1.0, lambda n: min(1.0, n / 150))), C.RATE_TOO_HIGH, 3020),
    Fault("voters: AdamW with a decay of 100", body(b.voters), lambda p: _by(p, o.AdamW, 0.01, weight_decay=100.0), C.DECAY_TOO_STRONG, 3021),
    Fault("stripes: Adam with a penalty of 10", body(b.stripes), lambda p: _by(p, o.Adam, 2e-3, weight_decay=10.0), C.DECAY_TOO_STRONG, 3022),
    Fault("forecasts: SGD with a decay of 1", body(b.forecasts), lambda p: _by(p, o.SGD, 0.2, momentum=0.9, weight_decay=1.0), C.DECAY_TOO_STRONG, 3023),
    Fault("opinions: 1 times the sum of squared weights in the loss", body(b.opinions), lambda p: q.penalised(p, 1.0), C.DECAY_TOO_STRONG, 3024),
    Fault("engines: LBFGS at 1e-6", body(b.engines), lambda p: q.closing(p, 1e-6), C.RATE_TOO_LOW, 3025, "", (C.STEP_WRONG,)),
)  # fmt: skip
_LOSSES: tuple[Fault, ...] = (
    Fault("stripes: softmax, then cross-entropy", body(b.stripes), lambda p: after(p, lambda t: t.softmax(1)), C.LOSS_OUTPUT_MISMATCH, 3101),
    Fault("parses: softmax over tags, then cross-entropy", body(b.parses), lambda p: after(p, lambda t: t.softmax(-1)), C.LOSS_OUTPUT_MISMATCH, 3102),
    Fault("voters: sigmoid twice", body(b.voters), lambda p: after(p, torch.sigmoid), C.LOSS_OUTPUT_MISMATCH, 3103),
    Fault("parcels: sigmoid twice", body(b.parcels), lambda p: after(p, torch.sigmoid), C.LOSS_OUTPUT_MISMATCH, 3104),
    Fault("pulses: likelihood of logits", body(b.pulses), lambda p: with_loss(p, functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 3105),
    Fault("crops: likelihood of logits", body(b.crops), lambda p: with_loss(p, functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 3106),
    Fault("opinions: likelihood of softmax without logarithm", body(b.opinions), lambda p: with_loss(after(p, lambda t: t.softmax(1)), functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 3107),
    Fault("pulses: square error of softmax and class numbers", body(b.pulses), lambda p: with_loss(p, q.number_of_class), C.LOSS_OUTPUT_MISMATCH, 3108),
    Fault("stripes: binary cross-entropy of a softmax over the batch", body(b.stripes), lambda p: with_loss(p, q.softmax_of_batch), C.LOSS_OUTPUT_MISMATCH, 3109, "", (C.AXES_MIXED,)),
    Fault("crops: softmax over the rows", body(b.crops), lambda p: with_loss(p, lambda out, t: functional.nll_loss(out.log_softmax(2), t)), C.LOSS_OUTPUT_MISMATCH, 3110, "", (C.AXES_MIXED,)),
    Fault("parses: softmax over the texts of a batch", body(b.parses), lambda p: with_loss(p, lambda out, t: functional.nll_loss(out.log_softmax(0).flatten(0, 1), t.flatten())), C.LOSS_OUTPUT_MISMATCH, 3111, "", (C.AXES_MIXED,)),
    Fault("pulses: cross-entropy on one-hot labels under a softmax", body(b.pulses), lambda p: with_loss(p, lambda out, t: functional.cross_entropy(out, functional.one_hot(t, 4).float().softmax(1))), C.LOSS_FLOOR, 3112, "", (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("engines: loss with a minus", body(b.engines), lambda p: with_loss(p, lambda out, t: -functional.mse_loss(out, t)), C.LOSS_SIGN, 3113),
    Fault("parcels: Dice that is minimised", body(b.parcels), lambda p: with_loss(p, q.dice), C.LOSS_SIGN, 3114),
    Fault("lakes: labels of alike and not alike exchanged in the loss", body(b.lakes), lambda p: with_loss(p, lambda out, t: bce(out, 1 - t)), C.LOSS_SIGN, 3115),
    Fault("forecasts: cosine similarity is minimised", body(b.forecasts), lambda p: with_loss(p, lambda out, t: functional.cosine_similarity(out, t).mean()), C.LOSS_SIGN, 3116),
    Fault("engines: the loss compares targets with themselves", body(b.engines), lambda p: with_loss(p, lambda out, t: functional.mse_loss(t, t) + 0 * out.sum()), C.LOSS_IGNORES, 3117),
    Fault("engines: the second number is never scored", body(b.engines), lambda p: with_loss(p, lambda out, t: functional.mse_loss(out[:, 0], t[:, 0])), C.LOSS_IGNORES, 3118),
    Fault("forecasts: the last step alone is scored", body(b.forecasts), lambda p: with_loss(p, lambda out, t: (out[:, -1] - t[:, -1]).abs().mean()), C.LOSS_IGNORES, 3119),
    Fault("parses: the first text of a batch alone is scored", body(b.parses), lambda p: with_loss(p, lambda out, t: functional.cross_entropy(out[0], t[0])), C.LOSS_IGNORES, 3120),
    Fault("lakes: (B, 1) against (B,)", body(b.lakes), lambda p: with_loss(after(p, lambda t: t[:, None]), lambda out, t: (out.sigmoid() - t).square().mean()), C.SHAPE_BROADCAST, 3121),
    Fault("ratings: (B, 1) against (B,)", body(b.ratings), lambda p: on_target(p, lambda t: t[:, 0]), C.SHAPE_BROADCAST, 3122),
    Fault("engines: loss times 1e-12", body(b.engines), lambda p: with_loss(p, lambda out, t: 1e-12 * functional.mse_loss(out, t)), C.RATE_TOO_LOW, 3123, "", (C.LOSS_FLOOR, C.STEP_WRONG)),
    Fault("voters: answers rounded before the loss", body(b.voters), lambda p: with_loss(p, lambda out, t: functional.mse_loss((out > 0).float() + 0 * out, t)), C.NO_GRADIENT, 3124, "", (C.LOSS_IGNORES,)),
    Fault("waves: divergence counts a thousandfold", body(b.waves), lambda p: pick(p, loss=b.bound(100.0)), C.NOISE_TOO_STRONG, 3125, "", (C.CANNOT_FIT, C.IGNORES_INPUT, C.LOSS_FLOOR)),
    Fault("parcels: weight of the fields is a hundredth", body(b.parcels), lambda p: with_loss(p, lambda out, t: bce(out, t, pos_weight=torch.tensor(0.01))), C.MAJORITY_COLLAPSE, 3126),
    Fault("stripes: weights of classes by their share, few of one", body(b.stripes), q.few_of_last, C.MAJORITY_COLLAPSE, 3127),
    Fault("opinions: 4 % of the second class", body(b.opinions), lambda p: m.rare(p, 0.04), C.MAJORITY_COLLAPSE, 3128),
    Fault("lakes: accuracy that counts both classes as one", body(b.lakes), lambda p: pick(p, metric=lambda out, t: ((out > 0.5) == (t > 2)).float().mean()), C.METRIC_WRONG, 3129),
    Fault("engines: R2 with the mean of the batch for the target", body(b.engines), lambda p: pick(p, metric=lambda out, t: 1 - (out - t.mean()).square().mean() / t.var()), C.METRIC_WRONG, 3130),
)  # fmt: skip
_DATA: tuple[Fault, ...] = (
    Fault("stripes: labels shuffled", body(b.stripes), m.shuffled, C.TARGETS_UNRELATED, 3201),
    Fault("forecasts: targets of the next row", body(b.forecasts), m.off_by_one, C.TARGETS_UNRELATED, 3202),
    Fault("parcels: maps of the next field", body(b.parcels), m.off_by_one, C.TARGETS_UNRELATED, 3203),
    Fault("parses: tags of another text", body(b.parses), m.shuffled, C.TARGETS_UNRELATED, 3204),
    Fault("lakes: second rows shuffled", body(b.lakes), lambda p: on_input(p, lambda v: v[torch.randperm(len(v), generator=torch.Generator().manual_seed(3))], "two"), C.TARGETS_UNRELATED, 3205),
    Fault("pipes: pressures of another tree", body(b.pipes), m.shuffled, C.TARGETS_UNRELATED, 3206),
    Fault("opinions: inputs and labels shuffled by two permutations each epoch", body(b.opinions), lambda p: _load(p, change=m.torn), C.TARGETS_MISPAIRED, 3207),
    Fault("crops: classes shuffled in each batch", body(b.crops), lambda p: _load(p, change=m.torn), C.TARGETS_MISPAIRED, 3208),
    Fault("engines: targets shuffled in each batch", body(b.engines), lambda p: _load(p, change=m.torn), C.TARGETS_MISPAIRED, 3209),
    Fault("stripes: validation images from 0 to 255", body(b.stripes), lambda p: _valid(p, lambda v: 60 * v + 120), C.SPLIT_SHIFT, 3210),
    Fault("engines: validation rows not normalised", body(b.engines), lambda p: _valid(p, lambda v: 12 * v + 30), C.SPLIT_SHIFT, 3211),
    Fault("opinions: validation texts by another vocabulary", body(b.opinions), lambda p: _valid(p, lambda v: torch.where(v > 0, (v * 7 + 5) % 59 + 1, v)), C.SPLIT_SHIFT, 3213),
    Fault("crops: validation channels exchanged", body(b.crops), lambda p: _valid(p, lambda v: v.flip(1)), C.SPLIT_SHIFT, 3214),
    Fault("forecasts: a seventh of the series in mm", body(b.forecasts), lambda p: q.some(p, 7, lambda v: 1000 * v), C.UNIT_SLIP, 3215),
    Fault("engines: one reading in Fahrenheit in a fifth of the rows", body(b.engines), lambda p: m.some_column(on_input(p, lambda v: v + 12), 4, 5, lambda v: 1.8 * v + 32), C.UNIT_SLIP, 3216),
    Fault("ratings: a tenth of the targets in per cent", body(b.ratings), lambda p: q.some_targets(p, 10, lambda t: 100 * t), C.UNIT_SLIP, 3217),
    Fault("voters: rows in millionths", body(b.voters), lambda p: on_input(p, lambda v: 1e-6 * v), C.INPUT_SCALE, 3219),
    Fault("lakes: one column is a year", body(b.lakes), lambda p: on_input(p, lambda v: torch.cat([2000 + 500 * v[:, :1], v[:, 1:]], 1), "one"), C.INPUT_SCALE, 3220),
    Fault("forecasts: levels in tenths of mm", body(b.forecasts), lambda p: on_target(p, lambda t: 1e4 * t + 1e5), C.TARGET_SCALE, 3221),
    Fault("engines: targets of millions", body(b.engines), lambda p: on_target(p, lambda t: 2e6 * t), C.TARGET_SCALE, 3222),
    Fault("parcels: maps upside down", body(b.parcels), lambda p: on_target(p, lambda t: t.flip(-2)), C.AXES_MIXED, 3223),
    Fault("crops: classes with rows and columns exchanged", body(b.crops), lambda p: on_target(p, lambda t: t.transpose(-1, -2)), C.AXES_MIXED, 3224),
    Fault("crops: the map flipped in the model", body(b.crops), lambda p: after(p, lambda t: t.flip(-1)), C.AXES_MIXED, 3225),
    Fault("opinions: batch taken for time", body(b.opinions), m.time_first, C.AXES_MIXED, 3227),
    Fault("parses: attention over the texts of a batch", body(b.parses), m.attends_samples, C.AXES_MIXED, 3228),
    Fault("pipes: edges turned round", body(b.pipes), lambda p: on_input(p, lambda v: v.transpose(1, 2).contiguous(), "edges"), C.AXES_MIXED, 3229),
    Fault("forecasts: time turned round in training alone", body(b.forecasts), lambda p: _valid(p, lambda v: v.flip(1)), C.SPLIT_SHIFT, 3230, "", (C.AXES_MIXED,)),
    Fault("engines: the answer among the readings", body(b.engines), lambda p: both(p, lambda s: add(s, {"input": torch.cat([s.inputs["input"][:, :9], 3 * s.target[:, :1] + 1], 1)})), C.TARGET_IN_INPUT, 3231),
    Fault("forecasts: windows reach over what is to come", body(b.forecasts), lambda p: both(p, lambda s: add(s, {"input": torch.cat([s.inputs["input"][:, 5:], torch.stack([s.target, s.target], 2)], 1)})), C.TARGET_IN_INPUT, 3232),
    Fault("parcels: the mask as second channel", body(b.parcels), lambda p: both(p, lambda s: add(s, {"input": torch.cat([s.inputs["input"][:, :1], s.target], 1)})), C.TARGET_IN_INPUT, 3233),
    Fault("opinions: the label as first word", body(b.opinions), lambda p: both(p, lambda s: add(s, {"input": torch.cat([58 + s.target[:, None], s.inputs["input"][:, :-1]], 1)})), C.TARGET_IN_INPUT, 3234),
    Fault("pulses: validation is a part of training", body(b.pulses), lambda p: pick(p, valid=m.few(p.train, 200)), C.SPLIT_LEAK, 3235),
    Fault("opinions: a third of the validation texts copied from training", body(b.opinions), lambda p: q.copied(p, 3), C.SPLIT_LEAK, 3236),
    Fault("lakes: rows written twice, then split", body(b.lakes), q.written_twice, C.SPLIT_LEAK, 3237),
    Fault("stripes: noisy copies of training in validation", body(b.stripes), m.noisy_copies, C.SPLIT_LEAK, 3238),
    Fault("engines: batches sorted by the first number", body(b.engines), lambda p: _load(p, choose=lambda _o, _r: p.train.target[:, 0].argsort().numpy()), C.LOADER_SORTED, 3239),
    Fault("pulses: batches sorted by class", body(b.pulses), lambda p: _load(p, choose=lambda _o, _r: np.argsort(p.train.target.numpy(), kind="stable")), C.LOADER_SORTED, 3240),
    Fault("opinions: sorted by class, never shuffled", body(b.opinions), lambda p: _load(p, choose=lambda _o, _r: np.argsort(p.train.target.numpy(), kind="stable")), C.LOADER_SORTED, 3241),
    Fault("crops: one batch again and again", body(b.crops), lambda p: _load(p, choose=lambda order, _r: np.tile(np.arange(16), len(order) // 16)), C.LOADER_REPEATS, 3242),
    Fault("ratings: one sample fills each batch", body(b.ratings), lambda p: _load(p, choose=lambda order, _r: np.repeat(order[: len(order) // 32], 32)), C.LOADER_REPEATS, 3243),
    Fault("parses: an iterator that is empty after the first epoch", body(b.parses), q.once, C.LOADER_STARVES, 3244),
    Fault("engines: a sixth of the rows in an epoch", body(b.engines), lambda p: _load(p, choose=lambda order, _r: order[: len(order) // 6]), C.LOADER_STARVES, 3245),
    Fault("forecasts: targets all 0", body(b.forecasts), lambda p: on_target(p, torch.zeros_like), C.TARGET_CONSTANT, 3247),
    Fault("parses: all tags of one class", body(b.parses), lambda p: on_target(p, torch.zeros_like), C.TARGET_CONSTANT, 3248),
    Fault("lakes: a row with NaN", body(b.lakes), lambda p: q.nan_in(p, "two"), C.NOT_FINITE_DATA, 3249),
    Fault("pipes: nodes are all 0", body(b.pipes), lambda p: on_input(p, torch.zeros_like, "nodes"), C.DEAD_INPUT, 3250),
    Fault("engines: three readings are 0", body(b.engines), lambda p: on_input(p, lambda v: v * (torch.arange(10) > 2)), C.DEAD_INPUT, 3251),
    Fault("stripes: images of 0 to 1 cut to whole numbers", body(b.stripes), lambda p: on_input(p, lambda v: (0.2 * v + 0.5).clamp(0, 0.99).long().float()), C.DEAD_INPUT, 3252),
)  # fmt: skip
_MODELS: tuple[Fault, ...] = (
    Fault("pulses: body frozen", body(b.pulses), lambda p: q.frozen(p, ("0.", "1.", "4.")), C.NO_GRADIENT, 3301),
    Fault("opinions: reader frozen as it is drawn", body(b.opinions), lambda p: q.frozen(p, ("embed", "read")), C.NO_GRADIENT, 3302),
    Fault("engines: detach in the middle", body(b.engines), lambda p: pick(p, model=replace(p.model, "2", lambda _m: Through(lambda t: functional.silu(t.detach())))), C.NO_GRADIENT, 3303),
    Fault("forecasts: numbers leave torch in the model", body(b.forecasts), lambda p: after(p, lambda t: torch.from_numpy(t.detach().numpy()).requires_grad_()), C.NO_GRADIENT, 3304, "", (C.OPTIMISER_MISSES,)),
    Fault("stripes: the optimiser holds the last layer alone", body(b.stripes), lambda p: with_optimiser(p, lambda net: o.Adam(net[9].parameters(), lr=2e-3)), C.OPTIMISER_MISSES, 3305),
    Fault("parses: the optimiser holds another model", body(b.parses), lambda p: with_optimiser(p, lambda net: o.AdamW(b.Parser(9).parameters(), lr=3e-3)), C.OPTIMISER_MISSES, 3306),
    Fault("lakes: the tower is missing from the optimiser", body(b.lakes), lambda p: with_optimiser(p, lambda net: o.Adam(net.tell.parameters(), lr=4e-3)), C.OPTIMISER_MISSES, 3307),
    Fault("forecasts: gradient never cleared", body(b.forecasts), m.never_cleared, C.GRADIENT_ACCUMULATES, 3308),
    Fault("opinions: gradient never cleared, SGD", body(b.opinions), lambda p: m.never_cleared(with_optimiser(p, sgd(0.2))), C.GRADIENT_ACCUMULATES, 3309),
    Fault("stripes: no backward", body(b.stripes), lambda p: q.stepping(p, backward=False), C.WEIGHTS_DO_NOT_MOVE, 3310, "", (C.STEP_WRONG,)),
    Fault("parcels: no optimiser step", body(b.parcels), lambda p: q.stepping(p, step=False), C.WEIGHTS_DO_NOT_MOVE, 3311, "", (C.STEP_WRONG,)),
    Fault("ratings: zero_grad between backward and step", body(b.ratings), lambda p: q.stepping(p, cleared=True), C.WEIGHTS_DO_NOT_MOVE, 3312, "", (C.STEP_WRONG,)),
    Fault("voters: rate 0", body(b.voters), lambda p: _by(p, o.Adam, 0.0), C.WEIGHTS_DO_NOT_MOVE, 3313, "", (C.RATE_TOO_LOW,)),
    Fault("engines: dropout of 0.97", body(b.engines), lambda p: pick(p, model=replace(p.model, "4", lambda _m: nn.Sequential(nn.SiLU(), nn.Dropout(0.97)))), C.NOISE_TOO_STRONG, 3315),
    Fault("stripes: dropout 0.99", body(b.stripes), lambda p: pick(p, model=replace(p.model, "8", lambda _m: nn.Dropout(0.99))), C.NOISE_TOO_STRONG, 3316),
    Fault("pulses: batch norm in training with momentum 0", body(b.pulses), q.still_norm, C.TRAIN_EVAL_GAP, 3317),
    Fault("forecasts: dropout that is on in evaluation alone", body(b.forecasts), lambda p: pick(p, model=q.Turned(p.model)), C.TRAIN_EVAL_GAP, 3318),
    Fault("engines: batches of one with batch norm", body(b.engines), lambda p: pick(p, size=1), C.DOES_NOT_RUN, 3319),
    Fault("lakes: biases of -50", body(b.lakes), lambda p: m.bias_to(p, "tower.0", -50.0), C.DEAD_UNITS, 3321),
    Fault("stripes: biases of -30", body(b.stripes), lambda p: m.bias_to(p, "4", -30.0), C.DEAD_UNITS, 3322),
    Fault("waves: weights times 60", body(b.waves), lambda p: m.on_weights(p, lambda n, w: 60 * w if w.ndim > 1 else w), C.SATURATED, 3323, "", (C.BAD_START, C.NOT_FINITE_OUTPUT)),
    Fault("forecasts: weights times 40", body(b.forecasts), lambda p: m.on_weights(p, lambda n, w: 40 * w), C.BAD_START, 3324, "", (C.SATURATED,)),
    Fault("engines: weights all 0", body(b.engines), lambda p: m.on_weights(p, lambda n, w: 0 * w if w.ndim > 1 else w), C.SYMMETRIC_START, 3325, "", (C.BAD_START,)),
    Fault("pulses: weights all 0.02", body(b.pulses), lambda p: m.on_weights(p, lambda n, w: torch.full_like(w, 0.02) if w.ndim > 1 else w), C.SYMMETRIC_START, 3326),
    Fault("voters: weights drawn with a deviation of 30", body(b.voters), lambda p: m.on_weights(p, lambda n, w: 30 * torch.randn(w.shape, generator=torch.Generator().manual_seed(w.numel()))), C.BAD_START, 3327, "", (C.RATE_TOO_LOW,)),
    Fault("engines: twenty layers of sigmoid", body(b.engines), lambda p: pick(p, model=q.deep(10, 2, 20, nn.Sigmoid)), C.VANISHING_GRADIENT, 3328),
    Fault("voters: thirty plain layers", body(b.voters), lambda p: pick(p, model=q.deep(12, 5, 30, nn.ReLU)), C.VANISHING_GRADIENT, 3329),
    Fault("forecasts: rates that explode: weights of the GRU grow with each layer", body(b.forecasts), lambda p: pick(p, model=q.exploding()), C.NOT_FINITE_OUTPUT, 3330, "", (C.BAD_START,)),
    Fault("engines: ReLU at the end", body(b.engines), lambda p: after(p, torch.relu), C.OUTPUT_RANGE, 3331),
    Fault("forecasts: sigmoid at the end", body(b.forecasts), lambda p: after(p, torch.sigmoid), C.OUTPUT_RANGE, 3332),
    Fault("waves: tanh at the end of targets up to 5", body(b.waves), lambda p: after(both(p, lambda s: Samples({"input": 2 * s.inputs["input"]}, 2 * s.target)), q.first_squashed), C.OUTPUT_RANGE, 3333),
    Fault("engines: no activations", body(b.engines), lambda p: pick(p, model=nn.Sequential(nn.Linear(10, 40), nn.Linear(40, 40), nn.Linear(40, 2))), C.CANNOT_FIT, 3334),
    Fault("stripes: one unit in the middle", body(b.stripes), lambda p: pick(p, model=replace(p.model, "9", lambda _m: nn.Sequential(nn.Linear(256, 1), nn.ReLU(), nn.Linear(1, 3)))), C.CANNOT_FIT, 3335, "", (C.DEAD_UNITS,)),
    Fault("engines: one unit in the middle", body(b.engines), lambda p: pick(p, model=nn.Sequential(nn.Linear(10, 1), nn.Tanh(), nn.Linear(1, 2))), C.CANNOT_FIT, 3336),
    Fault("parses: no attention: each word by itself", body(b.parses), lambda p: pick(p, model=nn.Sequential(nn.Embedding(40, 24), nn.Linear(24, 4))), C.CANNOT_FIT, 3337),
    Fault("crops: kernels of one cell after a shift", body(b.crops), lambda p: pick(p, model=q.Coarse()), C.CANNOT_FIT, 3338),
    Fault("pipes: edges never used", body(b.pipes), lambda p: pick(p, model=q.Alone()), C.IGNORES_INPUT, 3339),
    Fault("lakes: the first row given twice", body(b.lakes), lambda p: pick(p, model=q.Twice(p.model)), C.IGNORES_INPUT, 3340),
    Fault("engines: half of the readings cut off in the model", body(b.engines), lambda p: before(p, lambda v: torch.cat([v[:, :5], 0 * v[:, 5:]], 1)), C.IGNORES_INPUT, 3341),
    Fault("opinions: last state behind eighty places of nothing", body(b.opinions), lambda p: pick(on_input(p, lambda v: functional.pad(v, (0, 80))), model=q.Last()), C.PADDING, 3343),
    Fault("opinions: mean over two hundred places of nothing", body(b.opinions), lambda p: pick(on_input(p, lambda v: functional.pad(v, (0, 190))), model=q.MeanOfAll()), C.PADDING, 3344),
    Fault("stripes: noise in the loader ten times the image", body(b.stripes), lambda p: _load(p, change=q.loud), C.NOISE_TOO_STRONG, 3346),
    Fault("engines: rows masked at random, nine in ten", body(b.engines), lambda p: _load(p, change=q.masked), C.NOISE_TOO_STRONG, 3347),
    Fault("stripes: images turned at random", body(b.stripes), lambda p: _load(p, change=q.turned), C.TARGETS_MISPAIRED, 3348, "", (C.NOISE_TOO_STRONG, C.AXES_MIXED)),
    Fault("parcels: maps mirrored at random, masks not", body(b.parcels), lambda p: _load(p, change=m.mirrored_alone), C.AXES_MIXED, 3349, "", (C.TARGETS_MISPAIRED,)),
    Fault("voters: ReLU behind the last layer", body(b.voters), lambda p: pick(p, model=nn.Sequential(p.model, nn.ReLU())), C.OUTPUT_RANGE, 3350, "", (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("voters: a misspelt key", body(b.voters), lambda p: pick(p, unread=("optim.lerning_rate",)), C.UNREAD_CONFIG, 3351),
    Fault("stripes: a layer of 255 numbers for 256", body(b.stripes), lambda p: pick(p, model=replace(p.model, "9", lambda _m: nn.Linear(255, 3))), C.DOES_NOT_RUN, 3352),
    Fault("forecasts: logarithm of what may be negative", body(b.forecasts), lambda p: before(p, torch.log), C.NOT_FINITE_OUTPUT, 3353),
    Fault("engines: root of a distance of 0 in the loss", body(b.engines), lambda p: with_loss(p, lambda out, t: ((out - out.detach()).square().sum(1)).sqrt().mean() + functional.mse_loss(out, t)), C.NOT_FINITE_OUTPUT, 3354),
)  # fmt: skip
PLAIN: tuple[Fault, ...] = (*_RATES, *_LOSSES, *_DATA, *_MODELS)
PLAIN_HEALTHY: tuple[Healthy, ...] = tuple(
    Healthy(f"{name}", body(getattr(b, name)), 3401 + place) for place, name in enumerate(b.__all__)
)
