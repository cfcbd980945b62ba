# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The sixth list of faults: mistakes that people tell of, none of them in an earlier list.

It was written, and committed, before the doctor was asked about any of it; so were the names that
are right. Of each fault it says what must differ from the healthy training
(:mod:`inundate.cli.doctor_bench.shown`), and a test sees that it does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench import further as f
from inundate.cli.doctor_bench import mistakes as m
from inundate.cli.doctor_bench import other as o
from inundate.cli.doctor_bench import wider as w
from inundate.cli.doctor_bench.change import both, on_input, on_target, sgd, with_optimiser
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, Samples, pick
from inundate.cli.doctor_bench.strangers import bert, mlp, unet
from inundate.cli.doctor_bench.texts import mood
from inundate.cli.doctor_bench.wrap import After, Through, replace
from inundate.prove.cause import Cause

__all__ = ["SIXTH", "SIXTH_HEALTHY", "SIXTH_STRANGERS", "SIXTH_STRANGER_FAULTS"]


def _scored(p: Parts, threshold: float) -> Parts:
    return pick(p, metric=m.success(threshold))


def _frozen(p: Parts, name: str) -> Parts:
    for weight in p.model.get_submodule(name).parameters():
        weight.requires_grad_(False)
    return p


def _tried(make: m.Make) -> m.Make:
    return m.scheduled(make, lambda step: 0.5**step)


def _ascends(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=5e-3, maximize=True)


def _cosine(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.cosine_similarity(output, target, dim=1).mean()


def _in_place(values: torch.Tensor) -> torch.Tensor:
    found = values.exp()
    found += 1.0
    return found


def _root(values: torch.Tensor) -> torch.Tensor:
    """Guard a square root where it is used and not where it is derived."""
    held = values * (values > 0)
    return torch.where(held > 0, held.sqrt(), 0.0)


def _reshaped(scores: torch.Tensor) -> torch.Tensor:
    """Bring scores (B, K, L) from (B, L, K) by a reshape."""
    return scores.transpose(1, 2).reshape(scores.shape)


def _gate(name: str, weight: torch.Tensor) -> torch.Tensor:
    found = weight.clone()
    if name == "read.bias_ih_l0":
        found[20:40] = 12.0  # the update gate of a GRU of 20
    return found


def _common_first(p: Parts) -> Parts:
    """Weight the loss by how common a class is, not by how rare."""
    seldom = torch.tensor([0.1])
    p = m.a_tenth(p)
    return pick(
        p,
        criterion=lambda out, t: bce(out, t, pos_weight=seldom),
    )


def _no_third(p: Parts) -> Parts:
    """Give targets (B, H, W) to outputs (B, 1, H, W)."""
    return both(p, lambda s: Samples(s.inputs, s.target[:, 0], s.rest))


def _same_weights(model: nn.Module, held: nn.Module) -> nn.Module:
    model.load_state_dict(held.state_dict())
    return model


def _with(make: Any, optimiser: m.Make, criterion: Any) -> Body:
    """Make a body of another one with an optimiser and a loss of its own."""
    return lambda seed, _work: pick(make(seed), optimiser=optimiser, criterion=criterion)


def _flood_with(model: str, optimiser: m.Make) -> Body:
    return lambda seed, work: pick(flood(model)(seed, work), optimiser=optimiser)


bce = functional.binary_cross_entropy_with_logits
C = Cause
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS, SCORE = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "score",
)  # fmt: skip
SIXTH: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("deeplab: depths cut four cells further east", flood("deeplab"), lambda p: on_target(p, lambda t: t.roll(4, -1)), C.AXES_MIXED, 1111, DATA),
    Fault("mode_e: a tenth of the depths in cm", flood("mode_e"), lambda p: m.some_targets(p, 10, lambda t: 100.0 * t), C.UNIT_SLIP, 1112, DATA),
    Fault("unet: logarithm of dry rain", flood("unet"), lambda p: on_input(p, torch.log, "rain"), C.NOT_FINITE_DATA, 1113, DATA),
    Fault("mode_h: network frozen and never thawed", flood("mode_h"), lambda p: _frozen(p, "net"), C.NO_GRADIENT, 1114, GRADIENT),
    Fault("temporal_cnn: mask of known cells turned round in the loss", flood("temporal_cnn"), lambda p: m.with_loss(p, m.mask_turned), C.LOSS_IGNORES, 1115, LOSS),
    Fault("unet: sum over cells at a rate for means", flood("unet"), lambda p: with_optimiser(m.with_loss(p, lambda held, model, batch: 4096.0 * held(model, batch)), sgd(0.05)), C.RATE_TOO_HIGH, 1116, LOSS),
    Fault("convgru_unet: number of the loss made a tensor anew", flood("convgru_unet"), lambda p: m.with_loss(p, m.made_anew), C.NO_GRADIENT, 1117, GRADIENT),
    Fault("lead_cnn: validation pieces are mirrored training pieces", flood("lead_cnn"), m.mirrored_pieces, C.SPLIT_LEAK, 1118, VALID),
    Fault("temporal_cnn: outline of the flood burnt into the terrain", flood("temporal_cnn"), m.outline_burnt_in, C.TARGET_IN_INPUT, 1119, DATA),
    Fault("deeplab: pieces cached by their file", flood("deeplab"), lambda p: pick(p, loader={"choose": m.cached_by_file}), C.LOADER_REPEATS, 1120, BATCHES),
    Fault("convgru_unet: depths in whole metres", flood("convgru_unet"), lambda p: on_target(p, torch.trunc), C.TARGET_CONSTANT, 1121, DATA),
    Fault("mode_e: all weights squared and summed in the loss", flood("mode_e"), lambda p: m.with_loss(p, m.weights_in_loss), C.DECAY_TOO_STRONG, 1122, LOSS),
    Fault("unet: success index at 5 m in place of 5 cm", flood("unet"), lambda p: _scored(p, 5.0), C.METRIC_WRONG, 1123, SCORE),
    Fault("mode_h: layers of the validation terrain in another order", flood("mode_h"), lambda p: m.valid_only(p, "terrain", lambda v: v.flip(1)), C.SPLIT_SHIFT, 1124, VALID),
    Fault("lead_cnn: rate halved after each batch, not each epoch", flood("lead_cnn"), lambda p: with_optimiser(p, _tried(b.optimiser(3e-3))), C.RATE_TOO_LOW, 1125, STEPS),
    Fault("deeplab: -9999 left in the terrain", flood("deeplab"), lambda p: on_input(p, m.no_data_left, "terrain"), C.INPUT_SCALE, 1126, DATA),
    Fault("temporal_cnn: one filter drawn and repeated", flood("temporal_cnn"), m.one_filter, C.SYMMETRIC_START, 1127, OUTPUT),
    # images and tables
    Fault("maps: reshaped to channels first", body(b.blur), lambda p: on_input(p, m.as_channels_first), C.AXES_MIXED, 1131, DATA),
    Fault("segments: image turned at random, mask not", body(b.segmenter), lambda p: pick(p, loader={"change": m.turned_alone}), C.AXES_MIXED, 1132, BATCHES, (C.TARGETS_MISPAIRED,)),
    Fault("denoiser: output (B, 1, H, W), targets (B, H, W)", body(b.denoiser, count=300), lambda p: pick(_no_third(p), criterion=lambda out, t: (out - t).square().mean()), C.SHAPE_BROADCAST, 1133, LOSS),
    Fault("values: two columns of coordinates in m", body(b.table_values), lambda p: on_input(p, m.easting), C.INPUT_SCALE, 1134, DATA),
    Fault("arrivals: rates to a loss of their logarithms", body(f.arrivals, often=-0.7), lambda p: pick(p, model=After(p.model, torch.exp)), C.LOSS_OUTPUT_MISMATCH, 1135, OUTPUT, (C.OUTPUT_RANGE,)),
    Fault("values: pressures in Pa", body(b.table_values), lambda p: on_target(p, lambda t: 101_325.0 + 500.0 * t), C.TARGET_SCALE, 1136, DATA),
    Fault("runoff: log-softmax left at the end", body(w.runoff), lambda p: pick(p, model=After(p.model, lambda t: t.log_softmax(-1))), C.OUTPUT_RANGE, 1137, OUTPUT),
    Fault("patches: first weight taken from the optimiser's list", body(f.patches), lambda p: with_optimiser(p, m.one_taken), C.OPTIMISER_MISSES, 1138, STEPS),
    Fault("digits: layers in a plain list", body(b.digit_mlp), lambda p: pick(p, model=m.Listed(p.model)), C.OPTIMISER_MISSES, 1139, STEPS),
    Fault("digits: hidden layer made in each call", body(b.digit_mlp), lambda p: pick(p, model=m.MadeAnew(p.model)), C.OPTIMISER_MISSES, 1140, OUTPUT, (C.NOISE_TOO_STRONG,)),
    Fault("textures: gradient cleared between backward and step", body(w.residual), m.cleared_between, C.WEIGHTS_DO_NOT_MOVE, 1141, STEPS),
    Fault("digits: second layer starts all negative", body(b.digit_cnn, norm=False), lambda p: m.changed_weights(p, lambda n, v: -v.abs() if n.startswith("4.") else v), C.DEAD_UNITS, 1142, OUTPUT),
    Fault("slopes: cosine similarity is minimised", body(o.slopes), lambda p: pick(p, criterion=_cosine), C.LOSS_SIGN, 1143, LOSS),
    Fault("outlines: Dice with a smoothing of a million", body(f.outlines), lambda p: pick(p, criterion=lambda out, t: f.dice_loss(out, t, 1e6), optimiser=sgd(0.3, momentum=0.9)), C.LOSS_FLOOR, 1144, LOSS),
    Fault("digits: half precision, Adam's usual epsilon", body(b.digit_mlp), m.half_as_it_is, C.PRECISION, 1145, STEPS),
    Fault("fine maps: root of 0, guarded forwards alone", body(w.upscale), lambda p: pick(p, model=replace(p.model, "1", lambda _m: Through(_root))), C.NOT_FINITE_OUTPUT, 1146, GRADIENT),
    Fault("slopes: kernels of one cell", body(o.slopes), lambda p: pick(p, model=nn.Sequential(nn.Conv2d(1, 12, 1), nn.LeakyReLU(0.1), nn.Conv2d(12, 2, 1))), C.CANNOT_FIT, 1147, OUTPUT),
    Fault("values: activations left out", body(b.table_values), m.without_activations, C.CANNOT_FIT, 1148, OUTPUT),
    Fault("textures: noise of 30 added to images of 1", body(w.residual), lambda p: pick(p, loader={"change": m.noisy_images}), C.NOISE_TOO_STRONG, 1149, BATCHES),
    Fault("digits: labels in the order of names, 10 before 2", body(b.digit_cnn), m.by_name, C.TARGETS_UNRELATED, 1150, DATA),
    Fault("classes: number of the row in a sorted file", body(b.table_classes), m.row_numbers, C.TARGET_IN_INPUT, 1151, DATA),
    Fault("levels: windows that overlap, split at random", body(f.levels), lambda p: m.overlapping(p, 1152), C.SPLIT_LEAK, 1152, VALID),
    Fault("maps: channels of the validation maps exchanged", body(b.blur), lambda p: m.valid_only(p, "input", lambda v: v.flip(1)), C.SPLIT_SHIFT, 1153, VALID),
    Fault("digits: a shuffle buffer of forty over a sorted file", body(b.digit_cnn), m.small_buffer, C.LOADER_SORTED, 1154, BATCHES),
    Fault("digits: pixels scaled in training alone", body(b.digit_cnn), lambda p: pick(on_input(p, lambda v: 255 * (0.37 * v + 0.3)), model=m.ScaledInTraining(p.model)), C.TRAIN_EVAL_GAP, 1155, OUTPUT),
    Fault("spots: rate times 1.5 after each batch", body(w.spots), lambda p: with_optimiser(p, m.scheduled(b.optimiser(1e-2), lambda s: 1.5 ** min(s, 60))), C.RATE_TOO_HIGH, 1156, STEPS),
    Fault("denoiser: last bias starts at 60", body(b.denoiser), lambda p: m.changed_weights(p, lambda n, v: torch.full_like(v, 60.0) if n == "out.bias" else v), C.BAD_START, 1157, OUTPUT),
    Fault("digits: all weights drawn from 0 to 1", body(b.digit_cnn, norm=False), lambda p: m.changed_weights(p, lambda _n, v: torch.rand(v.shape, generator=torch.Generator().manual_seed(v.numel()))), C.BAD_START, 1158, OUTPUT),
    Fault("runoff: update gate that starts closed", body(w.runoff), lambda p: m.changed_weights(p, _gate), C.SATURATED, 1159, OUTPUT, (C.BAD_START,)),
    Fault("values: all products of three columns for ninety rows", body(b.table_values, features=16), m.powers, C.MEMORISES, 1160, DATA),
    Fault("gauges: a sixth of the rows in kelvin", body(f.gauges), lambda p: m.some_inputs(p, 6, lambda v: v + 273.15), C.UNIT_SLIP, 1161, DATA),
    Fault("slopes: exponential changed in place", body(o.slopes), lambda p: pick(p, model=replace(p.model, "1", lambda _m: Through(_in_place))), C.DOES_NOT_RUN, 1162, GRADIENT),
    Fault("classes: optimiser told to maximise", body(b.table_classes), lambda p: with_optimiser(p, _ascends), C.STEP_WRONG, 1163, STEPS, (C.LOSS_SIGN,)),
    Fault("autoencoder: mean of weights taken the wrong way", body(b.autoencoder), m.mean_the_wrong_way, C.STEP_WRONG, 1164, STEPS),
    # texts
    Fault("letters: mask of empty places turned round", body(f.letters), lambda p: pick(p, model=_same_weights(m.MaskTurned(24, 3), p.model)), C.IGNORES_INPUT, 1171, OUTPUT, (C.PADDING,)),
    Fault("topics: validation texts with a vocabulary of their own", body(f.topics), m.numbered_anew, C.SPLIT_SHIFT, 1172, VALID),
    Fault("moods: texts of a batch sorted by length, labels not", body(mood), lambda p: pick(p, loader={"change": m.by_length}), C.TARGETS_MISPAIRED, 1173, BATCHES),
    Fault("tags: the commonest tag is the one to ignore", body(w.tagger), lambda p: pick(p, criterion=lambda out, t: functional.cross_entropy(out, t, ignore_index=0)), C.LOSS_IGNORES, 1174, LOSS),
    Fault("tags: scores reshaped in place of transposed", body(w.tagger), lambda p: pick(p, model=After(p.model, _reshaped)), C.AXES_MIXED, 1175, OUTPUT, (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("next words: state carried over with its history", body(o.next_words), lambda p: pick(p, model=m.Carried(p.model)), C.DOES_NOT_RUN, 1176, STEPS),
    Fault("pairs of words: a word beyond the vocabulary in three texts", body(w.bigrams), m.unknown_word, C.DOES_NOT_RUN, 1177, DATA),
    Fault("subjects: weighted by how common a class is", body(b.bag_of_words), _common_first, C.MAJORITY_COLLAPSE, 1178, LOSS),
    Fault("matches: training pairs shared again in validation", body(w.matcher), m.shared_again, C.SPLIT_LEAK, 1179, VALID),
    Fault("subjects: hinge of labels 0 and 1", body(b.bag_of_words), lambda p: pick(p, criterion=m.hinge), C.LOSS_IGNORES, 1180, LOSS, (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("matches: softmax over one logit", body(w.matcher), lambda p: pick(p, model=After(p.model, lambda t: t.softmax(1)), criterion=functional.binary_cross_entropy), C.OUTPUT_RANGE, 1181, OUTPUT, (C.LOSS_OUTPUT_MISMATCH, C.IGNORES_INPUT)),
    Fault("moods: filled up in front, then cut off behind", body(mood), m.cut_off, C.DEAD_INPUT, 1182, DATA),
    Fault("letters: mean over 220 places, most of them empty", body(f.letters), lambda p: pick(p, model=m.Unmasked(p.model)), C.PADDING, 1183, OUTPUT),
    Fault("keywords: a plain recurrent network over 142 words", body(b.keyword), m.long_behind, C.VANISHING_GRADIENT, 1184, OUTPUT),
    Fault("order: gradient cleared once an epoch", body(b.order), lambda p: with_optimiser(m.cleared_each_epoch(p), sgd(0.1)), C.GRADIENT_ACCUMULATES, 1185, STEPS),
    Fault("counts: a step each 64 batches of an epoch of fewer", body(b.counter), m.never_enough, C.WEIGHTS_DO_NOT_MOVE, 1186, STEPS),
    Fault("keywords: first sample of each batch alone", body(b.keyword), lambda p: pick(p, loader={"change": m.first_alone}), C.LOADER_STARVES, 1188, BATCHES),
    Fault("order: keeps what it should drop of the words", body(b.order), lambda p: pick(p, loader={"change": m.words_dropped}), C.NOISE_TOO_STRONG, 1189, BATCHES),
    Fault("letters: texts without a word", body(f.letters), m.empty_texts, C.NOT_FINITE_OUTPUT, 1190, DATA),
    Fault("letters: a warm-up of a million steps", body(f.letters), lambda p: with_optimiser(p, m.scheduled(b.optimiser(3e-3), lambda s: (s + 1) * 1e-6)), C.RATE_TOO_LOW, 1191, STEPS),
)  # fmt: skip


SIXTH_HEALTHY: tuple[Healthy, ...] = (
    Healthy("quantiles by SGD with momentum", body(f.quantiles), 1211),
    Healthy("arrivals, log rates by RMSprop", body(f.arrivals), 1212),
    Healthy("gauges, mean and variance", body(f.gauges), 1213),
    Healthy("levels by dilated convolutions", body(f.levels), 1214),
    Healthy("outlines by Dice and Adamax", body(f.outlines), 1215),
    Healthy("outlines, 18 cells", body(f.outlines, side=18, count=240), 1216),
    Healthy("patches by a transformer and NAdam", body(f.patches), 1217),
    Healthy("topics, several right, by RAdam", body(f.topics), 1218),
    Healthy("letters, padding masked", body(f.letters), 1219),
    Healthy("letters in 40 places", body(f.letters, length=40, width=32), 1220),
    Healthy("digits by margins and Adagrad", _with(b.digit_mlp, lambda model: torch.optim.Adagrad(model.parameters(), lr=0.05), functional.multi_margin_loss), 1221),
    Healthy("denoiser by absolute error and Adamax", _with(b.denoiser, lambda model: torch.optim.Adamax(model.parameters(), lr=1e-2), nn.functional.l1_loss), 1222),
    Healthy("segments, smoothed labels, SGD with momentum", _with(b.segmenter, sgd(0.1, momentum=0.9), lambda out, t: functional.cross_entropy(out, t, label_smoothing=0.1)), 1223),
    Healthy("autoencoder by RMSprop", _with(b.autoencoder, lambda model: torch.optim.RMSprop(model.parameters(), lr=1e-3), nn.functional.smooth_l1_loss), 1224),
    Healthy("matches by SGD with momentum", _with(w.matcher, sgd(0.3, momentum=0.9), bce), 1225),
    Healthy("runoff by absolute error and NAdam", _with(w.runoff, lambda model: torch.optim.NAdam(model.parameters(), lr=5e-3), nn.functional.l1_loss), 1226),
    Healthy("emulator mode_e", flood("mode_e"), 1227),
    Healthy("emulator unet by RAdam", _flood_with("unet", lambda model: torch.optim.RAdam(model.parameters(), lr=5e-3)), 1228),
    Healthy("emulator lead_cnn by Adamax", _flood_with("lead_cnn", lambda model: torch.optim.Adamax(model.parameters(), lr=5e-3)), 1229),
    Healthy("emulator temporal_cnn", flood("temporal_cnn"), 1230),
)  # fmt: skip

SIXTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 1251),
    Healthy("transformers: BERT of two layers", body(bert), 1252),
    Healthy("monai: UNet", body(unet), 1253),
)

SIXTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: labels in the order of names, 10 before 2", body(mlp), m.by_name, C.TARGETS_UNRELATED, 1241, DATA),
    Fault("transformers: body frozen and never thawed", body(bert), lambda p: _frozen(p, "bert"), C.NO_GRADIENT, 1242, GRADIENT),
    Fault("monai: output (B, 1, H, W), targets (B, H, W)", body(unet), lambda p: pick(_no_third(p), criterion=lambda out, t: (out - t).square().mean()), C.SHAPE_BROADCAST, 1243, LOSS),
)  # fmt: skip
