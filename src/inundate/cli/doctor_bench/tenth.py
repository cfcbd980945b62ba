# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The tenth list of faults, in two parts: ordinary ones, and hard ones.

The parts are those of :mod:`inundate.cli.doctor_bench.eighth`, in models and tasks that no earlier
list has; the ordinary part holds each cause at least once. As before, the
faults and the names that are right were committed before the doctor was asked about any of them,
by someone who had not read its rules. A plain training with each of them is worse on clean
validation samples than the healthy one, or reports a score that is not true.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench import oversights as k
from inundate.cli.doctor_bench import oversights_floods as e
from inundate.cli.doctor_bench import oversights_texts as x
from inundate.cli.doctor_bench import pictures as g
from inundate.cli.doctor_bench import sheets as r
from inundate.cli.doctor_bench import tellings as y
from inundate.cli.doctor_bench.change import (
    after,
    loaded,
    on_input,
    on_target,
    sgd,
    trained_by,
    with_loss,
    with_optimiser,
    with_same_weights,
)
from inundate.cli.doctor_bench.family_parts import on_weights
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, pick
from inundate.cli.doctor_bench.strangers import bert, mlp, unet
from inundate.prove.cause import Cause

__all__ = [
    "TENTH", "TENTH_HARD", "TENTH_HEALTHY", "TENTH_ORDINARY", "TENTH_STRANGERS",
    "TENTH_STRANGER_FAULTS",
]  # fmt: skip


def _sorted(p: Parts) -> Parts:
    """Give the samples in the order of their labels (N, K) of 0 and 1, in each epoch."""
    worth = p.train.target @ 2.0 ** -torch.arange(p.train.target.shape[1])
    order = worth.argsort(stable=True).numpy()
    return loaded(p, choose=lambda _o, _r: order)


def _with(make: Any, kind: Any, rate: float, criterion: Any = None, **own: Any) -> Body:
    """Make a body of another one with an optimiser of its own, and a loss where one is given."""

    def made(seed: int, _work: Any) -> Parts:
        p = make(seed)
        return trained_by(pick(p, criterion=criterion or p.criterion), kind, rate, **own)

    return made


def _flood_with(model: str, kind: Any, rate: float, **own: Any) -> Body:
    return lambda seed, work: trained_by(flood(model)(seed, work), kind, rate, **own)


C, o = Cause, torch.optim
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS, SCORE, KEYS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "score",
    "settings",
)  # fmt: skip

TENTH_ORDINARY: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("convgru_unet: step of the optimiser named, not called", flood("convgru_unet"), e.step_not_called, C.WEIGHTS_DO_NOT_MOVE, 6001, STEPS),
    Fault("mode_e: depths written column by column", flood("mode_e"), lambda p: on_target(p, lambda t: t.transpose(-2, -1).contiguous()), C.AXES_MIXED, 6002, DATA),
    Fault("deeplab: root of the error of cells deeper than 3 m, of which a piece has none", flood("deeplab"), lambda p: m.with_loss(p, e.root_of_none), C.NOT_FINITE_OUTPUT, 6003, LOSS),
    Fault("lead_cnn: Adamax at 3", flood("lead_cnn"), lambda p: trained_by(p, o.Adamax, 3.0), C.RATE_TOO_HIGH, 6004, STEPS),
    Fault("deeplab: dry cells left out of the loss", flood("deeplab"), lambda p: m.with_loss(p, e.dry_left_out), C.LOSS_IGNORES, 6005, LOSS),
    Fault("mode_h_vae: scaled back in evaluation, never scaled before", flood("mode_h_vae"), lambda p: pick(p, model=e.ScaledTwice(p.model)), C.TRAIN_EVAL_GAP, 6006, OUTPUT),
    Fault("unet: NAdam at 1e-7", flood("unet"), lambda p: trained_by(p, o.NAdam, 1e-7), C.RATE_TOO_LOW, 6007, STEPS),
    Fault("unet: depth copied to a new leaf before the loss", flood("unet"), lambda p: after(p, e.new_leaf), C.NO_GRADIENT, 6008, GRADIENT),
    Fault("temporal_cnn: 0.9 as penalty of RMSprop, not as momentum", flood("temporal_cnn"), lambda p: trained_by(p, o.RMSprop, 3e-3, weight_decay=0.9), C.DECAY_TOO_STRONG, 6009, STEPS),
    Fault("mode_h: validation heights above the sea, all others above the lowest ground", flood("mode_h"), lambda p: m.valid_only(p, "heights", lambda v: v + 20.0), C.SPLIT_SHIFT, 6010, VALID),
    Fault("convgru_unet: correlation is minimised", flood("convgru_unet"), lambda p: m.with_loss(p, e.likeness), C.LOSS_SIGN, 6011, LOSS),
    Fault("temporal_cnn: rain in m kept as whole numbers", flood("temporal_cnn"), lambda p: on_input(p, e.in_whole_metres, "rain"), C.DEAD_INPUT, 6012, DATA),
    Fault("lead_cnn: depths read with a scale factor of 0", flood("lead_cnn"), lambda p: on_target(p, torch.zeros_like), C.TARGET_CONSTANT, 6013, DATA),
    Fault("unet: all layers of the ground in mm", flood("unet"), lambda p: on_input(p, lambda v: 1000.0 * v, "terrain"), C.INPUT_SCALE, 6014, DATA),
    Fault("deeplab: each frame scored against the one before it", flood("deeplab"), lambda p: pick(p, metric=e.frame_before), C.METRIC_WRONG, 6015, SCORE),
    Fault("mode_h_vae: pieces in the order of numbers, depths in that of names", flood("mode_h_vae"), m.by_name, C.TARGETS_UNRELATED, 6016, DATA),
    # images
    Fault("shores: softmax over rows, then cross-entropy", body(g.shores), lambda p: after(p, lambda out: out.softmax(1)), C.LOSS_OUTPUT_MISMATCH, 6021, OUTPUT),
    Fault("stereos: right views from a loader with an order of its own", body(g.stereos), lambda p: loaded(p, change=k.other_right), C.TARGETS_MISPAIRED, 6022, BATCHES),
    Fault("mosaics: sigmoid behind colours around 0", body(g.mosaics), lambda p: after(p, torch.sigmoid), C.OUTPUT_RANGE, 6023, OUTPUT),
    Fault("fires: weight of burning cells upside down", body(g.fires), lambda p: with_loss(p, k.few_burn), C.MAJORITY_COLLAPSE, 6024, LOSS),
    Fault("joints: reader ends behind the first file, 20 of 300 pictures", body(g.joints), lambda p: loaded(p, choose=lambda order, _r: order[order < 20]), C.LOADER_STARVES, 6025, BATCHES, (C.LOADER_REPEATS,)),
    Fault("spirals: labels smoothed by 0.95, not to 0.95", body(g.spirals), lambda p: with_loss(p, lambda out, t: functional.cross_entropy(out, t, label_smoothing=0.95)), C.LOSS_FLOOR, 6026, LOSS),
    Fault("joints: all layers start at one number", body(g.joints), k.alike, C.SYMMETRIC_START, 6027, OUTPUT),
    Fault("mosaics: root mean square of grey levels in half precision", body(g.mosaics), lambda p: with_loss(p, k.in_grey_levels), C.PRECISION, 6028, LOSS),
    Fault("fruits: training photographs normalised, validation ones not", body(g.fruits), lambda p: m.valid_only(p, "input", lambda v: 0.25 * v + 0.45), C.SPLIT_SHIFT, 6029, VALID),
    Fault("shores: mean over the columns that are to be told apart", body(g.shores), lambda p: with_same_weights(p, k.PooledColumns(12, 16)), C.CANNOT_FIT, 6030, OUTPUT),
    Fault("stereos: left view handed in twice", body(g.stereos), lambda p: with_same_weights(p, k.LeftTwice(10)), C.IGNORES_INPUT, 6031, OUTPUT),
    Fault("fruits: cleared between the two losses", body(g.fruits), k.second_alone, C.STEP_WRONG, 6032, STEPS),
    Fault("joints: groups of weights by names that one layer has", body(g.joints), lambda p: with_optimiser(p, k.of_one_name), C.OPTIMISER_MISSES, 6033, STEPS),
    Fault("fires: bias of a rare class given to all layers", body(g.fires), k.priors, C.DEAD_UNITS, 6034, OUTPUT, (C.BAD_START,)),
    Fault("joints: places as x and y, drawn as row and column", body(g.joints), lambda p: on_target(p, lambda t: t.transpose(-2, -1).contiguous()), C.AXES_MIXED, 6035, DATA),
    # texts and series
    Fault("prices: prices in pence", body(y.prices), lambda p: on_target(p, x.in_pence), C.TARGET_SCALE, 6041, DATA),
    Fault("demands: logarithm of a meter that stood still", body(y.demands), x.never_paused, C.NOT_FINITE_DATA, 6042, DATA),
    Fault("menus: orders sorted by what is ordered, shuffle left out", body(y.menus), _sorted, C.LOADER_SORTED, 6043, BATCHES),
    Fault("senses: two batches for each epoch, left in from a trial", body(y.senses), lambda p: loaded(p, choose=x.two_batches), C.LOADER_REPEATS, 6044, BATCHES, (C.LOADER_STARVES,)),
    Fault("tunes: filled up on both sides", body(y.tunes), lambda p: with_same_weights(p, x.BothSides(32)), C.TARGET_IN_INPUT, 6045, OUTPUT),
    Fault("dictation: frames counted before every second was left out", body(y.dictation), lambda p: with_loss(p, lambda out, t: y.spoken(out, t, 28)), C.DOES_NOT_RUN, 6046, LOSS),
    Fault("prices: read at the last of 80 places, most of them empty", body(y.prices), lambda p: with_same_weights(on_input(p, x.empty_behind, "tokens"), x.ReadAtEnd(32)), C.PADDING, 6047, DATA, (C.VANISHING_GRADIENT,)),
    Fault("senses: vectors of words a hundred times too long before a tanh", body(y.senses), lambda p: on_weights(p, lambda n, w: 100.0 * w if n == "embed.weight" else w), C.SATURATED, 6048, OUTPUT, (C.BAD_START,)),
    Fault("demands: each sixth meter counts in W, not kW", body(y.demands), x.in_watts, C.UNIT_SLIP, 6049, DATA),
    Fault("tunes: fourteen layers of sigmoids, nothing beside them", body(y.tunes), lambda p: pick(p, model=x.SigmoidNotes()), C.VANISHING_GRADIENT, 6050, OUTPUT),
    Fault("dictation: Adadelta's rate of 1 given to Adam", body(y.dictation), lambda p: trained_by(p, o.Adam, 1.0), C.RATE_TOO_HIGH, 6051, STEPS),
    Fault("alarms: twelve series to learn from", body(y.alarms), lambda p: x.few(p, 12), C.MEMORISES, 6052, DATA),
    Fault("senses: four versions of each text, then split", body(y.senses, count=130), x.words_changed, C.SPLIT_LEAK, 6053, VALID),
    # tables
    Fault("doses: mean (B, 1), doses (B,)", body(r.doses), lambda p: on_target(p, lambda t: t[:, 0]), C.SHAPE_BROADCAST, 6061, DATA),
    Fault("blends: shares where their logarithms are wanted", body(r.blends), lambda p: with_loss(p, k.likelihoods), C.LOSS_OUTPUT_MISMATCH, 6062, LOSS),
    Fault("baskets: rate under another key, SGD at 1e-5", body(r.baskets), lambda p: trained_by(pick(p, unread=("optimiser.step_size",)), o.SGD, 1e-5), C.UNREAD_CONFIG, 6063, KEYS, (C.RATE_TOO_LOW,)),
    Fault("doses: log-variance starts at -20", body(r.doses), lambda p: on_weights(p, lambda n, w: torch.tensor([0.0, -20.0]) if n == "tell.bias" else w), C.BAD_START, 6064, OUTPUT),
    Fault("baskets: gradient of an earlier model cleared", body(r.baskets), lambda p: k.stepping(p, clear=lambda _m, _o: nn.Linear(4, 1).zero_grad()), C.GRADIENT_ACCUMULATES, 6065, STEPS),
    Fault("blends: noise of 5, not 0.05, on each row", body(r.blends), lambda p: loaded(p, change=k.noisy_rows), C.NOISE_TOO_STRONG, 6066, BATCHES),
)  # fmt: skip

TENTH_HARD: tuple[Fault, ...] = (
    Fault("lead_cnn: depth before the step read one frame late", flood("lead_cnn"), e.later_start, C.TARGET_IN_INPUT, 6071, DATA),
    Fault("temporal_cnn: efficiency of a forecast cut to whole decimetres", flood("temporal_cnn"), lambda p: pick(p, metric=e.to_decimetres), C.METRIC_WRONG, 6072, SCORE),
    Fault("unet: pieces turned by half a turn, then split", flood("unet"), e.turned_before_split, C.SPLIT_LEAK, 6073, VALID),
    Fault("spirals: mirrored at random, though a mirror turns the arms", body(g.spirals), lambda p: loaded(p, change=k.mirrored), C.TARGETS_MISPAIRED, 6081, BATCHES, (C.AXES_MIXED,)),
    Fault("fruits: colours in any order at random, though they tell how ripe", body(g.fruits), lambda p: loaded(p, change=k.channels_mixed), C.NOISE_TOO_STRONG, 6082, BATCHES, (C.TARGETS_MISPAIRED,)),
    Fault("shores: 0 left out as padding, which is a column without water", body(g.shores), lambda p: with_loss(p, k.without_dry_columns), C.LOSS_IGNORES, 6083, LOSS),
    Fault("demands: last readings that are missing filled by the next", body(y.demands), x.filled_backwards, C.TARGET_IN_INPUT, 6091, DATA),
    Fault("alarms: labels named by the left end of a span, series by the right", body(y.alarms), x.label_before, C.TARGETS_UNRELATED, 6092, DATA),
    Fault("dictation: frames divided by two once more", body(y.dictation), lambda p: with_loss(p, lambda out, t: y.spoken(out, t, 7)), C.LOSS_IGNORES, 6093, LOSS),
    Fault("baskets: each basket weighed three times, then split", body(r.baskets, count=90), k.sold_thrice, C.SPLIT_LEAK, 6094, VALID),
    Fault("baskets: each seventh basket weighed in ounces", body(r.baskets), k.in_ounces, C.UNIT_SLIP, 6095, DATA),
    Fault("doses: columns of the wards made anew for validation, one short", body(r.doses), lambda p: m.valid_only(p, "input", k.wards_moved), C.SPLIT_SHIFT, 6096, VALID),
)  # fmt: skip

TENTH: tuple[Fault, ...] = (*TENTH_ORDINARY, *TENTH_HARD)

TENTH_HEALTHY: tuple[Healthy, ...] = (
    Healthy("spirals of stars", body(g.spirals, side=16), 6111),
    Healthy("shores by SGD with momentum", _with(g.shores, o.SGD, 0.05, momentum=0.9), 6112),
    Healthy("joints of an arm", body(g.joints, width=12), 6113),
    Healthy("mosaics by square error and RAdam", _with(g.mosaics, o.RAdam, 8e-3, nn.functional.mse_loss), 6114),
    Healthy("fruits of three kinds", body(g.fruits, count=900), 6115),
    Healthy("fires by the wind", body(g.fires, side=12), 6116),
    Healthy("stereos of two views", body(g.stereos, count=400), 6117),
    Healthy("menus of five things", body(y.menus, count=2000), 6118),
    Healthy("tunes of two voices by NAdam", _with(y.tunes, o.NAdam, 5e-3), 6119),
    Healthy("dictation of three letters by Adamax", _with(y.dictation, o.Adamax, 2e-2), 6120),
    Healthy("demands in three quantiles", body(y.demands, steps=20), 6121),
    Healthy("senses of a word by Adagrad", _with(y.senses, o.Adagrad, 0.05), 6122),
    Healthy("prices by absolute error", _with(y.prices, o.AdamW, 8e-3, nn.functional.l1_loss), 6123),
    Healthy("alarms at each step", body(y.alarms, steps=18), 6124),
    Healthy("blends of four sorts", body(r.blends, features=9), 6125),
    Healthy("baskets by Adam with AMSGrad", _with(r.baskets, o.Adam, 5e-3, amsgrad=True), 6126),
    Healthy("emulator mode_h by Adamax", _flood_with("mode_h", o.Adamax, 5e-3), 6127),
    Healthy("emulator lead_cnn by Adam", _flood_with("lead_cnn", o.Adam, 2e-3), 6128),
    Healthy("emulator mode_h_vae by RAdam", _flood_with("mode_h_vae", o.RAdam, 5e-3), 6129),
    Healthy("emulator mode_e by Adam with AMSGrad", _flood_with("mode_e", o.Adam, 3e-3, amsgrad=True), 6130),
)  # fmt: skip

TENTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 6151),
    Healthy("transformers: BERT of two layers", body(bert), 6152),
    Healthy("monai: UNet", body(unet), 6153),
)

TENTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: SGD at 1e-6", body(mlp), lambda p: with_optimiser(p, sgd(1e-6)), C.RATE_TOO_LOW, 6141, STEPS),
    Fault("transformers: made from a configuration, and frozen but for the head", body(bert), k.frozen_body, C.NO_GRADIENT, 6142, GRADIENT),
    Fault("monai: maps and targets turned, each by a chance of its own", body(unet), lambda p: loaded(p, change=k.turned_apart), C.TARGETS_MISPAIRED, 6143, BATCHES, (C.AXES_MIXED,)),
)  # fmt: skip
