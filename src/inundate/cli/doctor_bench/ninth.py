# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The ninth list of faults, in two parts: ordinary ones, and hard ones.

The parts are those of :mod:`inundate.cli.doctor_bench.eighth`, in models and tasks that no earlier
list has; the ordinary part holds each cause at least once. As before, the
faults and the names that are right were committed before the doctor was asked about any of them,
by someone who had not read its rules. A plain training with each of them is worse on clean
validation samples than the healthy one, or reports a score that is not true.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import glimpses as g
from inundate.cli.doctor_bench import lapses as k
from inundate.cli.doctor_bench import lapses_floods as e
from inundate.cli.doctor_bench import lapses_texts as x
from inundate.cli.doctor_bench import ledgers as r
from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench import utterances as y
from inundate.cli.doctor_bench.change import (
    after,
    before,
    loaded,
    never_cleared,
    on_input,
    on_target,
    sgd,
    trained_by,
    with_loss,
    with_optimiser,
    with_same_weights,
)
from inundate.cli.doctor_bench.family_parts import bias_to, off_by_one, on_weights, time_first
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, pick
from inundate.cli.doctor_bench.strangers import bert, mlp, unet
from inundate.cli.doctor_bench.wrap import replace
from inundate.prove.cause import Cause

__all__ = [
    "NINTH", "NINTH_HARD", "NINTH_HEALTHY", "NINTH_ORDINARY", "NINTH_STRANGERS",
    "NINTH_STRANGER_FAULTS",
]  # fmt: skip


def _sorted_by(p: Parts, worth: torch.Tensor) -> Parts:
    """Give the samples in the order of a number, in each epoch."""
    return loaded(p, choose=lambda _o, _r: worth.argsort(stable=True).numpy())


def _with(make: Any, kind: Any, rate: float, criterion: Any = None, **own: Any) -> Body:
    """Make a body of another one with an optimiser of its own, and a loss where one is given."""

    def made(seed: int, _work: Any) -> Parts:
        p = make(seed)
        return trained_by(pick(p, criterion=criterion or p.criterion), kind, rate, **own)

    return made


def _flood_with(model: str, kind: Any, rate: float, **own: Any) -> Body:
    return lambda seed, work: trained_by(flood(model)(seed, work), kind, rate, **own)


C, o = Cause, torch.optim
bce = functional.binary_cross_entropy_with_logits
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS, SCORE, KEYS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "score",
    "settings",
)  # fmt: skip

NINTH_ORDINARY: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("mode_h: Adagrad at 1e-6", flood("mode_h"), lambda p: trained_by(p, o.Adagrad, 1e-6), C.RATE_TOO_LOW, 5001, STEPS),
    Fault("convgru_unet: RMSprop at 2", flood("convgru_unet"), lambda p: trained_by(p, o.RMSprop, 2.0), C.RATE_TOO_HIGH, 5002, STEPS),
    Fault("lead_cnn: zero_grad deleted with a comment", flood("lead_cnn"), lambda p: never_cleared(with_optimiser(p, sgd(0.1, momentum=0.9, nesterov=True))), C.GRADIENT_ACCUMULATES, 5003, STEPS),
    Fault("temporal_cnn: exponential behind the depth", flood("temporal_cnn"), lambda p: after(p, torch.exp), C.OUTPUT_RANGE, 5004, OUTPUT),
    Fault("mode_h_vae: NaN where a gauge failed", flood("mode_h_vae"), e.failed_gauge, C.NOT_FINITE_DATA, 5005, DATA),
    Fault("lead_cnn: depths in mm, all else in m", flood("lead_cnn"), lambda p: on_target(p, lambda t: 1000.0 * t), C.TARGET_SCALE, 5007, DATA, (C.OUTPUT_RANGE,)),
    Fault("mode_h: ground with columns from east to west", flood("mode_h"), e.ground_from_east, C.AXES_MIXED, 5008, DATA),
    Fault("deeplab: minus the error is minimised", flood("deeplab"), lambda p: m.with_loss(p, e.minus_error), C.LOSS_SIGN, 5009, LOSS),
    Fault("unet: shift of the norms before each GELU starts at -30", flood("unet"), e.norms_shut, C.DEAD_UNITS, 5010, OUTPUT, (C.BAD_START,)),
    Fault("deeplab: all weights start at 0.05", flood("deeplab"), e.alike, C.SYMMETRIC_START, 5011, OUTPUT),
    Fault("mode_e: rain handed on from an empty buffer", flood("mode_e"), lambda p: before(p, e.no_rain), C.IGNORES_INPUT, 5012, OUTPUT),
    Fault("convgru_unet: ground of a variable of zeros", flood("convgru_unet"), e.no_ground, C.DEAD_INPUT, 5013, DATA),
    Fault("lead_cnn: one batch kept and given all epoch", flood("lead_cnn"), lambda p: loaded(p, choose=lambda order, _r: np.tile(np.arange(8), len(order) // 8)), C.LOADER_REPEATS, 5015, BATCHES),
    Fault("unet: rain in thousandths of a mm", flood("unet"), lambda p: on_input(p, lambda v: 1000.0 * v, "rain"), C.INPUT_SCALE, 5016, DATA),
    Fault("lead_cnn: start of the validation pieces in cm", flood("lead_cnn"), lambda p: m.valid_only(p, "start", lambda v: 100.0 * v), C.SPLIT_SHIFT, 5017, VALID),
    Fault("convgru_unet: Adam with a penalty of 3", flood("convgru_unet"), lambda p: trained_by(p, o.Adam, 3e-3, weight_decay=3.0), C.DECAY_TOO_STRONG, 5018, STEPS),
    # images
    Fault("signs: sigmoid before a loss that has its own", body(g.signs), lambda p: after(p, torch.sigmoid), C.LOSS_OUTPUT_MISMATCH, 5021, OUTPUT),
    Fault("gravel: output (B, 1), sizes (B,)", body(g.gravel), lambda p: with_loss(on_target(p, lambda t: t[:, 0]), lambda out, t: (out - t).abs().mean()), C.SHAPE_BROADCAST, 5022, DATA),
    Fault("signs: dropout that is not made up for", body(g.signs), lambda p: pick(p, model=replace(p.model, "5", lambda held: nn.Sequential(held, k.Uneven(0.8)))), C.TRAIN_EVAL_GAP, 5024, OUTPUT),
    Fault("gravel: photographs sorted by size", body(g.gravel), lambda p: _sorted_by(p, p.train.target[:, 0]), C.LOADER_SORTED, 5025, BATCHES),
    Fault("drifts: Adagrad at 5", body(g.drifts), lambda p: trained_by(p, o.Adagrad, 5.0), C.RATE_TOO_HIGH, 5027, STEPS),
    Fault("clouds: fine scores through numpy", body(g.clouds), lambda p: with_same_weights(p, k.ThroughNumbers(12)), C.NO_GRADIENT, 5028, GRADIENT),
    Fault("clouds: classes weighted by how often they are", body(g.clouds), lambda p: with_loss(p, k.by_their_share), C.MAJORITY_COLLAPSE, 5029, LOSS),
    Fault("plates: rate of 1 // 250", body(g.plates), lambda p: trained_by(p, o.AdamW, 1 // 250), C.WEIGHTS_DO_NOT_MOVE, 5030, STEPS, (C.RATE_TOO_LOW,)),
    Fault("crowds: sixteen convolutions with sigmoids", body(g.crowds), lambda p: pick(p, model=k.sigmoid_maps()), C.VANISHING_GRADIENT, 5032, OUTPUT),
    Fault("signs: four views of each picture, then split", body(g.signs, count=160), k.four_views, C.SPLIT_LEAK, 5033, VALID),
    Fault("plates: right digit read from the other half by the score", body(g.plates), lambda p: pick(p, metric=k.other_digit), C.METRIC_WRONG, 5034, SCORE),
    Fault("scans: lost lines never taken out", body(g.scans), k.whole_given, C.TARGET_IN_INPUT, 5035, DATA),
    Fault("plates: digits counted from 1", body(g.plates), lambda p: on_target(p, lambda t: t + 1), C.DOES_NOT_RUN, 5036, DATA),
    Fault("clouds: gradient clipped to 1e-5, not 1e5", body(g.clouds), k.clipped, C.STEP_WRONG, 5037, STEPS, (C.RATE_TOO_LOW,)),
    Fault("crowds: cross-entropy of densities", body(g.crowds), lambda p: with_loss(p, lambda out, t: bce(out, t.clamp(0, 1))), C.LOSS_FLOOR, 5038, LOSS, (C.LOSS_OUTPUT_MISMATCH,)),
    # texts
    Fault("wheres: places in metres of the national grid", body(y.wheres), lambda p: on_target(p, x.in_metres), C.TARGET_SCALE, 5042, DATA),
    Fault("nesting: mask of the empty places turned round in the loss", body(y.nesting), lambda p: with_loss(p, x.empty_places), C.LOSS_IGNORES, 5043, LOSS),
    Fault("dates: months one row further down", body(y.dates), off_by_one, C.TARGETS_UNRELATED, 5044, DATA),
    Fault("reviews: read behind sixty sentences, most of them empty", body(y.reviews), lambda p: with_same_weights(on_input(p, x.empty_behind), x.ReadAtEnd(24)), C.PADDING, 5045, DATA, (C.VANISHING_GRADIENT,)),
    Fault("urgency: convolutions in a plain list", body(y.urgency), x.plain_list, C.OPTIMISER_MISSES, 5046, STEPS),
    Fault("choices: question read from an empty buffer", body(y.choices), lambda p: with_same_weights(p, x.Unasked(24)), C.IGNORES_INPUT, 5047, OUTPUT),
    Fault("wheres: great circle by an arc cosine", body(y.wheres), lambda p: with_loss(p, x.great_circle), C.NOT_FINITE_OUTPUT, 5048, LOSS),
    Fault("choices: answers mixed in each batch, the right number not", body(y.choices), lambda p: loaded(p, change=x.answers_mixed), C.TARGETS_MISPAIRED, 5049, BATCHES),
    Fault("nesting: batch_first forgotten", body(y.nesting), time_first, C.AXES_MIXED, 5050, OUTPUT),
    Fault("urgency: key of the rate is read by nothing, SGD at 1e-4", body(y.urgency), lambda p: trained_by(pick(p, unread=("optimizer.rate",)), o.SGD, 1e-4), C.UNREAD_CONFIG, 5051, KEYS, (C.RATE_TOO_LOW,)),
    Fault("wheres: each seventh place in hundredths of a degree", body(y.wheres), lambda p: m.some_targets(p, 7, lambda t: 100.0 * t), C.UNIT_SLIP, 5052, DATA),
    Fault("dates: mean of the words, their order lost", body(y.dates), lambda p: pick(p, model=x.OrderLost(24)), C.CANNOT_FIT, 5053, OUTPUT),
    Fault("dates: forty dates to learn from", body(y.dates), lambda p: x.few(p, 40), C.MEMORISES, 5054, DATA),
    Fault("reviews: all weights drawn with a deviation of 3", body(y.reviews), lambda p: on_weights(p, lambda _n, w: 3.0 * torch.randn(w.shape, generator=torch.Generator().manual_seed(w.numel()))), C.BAD_START, 5055, OUTPUT, (C.SATURATED,)),
    # tables
    Fault("lifetimes: first weights drawn with a deviation of 20 before tanh", body(r.lifetimes), lambda p: on_weights(p, lambda n, w: 20.0 * torch.randn(w.shape, generator=torch.Generator().manual_seed(5)) if n == "0.weight" else w), C.SATURATED, 5061, OUTPUT, (C.BAD_START,)),
    Fault("duels: the winner always stands first", body(r.duels), lambda p: on_target(p, torch.ones_like), C.TARGET_CONSTANT, 5062, DATA),
    Fault("lifetimes: a filter lets 64 of 900 pumps through", body(r.lifetimes), lambda p: loaded(p, choose=lambda order, _r: order[order < 64]), C.LOADER_STARVES, 5064, BATCHES, (C.LOADER_REPEATS,)),
    Fault("tariffs: gradient in half precision of a loss over millions", body(r.tariffs), k.halved_gradient, C.PRECISION, 5065, STEPS, (C.STEP_WRONG,)),
    Fault("lifetimes: dropout 0.97 behind both layers", body(r.lifetimes), lambda p: pick(p, model=k.dropped(p.model, 0.97)), C.NOISE_TOO_STRONG, 5066, OUTPUT),
)  # fmt: skip

NINTH_HARD: tuple[Fault, ...] = (
    Fault("unet: twelve of nineteen layers of the validation ground that no file has", flood("unet"), lambda p: e.layers_missing(p, slice(0, 12)), C.SPLIT_SHIFT, 5071, VALID),
    Fault("deeplab: last bias starts at the logarithm of a depth in mm", flood("deeplab"), e.last_bias, C.BAD_START, 5072, OUTPUT, (C.SATURATED,)),
    Fault("lead_cnn: depths stretched in training alone", flood("lead_cnn"), e.stretched, C.SPLIT_SHIFT, 5073, DATA),
    Fault("temporal_cnn: hits counted twice below the line of the score", flood("temporal_cnn"), lambda p: pick(p, metric=e.hits_twice), C.METRIC_WRONG, 5074, SCORE),
    Fault("drifts: frames in the order of the files found", body(g.drifts), k.order_of_files, C.TARGETS_UNRELATED, 5081, DATA),
    Fault("plates: moving average of the weights that began at 0", body(g.plates), lambda p: pick(p, model=k.Averaged(p.model, 0.9999)), C.TRAIN_EVAL_GAP, 5082, OUTPUT),
    Fault("gravel: mark of the sieve along the edge", body(g.gravel), k.sieve_marked, C.TARGET_IN_INPUT, 5083, DATA),
    Fault("crowds: divided by 255 once more", body(g.crowds), lambda p: on_input(p, lambda v: v / 255.0), C.INPUT_SCALE, 5084, DATA),
    Fault("crowds: best weights loaded again behind each worse batch", body(g.crowds), k.best_kept, C.STEP_WRONG, 5085, STEPS),
    Fault("wheres: east before north in each second source", body(y.wheres), x.east_first, C.AXES_MIXED, 5091, DATA, (C.TARGETS_UNRELATED,)),
    Fault("choices: questions asked again in validation, answers in another order", body(y.choices, count=160), x.asked_again, C.SPLIT_LEAK, 5092, VALID),
    Fault("nesting: texts of a batch sorted by length, never sorted back", body(y.nesting), lambda p: with_same_weights(p, x.SortedByLength(24)), C.TARGETS_MISPAIRED, 5093, OUTPUT),
    Fault("lifetimes: services until the failure among the columns", body(r.lifetimes), k.serviced, C.TARGET_IN_INPUT, 5094, DATA),
    Fault("tariffs: one of twelve insurers counts in pence", body(r.tariffs), lambda p: m.some_targets(p, 12, lambda t: 100.0 * t), C.UNIT_SLIP, 5095, DATA),
    Fault("duels: players exchanged at random, the winner not", body(r.duels), lambda p: loaded(p, change=k.turned_players), C.TARGETS_MISPAIRED, 5096, BATCHES),
)  # fmt: skip

NINTH: tuple[Fault, ...] = (*NINTH_ORDINARY, *NINTH_HARD)

NINTH_HEALTHY: tuple[Healthy, ...] = (
    Healthy("crowds of dots", body(g.crowds, side=18), 5111),
    Healthy("clouds by Adam with AMSGrad", _with(g.clouds, o.Adam, 4e-3, amsgrad=True), 5112),
    Healthy("drifts between two frames", body(g.drifts, width=12), 5113),
    Healthy("plates of two digits by Adamax", _with(g.plates, o.Adamax, 1e-2), 5114),
    Healthy("gravel by square error", _with(g.gravel, o.Adam, 3e-3, nn.functional.mse_loss), 5115),
    Healthy("scans mended", body(g.scans, side=14), 5116),
    Healthy("signs, several right, by RMSprop", _with(g.signs, o.RMSprop, 1e-3), 5117),
    Healthy("urgency by three thresholds", body(y.urgency, length=14), 5118),
    Healthy("choices of four by Adagrad", _with(y.choices, o.Adagrad, 0.05), 5119),
    Healthy("nesting of brackets", body(y.nesting, length=20), 5120),
    Healthy("wheres by absolute error", _with(y.wheres, o.NAdam, 5e-3, nn.functional.l1_loss), 5121),
    Healthy("dates in two orders", body(y.dates, count=1600), 5122),
    Healthy("reviews by sentences", body(y.reviews, most=6), 5123),
    Healthy("lifetimes in six years", body(r.lifetimes, features=10), 5124),
    Healthy("duels by RAdam", _with(r.duels, o.RAdam, 6e-3), 5125),
    Healthy("tariffs by a gamma deviance", body(r.tariffs, count=1600), 5126),
    Healthy("emulator mode_h by RAdam", _flood_with("mode_h", o.RAdam, 5e-3), 5127),
    Healthy("emulator mode_h_vae by NAdam", _flood_with("mode_h_vae", o.NAdam, 3e-3), 5128),
    Healthy("emulator lead_cnn by NAdam", _flood_with("lead_cnn", o.NAdam, 3e-3), 5129),
    Healthy("emulator deeplab by RMSprop", _flood_with("deeplab", o.RMSprop, 1e-3), 5130),
)  # fmt: skip

NINTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 5151),
    Healthy("transformers: BERT of two layers", body(bert), 5152),
    Healthy("monai: UNet", body(unet), 5153),
)

NINTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: biases start at -60 before each ReLU", body(mlp), lambda p: bias_to(p, "sequential", -60.0), C.DEAD_UNITS, 5141, OUTPUT),
    Fault("transformers: words dropped at 0.97 in training", body(bert), lambda p: pick(p, model=replace(p.model, "bert.embeddings.dropout", lambda _m: nn.Dropout(0.97))), C.NOISE_TOO_STRONG, 5142, OUTPUT),
    Fault("monai: validation maps scaled to 0 and 1, each by itself", body(unet), lambda p: m.valid_only(p, "input", k.to_unit), C.SPLIT_SHIFT, 5143, VALID),
)  # fmt: skip
