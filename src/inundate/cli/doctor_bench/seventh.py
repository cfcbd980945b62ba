# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The seventh list of faults: what people find in the end when a model has not learned.

It was written, and committed, before the doctor was asked about any of it; so were the names that
are right. Of each fault it says what must differ from the healthy training
(:mod:`inundate.cli.doctor_bench.shown`), and a test sees that it does. Of each it was shown by a
plain training, too, that it matters: on clean validation samples the model is worse than the
healthy one, or the score that the broken training reports is not true.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench import further as f
from inundate.cli.doctor_bench import gauged as g
from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench import prose as t
from inundate.cli.doctor_bench import scenes as s
from inundate.cli.doctor_bench import slips as i
from inundate.cli.doctor_bench import slips_floods as e
from inundate.cli.doctor_bench import slips_texts as x
from inundate.cli.doctor_bench import wider as w
from inundate.cli.doctor_bench.change import on_input, on_target, sgd, with_optimiser
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, add, pick
from inundate.cli.doctor_bench.strangers import bert, mlp, unet
from inundate.cli.doctor_bench.texts import mood
from inundate.cli.doctor_bench.wrap import After, replace
from inundate.prove.cause import Cause

__all__ = ["SEVENTH", "SEVENTH_HEALTHY", "SEVENTH_STRANGERS", "SEVENTH_STRANGER_FAULTS"]


def _scored(p: Parts, metric: Any) -> Parts:
    return pick(p, metric=metric)


def _changed(p: Parts, change: Any) -> Parts:
    return pick(p, loader={"change": change})


def _as(p: Parts, made: nn.Module) -> Parts:
    """Put a model of the same weights in the place of the healthy one."""
    made.load_state_dict(p.model.state_dict())
    return pick(p, model=made)


def _drawn(_name: str, weight: torch.Tensor) -> torch.Tensor:
    """Draw as ``normal_`` does by itself, with a standard deviation of 1."""
    return torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel()))


def _adam(rate: float, **own: Any) -> Any:
    return lambda model: torch.optim.AdamW(model.parameters(), lr=rate, **own)


def _stepped(kind: Any, rate: float, **own: Any) -> Any:
    return lambda model: kind(model.parameters(), lr=rate, **own)


def _with(make: Any, optimiser: Any, criterion: Any) -> Body:
    """Make a body of another one with an optimiser and a loss of its own."""
    return lambda seed, _work: pick(make(seed), optimiser=optimiser, criterion=criterion)


def _flood_with(model: str, optimiser: Any) -> Body:
    return lambda seed, work: pick(flood(model)(seed, work), optimiser=optimiser)


def _focal(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    told = functional.binary_cross_entropy_with_logits(output, target, reduction="none")
    return ((1.0 - torch.exp(-told)) ** 2 * told).mean()


C = Cause
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS, SCORE, KEYS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "score",
    "settings",
)  # fmt: skip
SEVENTH: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("temporal_cnn: depth cut out elsewhere than the ground", flood("temporal_cnn"), e.cut_elsewhere, C.TARGETS_UNRELATED, 1312, DATA, (C.AXES_MIXED,)),
    Fault("mode_h: each sixth level above another datum", flood("mode_h"), e.above_another_zero, C.UNIT_SLIP, 1313, DATA),
    Fault("lead_cnn: heights in mm kept in half precision", flood("lead_cnn"), lambda p: on_input(p, e.half_in_mm, "heights"), C.NOT_FINITE_DATA, 1314, DATA),
    Fault("unet: validation pieces overlap with training pieces", flood("unet"), e.moved_by_a_block, C.SPLIT_LEAK, 1315, VALID),
    Fault("lead_cnn: depth behind the step as the depth before it", flood("lead_cnn"), e.after_as_before, C.TARGET_IN_INPUT, 1316, DATA),
    Fault("mode_h: validation levels scaled by their own mean and spread", flood("mode_h"), lambda p: m.valid_only(p, "level", e.own_spread), C.SPLIT_SHIFT, 1317, VALID),
    Fault("temporal_cnn: -9999 left in the depths", flood("temporal_cnn"), lambda p: on_target(p, e.no_depth_left), C.TARGET_SCALE, 1318, DATA),
    Fault("mode_h_vae: the mean level in each piece", flood("mode_h_vae"), lambda p: on_input(p, lambda v: v.mean().expand_as(v).clone(), "level"), C.DEAD_INPUT, 1319, DATA),
    Fault("unet: rain of a batch's first piece for all of them", flood("unet"), lambda p: _changed(p, e.rain_of_the_first), C.TARGETS_MISPAIRED, 1320, BATCHES),
    Fault("mode_h: noise on the level in m, not mm", flood("mode_h"), lambda p: _changed(p, e.level_in_mm), C.NOISE_TOO_STRONG, 1321, BATCHES),
    Fault("deeplab: loss of the first of two frames", flood("deeplab"), lambda p: m.with_loss(p, e.first_frame), C.LOSS_IGNORES, 1323, LOSS),
    Fault("convgru_unet: wet cells weighted as dry ones were to be", flood("convgru_unet"), lambda p: m.with_loss(p, e.dry_first), C.MAJORITY_COLLAPSE, 1325, LOSS, (C.LOSS_IGNORES,)),
    Fault("mode_h: errors below half a metre are none", flood("mode_h"), lambda p: m.with_loss(p, e.tolerant), C.LOSS_FLOOR, 1326, LOSS, (C.LOSS_IGNORES,)),
    Fault("unet: half precision, scale of the loss never lowered", flood("unet"), e.scaled_for_good, C.PRECISION, 1327, STEPS, (C.STEP_WRONG,)),
    Fault("convgru_unet: gradient clipped while it is scaled", flood("convgru_unet"), lambda p: with_optimiser(e.clipped_while_scaled(p), sgd(0.1, momentum=0.9)), C.STEP_WRONG, 1328, STEPS),
    Fault("lead_cnn: epsilon of Adam 1e3, not 1e-3", flood("lead_cnn"), lambda p: with_optimiser(p, _adam(3e-3, eps=1e3)), C.RATE_TOO_LOW, 1329, STEPS, (C.WEIGHTS_DO_NOT_MOVE,)),
    Fault("mode_h_vae: rate times the number of pieces in a batch of 256", flood("mode_h_vae"), lambda p: with_optimiser(p, _adam(3e-3 * 256)), C.RATE_TOO_HIGH, 1330, STEPS),
    Fault("convgru_unet: all weights drawn with a deviation of 1", flood("convgru_unet"), lambda p: m.changed_weights(p, _drawn), C.BAD_START, 1331, OUTPUT, (C.SATURATED,)),
    Fault("deeplab: rate 0 for all but the head", flood("deeplab"), lambda p: with_optimiser(p, e.head_alone_moves), C.WEIGHTS_DO_NOT_MOVE, 1333, STEPS, (C.OPTIMISER_MISSES,)),
    Fault("temporal_cnn: depth cut off at 1 cm", flood("temporal_cnn"), lambda p: pick(p, model=After(p.model, lambda v: v.clamp(max=0.01))), C.OUTPUT_RANGE, 1334, STEPS),
    Fault("lead_cnn: turned in evaluation, and not back", flood("lead_cnn"), lambda p: pick(p, model=e.TurnedInTest(p.model)), C.TRAIN_EVAL_GAP, 1335, OUTPUT),
    Fault("unet: error of depths in cm against m", flood("unet"), lambda p: _scored(p, lambda out, v: (100.0 * out - v).square().mean().sqrt()), C.METRIC_WRONG, 1336, SCORE),
    Fault("temporal_cnn: key of the rate misspelt, 1e-6 by default", flood("temporal_cnn"), lambda p: with_optimiser(pick(p, unread=("train.learning_rte",)), _adam(1e-6)), C.UNREAD_CONFIG, 1337, KEYS, (C.RATE_TOO_LOW,)),
    # images and tables
    Fault("corners: grey levels of 0 to 255 less the mean of others", body(s.corners), lambda p: on_input(p, lambda v: (50.0 * v + 80.0 - 0.45) / 0.225), C.INPUT_SCALE, 1341, DATA),
    Fault("corners: images mirrored at random, points not", body(s.corners), lambda p: _changed(p, i.left_to_right), C.TARGETS_MISPAIRED, 1342, BATCHES, (C.AXES_MIXED,)),
    Fault("corners: points in pixels of the photograph", body(s.corners), lambda p: on_target(p, lambda v: 2000.0 + 1500.0 * v), C.TARGET_SCALE, 1343, DATA),
    Fault("colours: each sixth image from 0 to 255", body(s.colours), lambda p: m.some_inputs(p, 6, lambda v: 255.0 * (0.3 * v + 0.45)), C.UNIT_SLIP, 1344, DATA),
    Fault("colours: split before the shuffle", body(s.colours), i.sorted_split, C.SPLIT_SHIFT, 1346, VALID),
    Fault("grades: rare classes written ten times, then split", body(g.grades), lambda p: i.oversampled(p, 3), C.SPLIT_LEAK, 1348, VALID),
    Fault("grades: gradient of the head alone cleared", body(g.grades), i.cleared_in_part, C.GRADIENT_ACCUMULATES, 1349, STEPS),
    Fault("likeness: 1 for alike and 0 for not", body(s.likeness), lambda p: pick(p, criterion=lambda out, v: s.contrast(out, 1 - v)), C.LOSS_SIGN, 1350, LOSS),
    Fault("likeness: all pairs that are alike first", body(s.likeness), i.pairs_in_order, C.LOADER_SORTED, 1351, BATCHES),
    Fault("radar: the last frame given is the one asked for", body(s.radar), i.last_frame, C.TARGET_IN_INPUT, 1352, DATA),
    Fault("radar: rain cut off between 0 and 0.4", body(s.radar), lambda p: pick(p, model=After(p.model, lambda v: v.clamp(0.0, 0.4))), C.OUTPUT_RANGE, 1353, OUTPUT),
    Fault("rivers: edges from mouth to spring", body(g.rivers), lambda p: on_input(p, lambda v: v.transpose(1, 2).contiguous(), "edges"), C.AXES_MIXED, 1355, DATA),
    Fault("rivers: mean over no edges at a spring", body(g.rivers), lambda p: _as(p, i.UnguardedMean(24, 3)), C.NOT_FINITE_OUTPUT, 1356, OUTPUT),
    Fault("wells: number of the row for that of the place", body(g.wells), i.every_row_a_place, C.MEMORISES, 1357, DATA),
    Fault("wells: one row of the levels missing", body(g.wells), lambda p: i.missing_row(p, 40), C.TARGETS_UNRELATED, 1358, DATA),
    Fault("tides: smoothed to both sides before the cut", body(g.tides), lambda p: i.box_smoothed(p, 1360), C.TARGET_IN_INPUT, 1360, DATA),
    Fault("tides: rate divided by ten at each good turn", body(g.tides), lambda p: with_optimiser(p, m.scheduled(_stepped(torch.optim.RAdam, 4e-3), lambda n: 0.1 ** (n // 3))), C.RATE_TOO_LOW, 1361, STEPS),
    Fault("tides: loss of the target against itself", body(g.tides), lambda p: pick(p, criterion=lambda _out, v: functional.l1_loss(v, v)), C.LOSS_IGNORES, 1362, LOSS, (C.NO_GRADIENT,)),
    Fault("arrivals: error as a share of counts of 0", body(f.arrivals, often=-0.2), lambda p: pick(p, criterion=i.relative), C.NOT_FINITE_OUTPUT, 1363, LOSS),
    Fault("textures: 22 convolutions without the ways beside them", body(w.residual), i.plain_deep, C.VANISHING_GRADIENT, 1364, OUTPUT),
    Fault("patches: weights written anew after the optimiser was made", body(f.patches), lambda p: with_optimiser(p, i.normed_too_late), C.OPTIMISER_MISSES, 1365, STEPS),
    Fault("digits: log-softmax left below a new head", body(b.digit_mlp), i.log_left_below, C.DEAD_UNITS, 1366, OUTPUT),
    Fault("outlines: Dice behind the threshold", body(f.outlines), lambda p: pick(p, criterion=i.thresholded_dice), C.NO_GRADIENT, 1367, LOSS),
    Fault("masks: foreground weighted by its share", body(w.masks), lambda p: pick(p, criterion=i.weighted_few), C.MAJORITY_COLLAPSE, 1368, LOSS),
    Fault("painter: paints from its prior in evaluation", body(s.painter), lambda p: _as(p, i.PriorInTest(64, 8)), C.TRAIN_EVAL_GAP, 1369, OUTPUT),
    # texts
    Fault("turns: places forgotten", body(t.turns), lambda p: _as(p, x.NoPlaces(8, 24)), C.CANNOT_FIT, 1381, OUTPUT),
    Fault("turns: narrow layers beside frozen ones, all of zeros", body(t.turns), x.adapted, C.BAD_START, 1382, GRADIENT, (C.SYMMETRIC_START,)),
    Fault("scribe: mask of the words to come forgotten", body(t.scribe), lambda p: _as(p, x.SeesAll(10, 32)), C.TARGET_IN_INPUT, 1384, OUTPUT),
    Fault("scribe: words flattened by place, scores by text", body(t.scribe), lambda p: pick(p, criterion=x.places_last), C.AXES_MIXED, 1386, LOSS, (C.TARGETS_MISPAIRED,)),
    Fault("scribe: one over the root of the step as the rate itself", body(t.scribe), lambda p: with_optimiser(p, m.scheduled(_adam(1.0), lambda n: (n + 1) ** -0.5)), C.RATE_TOO_HIGH, 1387, STEPS),
    Fault("gaps: a schedule over three epochs taken for three steps", body(t.gaps), lambda p: with_optimiser(p, m.scheduled(_adam(8e-3), lambda n: max(0.0, 1 - n / 3))), C.RATE_TOO_LOW, 1390, STEPS, (C.WEIGHTS_DO_NOT_MOVE,)),
    Fault("stars: reader with room for new words made after the optimiser", body(t.stars), lambda p: with_optimiser(p, x.resized), C.OPTIMISER_MISSES, 1391, STEPS),
    Fault("translate: the writer begins from zeros", body(t.translate), lambda p: _as(p, x.Unheard(24)), C.IGNORES_INPUT, 1392, OUTPUT),
    Fault("translate: softmax over the places", body(t.translate), lambda p: pick(p, criterion=x.scored_by_place), C.LOSS_OUTPUT_MISMATCH, 1393, LOSS, (C.AXES_MIXED,)),
    Fault("translate: weights kept within a hundredth", body(t.translate), x.weights_clamped, C.STEP_WRONG, 1394, STEPS),
    Fault("matches: cross-entropy of one class", body(w.matcher), lambda p: pick(p, criterion=x.one_of_one), C.LOSS_IGNORES, 1395, LOSS, (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("stars: texts of a batch read one after another", body(t.stars), lambda p: _as(p, t.Stars(24, batch_first=False)), C.AXES_MIXED, 1397, OUTPUT),
    Fault("stars: words of the validation texts in capitals", body(t.stars), lambda p: m.valid_only(p, "input", lambda v: torch.where(v < 26, 0, v)), C.SPLIT_SHIFT, 1398, VALID),
    Fault("stars: one to five against zero to four", body(t.stars), lambda p: _scored(p, lambda out, v: 1 - (out + 1 - v).abs().mean() / 4), C.METRIC_WRONG, 1399, SCORE),
    Fault("stars: readers, not their logarithm", body(t.stars), lambda p: on_target(p, lambda v: torch.exp(6 + 2.5 * v)), C.TARGET_SCALE, 1400, DATA),
    Fault("stars: dropout that is never off", body(t.stars), lambda p: pick(p, model=replace(p.model, "embed", lambda held: x.AlwaysDropped(held, 0.9))), C.NOISE_TOO_STRONG, 1401, OUTPUT),
    Fault("stars: output (B,), targets (B, 1)", body(t.stars), lambda p: pick(p, model=After(p.model, lambda v: v[:, 0]), criterion=x.second_order), C.SHAPE_BROADCAST, 1402, OUTPUT),
    Fault("names: languages numbered anew in validation", body(t.names), lambda p: pick(p, valid=add(p.valid, {}, (3 * p.valid.target + 1) % 5)), C.SPLIT_SHIFT, 1403, VALID),
    Fault("names: two of each batch are short enough", body(t.names), lambda p: _changed(p, x.short_alone), C.LOADER_STARVES, 1404, BATCHES),
    Fault("names: sum of all weights' sizes in the loss", body(t.names), lambda p: pick(p, loss=x.penalised), C.DECAY_TOO_STRONG, 1405, LOSS),
    Fault("names: numbers of languages as decimal numbers", body(t.names), lambda p: on_target(p, lambda v: v.float()), C.DOES_NOT_RUN, 1406, DATA),
    Fault("translate: three words in 90 places", body(t.translate), lambda p: on_input(p, lambda v: functional.pad(v, (0, 87), value=1), "text"), C.PADDING, 1407, DATA, (C.VANISHING_GRADIENT,)),
)  # fmt: skip


SEVENTH_HEALTHY: tuple[Healthy, ...] = (
    Healthy("colours by NAdam, labels smoothed", body(s.colours), 1411),
    Healthy("corners by SGD with momentum", body(s.corners, width=12), 1412),
    Healthy("likeness by a distance", body(s.likeness), 1413),
    Healthy("radar, three frames", body(s.radar), 1414),
    Healthy("painter, variational", body(s.painter), 1415),
    Healthy("wells, places and numbers", body(g.wells, places=9), 1416),
    Healthy("grades, five of them", body(g.grades), 1417),
    Healthy("tides by attention", body(g.tides), 1418),
    Healthy("rivers by messages", body(g.rivers, nodes=9), 1419),
    Healthy("stars by RMSprop", body(t.stars, length=12), 1420),
    Healthy("gaps filled", body(t.gaps), 1421),
    Healthy("scribe, next words by attention", body(t.scribe), 1422),
    Healthy("turns, which word first", body(t.turns, length=9), 1423),
    Healthy("names by Adagrad", body(t.names), 1424),
    Healthy("translate, word by word", body(t.translate), 1425),
    Healthy("masks by focal loss and Adamax", _with(w.masks, _stepped(torch.optim.Adamax, 1e-2), _focal), 1426),
    Healthy("moods of three classes by Adam with AMSGrad", lambda seed, _work: pick(mood(seed, classes=3, length=24, count=1400), optimiser=_stepped(torch.optim.Adam, 5e-3, amsgrad=True)), 1427),
    Healthy("emulator mode_h_vae", flood("mode_h_vae"), 1428),
    Healthy("emulator deeplab by NAdam", _flood_with("deeplab", _stepped(torch.optim.NAdam, 4e-3)), 1429),
    Healthy("emulator convgru_unet by Adam", _flood_with("convgru_unet", _stepped(torch.optim.Adam, 4e-3)), 1430),
)  # fmt: skip

SEVENTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 1451),
    Healthy("transformers: BERT of two layers", body(bert), 1452),
    Healthy("monai: UNet", body(unet), 1453),
)

SEVENTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: each column sorted by itself", body(mlp), lambda p: on_input(p, lambda v: v.sort(0).values), C.TARGETS_UNRELATED, 1441, DATA),
    Fault("transformers: validation texts numbered by another vocabulary", body(bert), lambda p: m.valid_only(p, "input_ids", lambda v: (7 * v + 11) % 40), C.SPLIT_SHIFT, 1442, VALID),
    Fault("monai: noise added to a copy of the maps", body(unet), i.clean_given, C.TARGET_IN_INPUT, 1443, DATA),
)  # fmt: skip
