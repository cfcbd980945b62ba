# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The eighth list of faults, in two parts: ordinary ones, and hard ones.

*Ordinary* is the plain form of each kind of mistake, with which most threads of a forum end, in a
model and a task that no earlier list has. *Hard* is what people really do, too, and take weeks to
find. It was written, and committed, before the doctor was asked about any of it, by someone who
had not read its rules; so were the names that are right. Of each fault it says what must differ
from the healthy training (:mod:`inundate.cli.doctor_bench.shown`), and a test sees that it does.
Of each it was shown by a plain training, too, that it matters: on clean validation samples the
model is worse than the healthy one, or the score that the broken training reports is not true.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import blunders as u
from inundate.cli.doctor_bench import blunders_floods as e
from inundate.cli.doctor_bench import blunders_texts as x
from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench import rows as r
from inundate.cli.doctor_bench import sayings as y
from inundate.cli.doctor_bench import sights as v
from inundate.cli.doctor_bench.change import (
    after,
    in_another_unit,
    never_cleared,
    on_input,
    on_target,
    sgd,
    with_loss,
    with_optimiser,
    with_same_weights,
)
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, pick
from inundate.cli.doctor_bench.strangers import bert, mlp, unet
from inundate.cli.doctor_bench.wrap import fill, replace
from inundate.prove.cause import Cause

__all__ = [
    "EIGHTH", "EIGHTH_HARD", "EIGHTH_HEALTHY", "EIGHTH_ORDINARY", "EIGHTH_STRANGERS",
    "EIGHTH_STRANGER_FAULTS",
]  # fmt: skip


def _stepped(kind: Any, rate: float, **own: Any) -> Any:
    return lambda model: kind(model.parameters(), lr=rate, **own)


def _scored(p: Parts, metric: Any) -> Parts:
    return pick(p, metric=metric)


def _with(make: Any, optimiser: Any, criterion: Any = None) -> Body:
    """Make a body of another one with an optimiser of its own, and a loss where one is given."""

    def made(seed: int, _work: Any) -> Parts:
        p = make(seed)
        return pick(p, optimiser=optimiser, criterion=criterion or p.criterion)

    return made


def _flood_with(model: str, optimiser: Any) -> Body:
    return lambda seed, work: pick(flood(model)(seed, work), optimiser=optimiser)


C = Cause
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS, SCORE, KEYS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "score",
    "settings",
)  # fmt: skip

EIGHTH_ORDINARY: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("mode_e: AdamW at 3", flood("mode_e"), lambda p: with_optimiser(p, _stepped(torch.optim.AdamW, 3.0)), C.RATE_TOO_HIGH, 1601, STEPS),
    Fault("mode_h_vae: RMSprop at 1e-8", flood("mode_h_vae"), lambda p: with_optimiser(p, _stepped(torch.optim.RMSprop, 1e-8)), C.RATE_TOO_LOW, 1602, STEPS),
    Fault("deeplab: zero_grad forgotten", flood("deeplab"), lambda p: never_cleared(with_optimiser(p, sgd(0.05, momentum=0.9))), C.GRADIENT_ACCUMULATES, 1603, STEPS),
    Fault("mode_e: step left in the old loop", flood("mode_e"), e.not_a_step, C.WEIGHTS_DO_NOT_MOVE, 1604, STEPS),
    Fault("mode_h_vae: network built anew after the optimiser was made", flood("mode_h_vae"), lambda p: with_optimiser(p, e.built_anew), C.OPTIMISER_MISSES, 1605, STEPS, (C.WEIGHTS_DO_NOT_MOVE,)),
    Fault("convgru_unet: sigmoid behind the depth", flood("convgru_unet"), lambda p: after(p, torch.sigmoid), C.OUTPUT_RANGE, 1606, OUTPUT),
    Fault("temporal_cnn: depths as whole numbers of 16 bit", flood("temporal_cnn"), lambda p: on_target(p, e.whole_numbers), C.TARGET_SCALE, 1607, DATA, (C.OUTPUT_RANGE,)),
    Fault("mode_e: depths with rows from south to north", flood("mode_e"), lambda p: on_target(p, lambda t: t.flip(-2)), C.AXES_MIXED, 1608, DATA),
    Fault("convgru_unet: dry cells are NaN", flood("convgru_unet"), lambda p: on_target(p, lambda t: torch.where(t > 0.001, t, torch.nan)), C.NOT_FINITE_DATA, 1609, DATA),
    Fault("lead_cnn: forward under no_grad", flood("lead_cnn"), lambda p: pick(p, model=e.Ungraded(p.model)), C.NO_GRADIENT, 1610, GRADIENT),
    Fault("unet: six pieces", flood("unet"), e.few_pieces, C.MEMORISES, 1611, DATA),
    Fault("temporal_cnn: efficiency is minimised", flood("temporal_cnn"), lambda p: m.with_loss(p, e.nash_sutcliffe), C.LOSS_SIGN, 1612, LOSS),
    Fault("deeplab: depths (B, K, H, W), targets (B, 1, K, H, W)", flood("deeplab"), lambda p: m.with_loss(p, e.broadcast), C.SHAPE_BROADCAST, 1613, LOSS),
    Fault("deeplab: mean over the piece at the end", flood("deeplab"), lambda p: after(p, e.mean_of_piece), C.CANNOT_FIT, 1615, OUTPUT),
    Fault("lead_cnn: cross-entropy of depths in m", flood("lead_cnn"), lambda p: m.with_loss(p, e.as_chances), C.LOSS_FLOOR, 1616, LOSS, (C.LOSS_OUTPUT_MISMATCH,)),
    # images
    Fault("shapes: softmax before cross-entropy", _with(v.shapes, sgd(0.05)), lambda p: pick(p, model=nn.Sequential(p.model, nn.Softmax(1))), C.LOSS_OUTPUT_MISMATCH, 1621, OUTPUT),
    Fault("boxes: grey levels of 0 to 255", body(v.boxes), lambda p: on_input(p, lambda t: (60.0 * t + 60.0).clamp(0, 255)), C.INPUT_SCALE, 1622, DATA),
    Fault("cracks: masks of 0 and 1/255 made whole numbers", body(v.cracks), lambda p: on_target(p, lambda t: (t / 255).long().float()), C.TARGET_CONSTANT, 1623, DATA),
    Fault("cracks: masks with rows for columns", body(v.cracks), lambda p: on_target(p, lambda t: t.transpose(-2, -1).contiguous()), C.AXES_MIXED, 1624, DATA),
    Fault("shapes: one folder behind the other", body(v.shapes), u.by_class, C.LOADER_SORTED, 1625, BATCHES),
    Fault("dials: sigmoid behind sine and cosine", body(v.dials), lambda p: after(p, torch.sigmoid), C.OUTPUT_RANGE, 1626, OUTPUT),
    Fault("clips: dropout 0.98 before the head", body(v.clips), lambda p: pick(p, model=replace(p.model, "7", lambda held: nn.Sequential(held, nn.Dropout(0.98)))), C.NOISE_TOO_STRONG, 1627, OUTPUT),
    Fault("shapes: batch norm with a momentum of 1e-5", body(v.shapes), u.slow_norms, C.TRAIN_EVAL_GAP, 1628, OUTPUT),
    Fault("clips: weights and biases start at 0", body(v.clips), u.zeros, C.SYMMETRIC_START, 1629, OUTPUT, (C.BAD_START, C.DEAD_UNITS)),
    Fault("boxes: first batch of a new iterator in each step", body(v.boxes), u.first_again, C.LOADER_REPEATS, 1630, BATCHES),
    Fault("boxes: boxes drawn on the images", body(v.boxes), u.box_drawn, C.TARGET_IN_INPUT, 1631, DATA),
    Fault("boxes: overlap of middles and sides taken for corners", body(v.boxes), lambda p: _scored(p, u.corners_overlap), C.METRIC_WRONG, 1632, SCORE),
    Fault("haze: biases of -40 before a ReLU", body(v.haze), lambda p: pick(p, model=fill(p.model, "into.bias", -40.0)), C.DEAD_UNITS, 1633, OUTPUT),
    Fault("cracks: weights drawn with a deviation of 1", body(v.cracks), u.drawn_wide, C.BAD_START, 1634, OUTPUT),
    Fault("dials: all in half precision", body(v.dials), u.halved, C.PRECISION, 1635, STEPS),
    # texts
    Fault("entities: scores to a loss that takes logarithms of chances", body(y.entities), lambda p: with_loss(p, functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 1641, LOSS),
    Fault("tone: output (B, 1), targets (B,)", body(y.tone), lambda p: with_loss(on_target(p, lambda t: t[:, 0]), lambda out, t: (out - t).square().mean()), C.SHAPE_BROADCAST, 1642, DATA),
    Fault("sums: texts of a batch shuffled, totals not", body(y.sums), lambda p: pick(p, loader={"change": x.other_totals}), C.TARGETS_MISPAIRED, 1643, BATCHES),
    Fault("authors: writers sorted by name, texts not", body(y.authors), x.by_name, C.TARGETS_UNRELATED, 1644, DATA),
    Fault("answers: places counted in letters", body(y.answers), lambda p: on_target(p, lambda t: 5 * t), C.DOES_NOT_RUN, 1645, DATA),
    Fault("sums: read at the last of 80 places, 70 of them empty", body(y.sums), lambda p: on_input(p, x.filled_behind), C.PADDING, 1646, DATA, (C.VANISHING_GRADIENT,)),
    Fault("claims: optimiser of the head", body(y.claims), lambda p: with_optimiser(p, lambda net: torch.optim.NAdam(net.tell.parameters(), lr=4e-3)), C.OPTIMISER_MISSES, 1647, STEPS),
    Fault("answers: the same question in each row", body(y.answers), lambda p: on_input(p, torch.zeros_like, "asked"), C.DEAD_INPUT, 1648, DATA),
    Fault("answers: what is asked is not looked up", body(y.answers), lambda p: with_same_weights(p, x.Asked(20)), C.IGNORES_INPUT, 1649, OUTPUT),
    Fault("intents: one text in forty wants another thing", body(y.intents), x.few_others, C.MAJORITY_COLLAPSE, 1650, DATA),
    Fault("tone: SGD with a decay of 5", body(y.tone), lambda p: with_optimiser(p, sgd(0.05, momentum=0.9, weight_decay=5.0)), C.DECAY_TOO_STRONG, 1651, STEPS),
    Fault("authors: all texts twice, then split", body(y.authors, count=300, length=14), x.written_twice, C.SPLIT_LEAK, 1652, VALID),
    Fault("entities: first place alone is scored", body(y.entities), lambda p: with_loss(p, x.first_word), C.LOSS_IGNORES, 1653, LOSS),
    Fault("claims: key of the rate is read by nothing, SGD at 1e-3", body(y.claims), lambda p: with_optimiser(pick(p, unread=("optim.learning-rate",)), sgd(1e-3)), C.UNREAD_CONFIG, 1654, KEYS, (C.RATE_TOO_LOW,)),
    Fault("intents: an epoch ends after two batches", body(y.intents), x.two_batches, C.LOADER_STARVES, 1655, BATCHES, (C.LOADER_REPEATS,)),
    # tables
    Fault("stages: two columns in seconds since 1970", body(r.stages), lambda p: on_input(p, u.seconds_since), C.INPUT_SCALE, 1661, DATA, (C.SATURATED,)),
    Fault("moves: each fifth record in thousandths", body(r.moves), lambda p: in_another_unit(p, "input", slice(3, None, 5), 1000.0), C.UNIT_SLIP, 1662, DATA),
    Fault("stages: first weights times 60 before tanh", body(r.stages), u.wide_first, C.SATURATED, 1663, OUTPUT, (C.BAD_START,)),
    Fault("stages: fifteen layers of sigmoids", body(r.stages), u.sigmoids, C.VANISHING_GRADIENT, 1664, OUTPUT),
    Fault("moves: loss divided by the number of samples", body(r.moves), lambda p: u.divided_again(with_optimiser(p, sgd(0.1, momentum=0.9))), C.STEP_WRONG, 1665, STEPS, (C.RATE_TOO_LOW,)),
)  # fmt: skip

EIGHTH_HARD: tuple[Fault, ...] = (
    Fault("convgru_unet: error per wet cell, where there may be none", flood("convgru_unet"), lambda p: m.with_loss(p, e.per_wet_cell), C.NOT_FINITE_OUTPUT, 1671, LOSS),
    Fault("temporal_cnn: one of nineteen layers in m2, not km2", flood("temporal_cnn"), e.in_square_metres, C.INPUT_SCALE, 1672, DATA),
    Fault("deeplab: success index of a forecast that is still stretched", flood("deeplab"), lambda p: _scored(p, e.stretched_index), C.METRIC_WRONG, 1673, SCORE),
    Fault("unet: rain of another storm in each second piece", flood("unet"), e.other_storm, C.TARGETS_UNRELATED, 1674, DATA, (C.TARGETS_MISPAIRED,)),
    Fault("temporal_cnn: windows of the validation newest first", flood("temporal_cnn"), lambda p: m.valid_only(p, "rain", lambda t: t.flip(2)), C.SPLIT_SHIFT, 1675, VALID),
    Fault("deeplab: at the rate of fine tuning from weights of which none was loaded", flood("deeplab"), lambda p: with_optimiser(p, _stepped(torch.optim.AdamW, 1e-6)), C.RATE_TOO_LOW, 1676, STEPS),
    Fault("haze: channels of the validation images as BGR", body(v.haze), lambda p: m.valid_only(p, "input", lambda t: t.flip(1)), C.SPLIT_SHIFT, 1681, VALID),
    Fault("shapes: day and night in batches of their own, one batch norm", u.day_and_night(v.shapes), u.by_kind, C.TRAIN_EVAL_GAP, 1682, BATCHES, (C.LOADER_SORTED,)),
    Fault("dials: noise added to the images that are kept", body(v.dials), u.noise_kept, C.NOISE_TOO_STRONG, 1683, BATCHES),
    Fault("haze: layers scaled by 1e-6, no way beside them", body(v.haze), lambda p: with_same_weights(p, u.Faded(12)), C.VANISHING_GRADIENT, 1684, OUTPUT, (C.BAD_START, C.CANNOT_FIT)),
    Fault("shapes: two annotators, two names the other way round", body(v.shapes), u.two_hands, C.TARGETS_UNRELATED, 1685, DATA),
    Fault("intents: mask of empty places turned round", body(y.intents), lambda p: with_same_weights(p, x.MaskTurned(16, 24, 5)), C.IGNORES_INPUT, 1691, OUTPUT, (C.PADDING,)),
    Fault("entities: tags by words, texts by pieces of words", body(y.entities), x.drifting, C.TARGETS_UNRELATED, 1692, DATA),
    Fault("authors: validation texts sent on with three letters changed", body(y.authors, count=260, length=16), x.reposts, C.SPLIT_LEAK, 1693, VALID),
    Fault("tone: no word found among the vectors, all 0 and frozen", body(y.tone), x.never_loaded, C.IGNORES_INPUT, 1694, OUTPUT, (C.NO_GRADIENT, C.SYMMETRIC_START)),
    Fault("tone: sum of sixteen gradients, not their mean", body(y.tone), x.sixteen_at_once, C.STEP_WRONG, 1695, STEPS, (C.RATE_TOO_HIGH, C.GRADIENT_ACCUMULATES)),
    Fault("loans: mean of a branch, the loan itself among them", body(r.loans), u.group_means, C.TARGET_IN_INPUT, 1696, DATA),
    Fault("moves: weights of classes to a sampler that wants those of samples", body(r.moves), u.of_classes, C.LOADER_REPEATS, 1697, BATCHES),
)  # fmt: skip

EIGHTH: tuple[Fault, ...] = (*EIGHTH_ORDINARY, *EIGHTH_HARD)

EIGHTH_HEALTHY: tuple[Healthy, ...] = (
    Healthy("shapes by SGD with momentum", _with(v.shapes, sgd(0.05, momentum=0.9, nesterov=True)), 1711),
    Healthy("clips of five frames", body(v.clips, frames=5), 1712),
    Healthy("dials by a mixer", body(v.dials, width=20), 1713),
    Healthy("cracks by dilated convolutions", body(v.cracks, side=16), 1714),
    Healthy("boxes by square error and Adam", _with(v.boxes, _stepped(torch.optim.Adam, 2e-3), nn.functional.mse_loss), 1715),
    Healthy("haze of one colour", body(v.haze, count=420), 1716),
    Healthy("loans by batch norm", body(r.loans, features=12), 1717),
    Healthy("moves of 40 steps", body(r.moves, steps=40), 1718),
    Healthy("stages by square error and Adagrad", _with(r.stages, _stepped(torch.optim.Adagrad, 0.05), nn.functional.mse_loss), 1719),
    Healthy("intents, labels smoothed", _with(y.intents, _stepped(torch.optim.RAdam, 4e-3), lambda out, t: functional.cross_entropy(out, t, label_smoothing=0.1)), 1720),
    Healthy("tone by the mean of words", body(y.tone, length=20), 1721),
    Healthy("answers of 10 words", body(y.answers, length=10), 1722),
    Healthy("entities by two layers", body(y.entities, length=17), 1723),
    Healthy("claims looked up", body(y.claims, length=7), 1724),
    Healthy("sums by SGD with momentum", _with(y.sums, sgd(0.2, momentum=0.9)), 1725),
    Healthy("authors by gated pairs", body(y.authors, length=36), 1726),
    Healthy("emulator mode_e by NAdam", _flood_with("mode_e", _stepped(torch.optim.NAdam, 3e-3)), 1727),
    Healthy("emulator temporal_cnn by Adamax", _flood_with("temporal_cnn", _stepped(torch.optim.Adamax, 8e-3)), 1728),
    Healthy("emulator unet by RMSprop", _flood_with("unet", _stepped(torch.optim.RMSprop, 2e-3)), 1729),
    Healthy("emulator lead_cnn by Adam with AMSGrad", _flood_with("lead_cnn", _stepped(torch.optim.Adam, 4e-3, amsgrad=True)), 1730),
)  # fmt: skip

EIGHTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 1751),
    Healthy("transformers: BERT of two layers", body(bert), 1752),
    Healthy("monai: UNet", body(unet), 1753),
)

EIGHTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: SGD with a decay of 4", body(mlp), lambda p: with_optimiser(p, sgd(0.1, momentum=0.9, weight_decay=4.0)), C.DECAY_TOO_STRONG, 1741, STEPS),
    Fault("transformers: AdamW at 0.3", body(bert), lambda p: with_optimiser(p, _stepped(torch.optim.AdamW, 0.3)), C.RATE_TOO_HIGH, 1742, STEPS),
    Fault("monai: softplus behind maps around 0", body(unet), lambda p: after(p, functional.softplus), C.OUTPUT_RANGE, 1743, OUTPUT),
)  # fmt: skip
