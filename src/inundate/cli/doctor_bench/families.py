# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""Faults by their families: what people tell of when a model does not learn.

A list to tune the rules on, never one to count by. Beside each family stands something healthy
that looks like it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench import family_bodies as h
from inundate.cli.doctor_bench import family_parts as m
from inundate.cli.doctor_bench import further as f
from inundate.cli.doctor_bench import other as o
from inundate.cli.doctor_bench import wider as w
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
from inundate.cli.doctor_bench.texts import mood
from inundate.cli.doctor_bench.wrap import Through, replace
from inundate.prove.cause import Cause

__all__ = ["FAMILIES", "FAMILIES_HEALTHY"]

C = Cause
bce = functional.binary_cross_entropy_with_logits


def _called(p: Parts, how: Any) -> Parts:
    return pick(p, model=m.Called(p.model, how))


def _load(p: Parts, **own: Any) -> Parts:
    return pick(p, loader=own)


def _squared_classes(out: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return functional.mse_loss(out, t.float()[:, None].expand_as(out))


def _penalty(p: Parts, much: float) -> Parts:
    held = p.criterion

    def loss(model: nn.Module, batch: Any) -> torch.Tensor:
        assert held is not None
        found: torch.Tensor = held(model(batch["inputs"]["input"]), batch["target"])
        return found + much * sum(v.square().sum() for v in model.parameters())

    return pick(p, loss=loss)


def _late(p: Parts) -> Parts:
    optimiser = torch.optim.Adam(p.model.parameters(), lr=5e-3)
    p.model.tell = nn.Linear(20, 1)
    return pick(p, optimiser=optimiser)


def _leak(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        maps = samples.inputs["input"].clone()
        maps[:, 1:] = 0.3 * samples.target + 2.0
        return add(samples, {"input": maps})

    return both(p, of)


FAMILIES: tuple[Fault, ...] = (
    # axes, reshapes, samples and time
    Fault("tides: batch_first forgotten", body(h.tides), m.time_first, C.AXES_MIXED, 2001),
    Fault("order: attention over samples", body(b.order, width=20), m.attends_samples, C.AXES_MIXED, 2002),
    Fault("tides: gauges and times read the wrong way round", body(h.tides, steps=21), m.channels_last, C.AXES_MIXED, 2003),
    Fault("slopes: output with rows and columns exchanged", body(o.slopes, side=12), lambda p: after(p, lambda t: t.transpose(-1, -2)), C.AXES_MIXED, 2004),
    Fault("fields: a view in the model mixes places", body(b.blur, side=12), lambda p: before(p, lambda x: x.permute(0, 3, 1, 2).reshape(x.shape)), C.AXES_MIXED, 2005),
    Fault("keywords: softmax over the samples of a batch in the middle", body(b.bag_of_words), lambda p: pick(p, model=replace(p.model, "0", lambda e: nn.Sequential(e, nn.Softmax(0)))), C.AXES_MIXED, 2006),
    Fault("segments: mirrored in half of the batches, masks not", body(b.segmenter, side=14), lambda p: _load(p, change=m.mirrored_alone), C.AXES_MIXED, 2007, "", (C.TARGETS_MISPAIRED,)),
    Fault("denoiser: target upside down", body(b.denoiser, side=14), lambda p: on_target(p, lambda t: t.flip(-2)), C.AXES_MIXED, 2008),
    # the loss
    Fault("digits: softmax before cross-entropy", body(b.digit_mlp, width=32), lambda p: after(p, lambda t: t.softmax(1)), C.LOSS_OUTPUT_MISMATCH, 2011),
    Fault("stains: square error of scores and class numbers", body(h.stains), lambda p: with_loss(p, _squared_classes), C.LOSS_OUTPUT_MISMATCH, 2012, "", (C.SHAPE_BROADCAST, C.LOSS_IGNORES)),
    Fault("stains: likelihood of plain scores", body(h.stains, side=10), lambda p: with_loss(p, functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 2013),
    Fault("classes: ReLU behind the last layer of one logit", body(b.bag_of_words, width=12), lambda p: after(p, functional.relu), C.OUTPUT_RANGE, 2014, "", (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("slopes: only the first channel is scored", body(o.slopes), lambda p: with_loss(p, lambda out, t: functional.mse_loss(out[:, :1], t[:, :1])), C.LOSS_IGNORES, 2015),
    Fault("runoff: only the last step is scored", body(w.runoff), lambda p: with_loss(p, lambda out, t: functional.mse_loss(out[:, -1], t[:, -1])), C.LOSS_IGNORES, 2016),
    Fault("segments: class 1 is ignored", body(b.segmenter, side=12), lambda p: with_loss(p, lambda out, t: functional.cross_entropy(out, t, ignore_index=1)), C.LOSS_IGNORES, 2017),
    Fault("values: means of a batch are compared", body(b.table_values, features=6), lambda p: with_loss(p, lambda out, t: (out.mean() - t.mean()).square()), C.LOSS_IGNORES, 2018),
    Fault("values: the negative of the error", body(b.table_values), lambda p: with_loss(p, lambda out, t: -functional.mse_loss(out, t)), C.LOSS_SIGN, 2019),
    Fault("values: target (B,), output (B, 1)", body(b.table_values, features=5), lambda p: with_loss(on_target(p, lambda t: t[:, 0]), lambda out, t: (out - t).abs().mean()), C.SHAPE_BROADCAST, 2020),
    Fault("outlines: Dice with an epsilon of a hundred thousand", body(f.outlines, side=12), lambda p: with_loss(p, lambda out, t: f.dice_loss(out, t, 1e5)), C.LOSS_FLOOR, 2021),
    Fault("classes: labels smoothed by nine tenths", body(b.table_classes, features=8), lambda p: with_loss(p, lambda out, t: functional.cross_entropy(out, t, label_smoothing=0.97)), C.LOSS_FLOOR, 2022),
    Fault("tags: the loss counts what is filled up", body(w.tagger, count=600), lambda p: m.padded_tags(pick(p, model=w._Tagger(16, 4)), ignored=False), C.PADDING, 2023),
    # the model
    Fault("digits: convolutions without an activation", body(b.digit_cnn, norm=False), lambda p: pick(p, model=nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.Conv2d(12, 12, 3, padding=1), nn.Flatten(), nn.Linear(12 * 64, 10))), C.CANNOT_FIT, 2031),
    Fault("angles: layers without activations", body(o.angles, width=24), lambda p: pick(p, model=nn.Sequential(nn.Linear(6, 24), nn.Linear(24, 24), nn.Linear(24, 2))), C.CANNOT_FIT, 2032),
    Fault("counts: dropout of a function, always on", body(b.counter), lambda p: pick(p, model=replace(p.model, "tell", lambda t: nn.Sequential(Through(lambda v: functional.dropout(v, 0.97)), t))), C.NOISE_TOO_STRONG, 2033, "", (C.TRAIN_EVAL_GAP,)),
    Fault("values: noise added in the model", body(b.table_values, width=24), lambda p: before(p, lambda x: x + 20 * torch.randn_like(x)), C.NOISE_TOO_STRONG, 2034),
    Fault("tides: one gauge is sliced away", body(h.tides), lambda p: before(p, lambda x: torch.cat([x[..., :2], torch.zeros_like(x[..., 2:])], -1)), C.IGNORES_INPUT, 2035),
    Fault("stains: only the upper left corner is read", body(h.stains), lambda p: before(p, lambda x: functional.pad(x[..., :4, :4], (0, 8, 0, 8))), C.IGNORES_INPUT, 2036),
    Fault("reports: the numbers are not joined", body(o.reports), lambda p: _called(p, lambda model, tokens, numbers: model(tokens, 0 * numbers)), C.IGNORES_INPUT, 2037),
    Fault("moods: filler read for words", body(mood, pool="max"), lambda p: before(p, lambda x: torch.where(x == 0, x, 1)), C.IGNORES_INPUT, 2038, "", (C.PADDING,)),
    Fault("digits: all biases at -20 before a ReLU", body(b.digit_mlp), lambda p: m.bias_to(p, "1.", -20.0), C.DEAD_UNITS, 2039),
    Fault("runoff: gates closed by their bias", body(w.runoff, width=16), lambda p: m.on_weights(p, lambda n, v: v.new_tensor([0.0] * 16 + [9.0] * 16 + [0.0] * 16) if n == "read.bias_hh_l0" else v), C.SATURATED, 2040, "", (C.BAD_START,)),
    Fault("angles: weights drawn from N(0, 1)", body(o.angles), lambda p: m.on_weights(p, lambda _n, v: 3 * torch.randn(v.shape, generator=torch.Generator().manual_seed(v.numel()))), C.BAD_START, 2041, "", (C.SATURATED,)),
    Fault("textures: weights ten times too large", body(w.residual), lambda p: m.on_weights(p, lambda _n, v: 12 * v), C.BAD_START, 2042),
    Fault("values: weights a thousand times too small", body(b.table_values), lambda p: m.on_weights(with_optimiser(p, sgd(0.05)), lambda _n, v: v * 1e-4), C.BAD_START, 2043, "", (C.VANISHING_GRADIENT,)),
    Fault("tides: all weights 0.1", body(h.tides), lambda p: m.on_weights(p, lambda _n, v: torch.full_like(v, 0.1)), C.SYMMETRIC_START, 2044),
    Fault("values: detached in the middle", body(b.table_values), lambda p: pick(p, model=replace(p.model, "1", lambda _m: Through(lambda v: functional.relu(v.detach())))), C.NO_GRADIENT, 2045),
    Fault("tides: 160 steps ago by a plain RNN", body(h.tides, steps=12), lambda p: pick(on_input(p, lambda v: torch.cat([v, torch.randn(len(v), 120, 3, generator=torch.Generator().manual_seed(1))], 1)), model=replace(p.model, "read", lambda _m: nn.RNN(3, 20, batch_first=True))), C.VANISHING_GRADIENT, 2046),
    Fault("values: eighteen layers of sigmoids", body(b.table_values), lambda p: pick(p, model=nn.Sequential(nn.Linear(8, 16), *[x for _ in range(18) for x in (nn.Sigmoid(), nn.Linear(16, 16))], nn.Linear(16, 1))), C.VANISHING_GRADIENT, 2047),
    Fault("spots: ReLU behind the last layer", body(w.spots), lambda p: after(p, functional.relu), C.OUTPUT_RANGE, 2048),
    Fault("runoff: tanh behind the last layer", body(w.runoff), lambda p: after(p, torch.tanh), C.OUTPUT_RANGE, 2049),
    Fault("stains: a bottleneck of one unit", body(h.stains), lambda p: pick(p, model=nn.Sequential(nn.Flatten(), nn.Linear(144, 1), nn.ReLU(), nn.Linear(1, 6))), C.CANNOT_FIT, 2051, "", (C.DEAD_UNITS,)),
    # the step and the optimiser
    Fault("values: gradient turned round", body(b.table_values), lambda p: m.stepping(p, before=m.turned_gradient), C.STEP_WRONG, 2061),
    Fault("classes: gradient drowned in noise", body(b.table_classes), lambda p: m.stepping(with_optimiser(p, sgd(0.1)), before=m.noisy_gradient), C.STEP_WRONG, 2062, "", (C.NOISE_TOO_STRONG,)),
    Fault("values: gradient clipped to a billionth", body(b.table_values), lambda p: m.stepping(with_optimiser(p, sgd(0.1)), before=m.clipped_to_nothing), C.STEP_WRONG, 2063, "", (C.WEIGHTS_DO_NOT_MOVE,)),
    Fault("digits: weights clamped to a hundredth", body(b.digit_mlp), lambda p: m.stepping(p, after=m.clamped_weights), C.STEP_WRONG, 2064),
    Fault("tides: first weights loaded after each step", body(h.tides), m.first_weights, C.WEIGHTS_DO_NOT_MOVE, 2065, "", (C.STEP_WRONG,)),
    Fault("values: a hundred times all squared weights in the loss", body(b.table_values), lambda p: _penalty(p, 1.0), C.DECAY_TOO_STRONG, 2066),
    Fault("stains: Adam at 0.5", body(h.stains), lambda p: with_optimiser(p, lambda model: torch.optim.Adam(model.parameters(), lr=0.5)), C.RATE_TOO_HIGH, 2067),
    Fault("tides: SGD at 1e-6", body(h.tides), lambda p: with_optimiser(p, sgd(1e-6)), C.RATE_TOO_LOW, 2068),
    # data and loaders
    Fault("values: noise of three added to targets anew", body(b.table_values), lambda p: _load(p, change=m.noisy_targets), C.NOISE_TOO_STRONG, 2071),
    Fault("classes: six in ten labels drawn anew", body(b.table_classes), lambda p: _load(p, change=m.guessed_labels), C.NOISE_TOO_STRONG, 2072, "", (C.TARGETS_MISPAIRED,)),
    Fault("tides: each has the level of the next", body(h.tides), m.off_by_one, C.TARGETS_UNRELATED, 2073, "", (C.TARGETS_MISPAIRED,)),
    Fault("gauges: one column of a sixth of the rows in kelvin", body(f.gauges), lambda p: m.some_column(p, 3, 6, lambda v: v + 273.15), C.UNIT_SLIP, 2074),
    Fault("values: one column of a fifth of the rows in mm", body(b.table_values), lambda p: m.some_column(p, 0, 5, lambda v: 1000 * v), C.UNIT_SLIP, 2075),
    Fault("spots: a seventh of the targets a thousand times too large", body(w.spots), lambda p: pick(p, train=add(p.train, {}, torch.where((torch.arange(len(p.train)) % 7 == 0)[:, None], 1000 * p.train.target, p.train.target))), C.UNIT_SLIP, 2076, "", (C.TARGET_SCALE,)),
    Fault("values: validated on noisy copies", body(b.table_values), m.noisy_copies, C.SPLIT_LEAK, 2077),
    Fault("denoiser: validated two cells beside", body(b.denoiser, side=19), m.shifted_cuts, C.SPLIT_LEAK, 2078),
    Fault("digits: two batches an epoch", body(b.digit_mlp), lambda p: _load(p, choose=lambda order, _rng: order[:64]), C.LOADER_STARVES, 2080),
    Fault("digits: each batch twice", body(b.digit_mlp, count=600), lambda p: _load(p, choose=lambda order, _rng: order[: len(order) // 64 * 32].reshape(-1, 32).repeat(2, 0).flatten()), C.LOADER_REPEATS, 2081),
    Fault("values: inputs a million times too large", body(b.table_values), lambda p: on_input(p, lambda v: 1e6 * v), C.INPUT_SCALE, 2082),
    Fault("tides: targets in tenths of mm", body(h.tides), lambda p: on_target(p, lambda t: 1e4 * t + 5e4), C.TARGET_SCALE, 2083),
    Fault("classes: labels of validation in another order", body(b.table_classes), lambda p: pick(p, valid=add(p.valid, {}, (p.valid.target + 1) % 3)), C.SPLIT_SHIFT, 2084),
    Fault("stains: images as bytes of 0 to 1", body(h.stains), lambda p: on_input(p, lambda v: (v * 0.4).clamp(0, 1).byte().float()), C.DEAD_INPUT, 2085),
    # a second round
    Fault("classes: labels from 1 to 3", body(b.table_classes), lambda p: on_target(p, lambda t: t + 1), C.DOES_NOT_RUN, 2201),
    Fault("values: rows in double precision", body(b.table_values), lambda p: on_input(p, lambda v: v.double()), C.DOES_NOT_RUN, 2202),
    Fault("values: a mapping without scores is given", body(b.table_values), lambda p: after(p, lambda t: None), C.DOES_NOT_RUN, 2203),
    Fault("tides: the worst sample of a batch alone is scored", body(h.tides), lambda p: with_loss(p, lambda out, t: (out - t).square().max()), C.LOSS_IGNORES, 2204),
    Fault("stains: class 2 has the weight 0", body(h.stains), lambda p: with_loss(p, lambda out, t: functional.cross_entropy(out, t, weight=torch.tensor([1.0, 1, 0, 1, 1, 1]))), C.LOSS_IGNORES, 2205),
    Fault("subjects: likelihood of probabilities that are no logarithms", body(b.table_classes), lambda p: with_loss(after(p, lambda t: t.softmax(1)), functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 2206, "", (C.LOSS_FLOOR,)),
    Fault("digits: tanh behind the last layer", body(b.digit_mlp), lambda p: after(p, torch.tanh), C.LOSS_OUTPUT_MISMATCH, 2207, "", (C.OUTPUT_RANGE,)),
    Fault("subjects: logits held between -0.5 and 0.5", body(b.bag_of_words), lambda p: after(p, lambda t: t.clamp(-0.5, 0.5)), C.OUTPUT_RANGE, 2208, "", (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("angles: the first layer's rate is 0", body(o.angles), lambda p: with_optimiser(p, lambda net: torch.optim.Adam([{"params": net[:3].parameters(), "lr": 0.0}, {"params": net[3:].parameters(), "lr": 5e-3}])), C.WEIGHTS_DO_NOT_MOVE, 2209, "", (C.OPTIMISER_MISSES,)),
    Fault("tides: last layer replaced after the optimiser was made", body(h.tides), lambda p: _late(p), C.OPTIMISER_MISSES, 2210),
    Fault("values: trained on thirty rows of forty numbers", body(b.table_values, features=20), lambda p: pick(p, train=m.few(p.train, 30), size=10), C.MEMORISES, 2211),
    Fault("digits: trained on thirty images by a wide network", body(b.digit_mlp, width=256), lambda p: pick(p, train=m.few(p.train, 30), size=10), C.MEMORISES, 2212),
    Fault("stains: mean of the whole map before the last layer", body(h.stains), lambda p: pick(p, model=nn.Sequential(nn.Conv2d(1, 10, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10, 6))), C.CANNOT_FIT, 2213),
    Fault("tides: read by a kernel of one step", body(h.tides), lambda p: pick(p, model=m.OneStep()), C.CANNOT_FIT, 2214, "", (C.IGNORES_INPUT,)),
    Fault("values: SGD at 30", body(b.table_values), lambda p: with_optimiser(p, sgd(30.0)), C.RATE_TOO_HIGH, 2215),
    Fault("tags: decay of 2 by AdamW", body(w.tagger), lambda p: with_optimiser(p, lambda net: torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=20.0)), C.DECAY_TOO_STRONG, 2216),
    Fault("digits: dropout of 0.97 at the input", body(b.digit_mlp), lambda p: pick(p, model=nn.Sequential(nn.Dropout(0.97), p.model)), C.NOISE_TOO_STRONG, 2217),
    Fault("tides: a channel of zeros", body(h.tides), lambda p: on_input(p, lambda v: torch.cat([v[..., :2], torch.zeros_like(v[..., 2:])], -1)), C.DEAD_INPUT, 2218),
    Fault("keywords: all words unknown", body(b.keyword), lambda p: on_input(p, lambda v: torch.ones_like(v)), C.DEAD_INPUT, 2219),
    Fault("blur: target stands beside the inputs with another unit", body(b.blur), lambda p: _leak(p), C.TARGET_IN_INPUT, 2220),
    Fault("tides: the window reaches over the target", body(h.tides), lambda p: m.reaches(p), C.TARGET_IN_INPUT, 2221),
    Fault("digits: validation images darker by a half", body(b.digit_cnn, norm=False), lambda p: pick(p, valid=add(p.valid, {"input": 0.2 * p.valid.inputs["input"] - 1.5})), C.SPLIT_SHIFT, 2222),
    Fault("denoiser: validation maps upside down alone", body(b.blur), lambda p: pick(p, valid=add(p.valid, {"input": p.valid.inputs["input"].flip(-2)})), C.SPLIT_SHIFT, 2223, "", (C.AXES_MIXED,)),
    Fault("runoff: absolute value of targets of both signs", body(w.runoff), lambda p: after(p, torch.abs), C.OUTPUT_RANGE, 2224),
    Fault("values: logarithm of a negative in the loss", body(b.table_values), lambda p: with_loss(p, lambda out, t: (out.log() - t.log()).square().mean()), C.NOT_FINITE_OUTPUT, 2225),
    Fault("runoff: forty plain layers", body(b.table_values), lambda p: pick(p, model=nn.Sequential(nn.Linear(8, 12), *[x for _ in range(40) for x in (nn.ReLU(), nn.Linear(12, 12))], nn.Linear(12, 1))), C.VANISHING_GRADIENT, 2226),
    Fault("counts: 3 % of the second class", body(b.counter), lambda p: m.rare(p, 0.03), C.MAJORITY_COLLAPSE, 2227),
    Fault("values: batches sorted by the target", body(b.table_values), lambda p: _load(p, choose=lambda _o, _r: p.train.target[:, 0].argsort().numpy()), C.LOADER_SORTED, 2228),
    Fault("blur: batch statistics that are never gathered", body(b.blur), lambda p: pick(p, model=m.unsteady(p.model)), C.TRAIN_EVAL_GAP, 2229),
    Fault("values: rounded to whole numbers in the middle", body(b.table_values), lambda p: pick(p, model=replace(p.model, "1", lambda _m: Through(torch.round))), C.NO_GRADIENT, 2230),
    Fault("stains: gradient never cleared", body(h.stains), lambda p: m.never_cleared(with_optimiser(p, sgd(0.05))), C.GRADIENT_ACCUMULATES, 2231),
    Fault("values: half of the rows of another table", body(b.table_values), lambda p: m.shuffled(p), C.TARGETS_UNRELATED, 2232),
    Fault("digits: images and labels shuffled by two permutations", body(b.digit_mlp), lambda p: _load(p, change=m.torn), C.TARGETS_MISPAIRED, 2233),
    # a third round
    Fault("masks: targets of 0 and 255", body(w.masks), lambda p: on_target(p, lambda t: 255 * t), C.TARGET_SCALE, 2301, "", (C.LOSS_OUTPUT_MISMATCH,)),
    Fault("next words: read from both ends", body(o.next_words, width=16), lambda p: pick(p, model=m.both_ends(p.model)), C.TARGET_IN_INPUT, 2302),
    Fault("values: -9999 where a number is missing", body(b.table_values), lambda p: on_input(p, lambda v: torch.where(v > 1.8, -9999.0, v)), C.INPUT_SCALE, 2303),
    Fault("spots: targets scaled in training alone", body(w.spots), lambda p: pick(p, valid=add(p.valid, {}, 26 * p.valid.target + 40)), C.SPLIT_SHIFT, 2304),
    Fault("classes: validation of a class that training lacks", body(b.table_classes), lambda p: pick(p, train=m.without(p.train, 2)), C.SPLIT_SHIFT, 2305),
    Fault("tides: Adam with an epsilon of 30", body(h.tides), lambda p: with_optimiser(p, lambda net: torch.optim.Adam(net.parameters(), lr=8e-3, eps=30.0)), C.RATE_TOO_LOW, 2306),
    Fault("values: the loss divided by a million before SGD", body(b.table_values), lambda p: m.stepping(with_optimiser(p, sgd(0.1)), scale=1e-6), C.STEP_WRONG, 2307, "", (C.RATE_TOO_LOW,)),
    Fault("digits: gradient of the first layer set to 0 by a hook", body(b.digit_mlp), lambda p: m.hooked(p, "1.weight"), C.NO_GRADIENT, 2308),
    Fault("order: words without their places", body(b.order), lambda p: m.on_weights(pick(p, model=m.placeless(p.model)), lambda _n, v: v), C.CANNOT_FIT, 2310, "", (C.MEMORISES,)),
    Fault("runoff: dropout of 0.9 behind the last layer", body(w.runoff), lambda p: after(p, lambda t: functional.dropout(t, 0.95)), C.NOISE_TOO_STRONG, 2311, "", (C.TRAIN_EVAL_GAP,)),
    Fault("moods: texts cut to their first word", body(mood), lambda p: on_input(p, lambda v: torch.where(torch.arange(40)[None] < 1, v, 0)), C.DEAD_INPUT, 2312, "", (C.TARGETS_UNRELATED, C.MEMORISES)),
    Fault("stains: likelihood turned: correct ones are lessened", body(h.stains), lambda p: with_loss(p, lambda out, t: functional.nll_loss(-out.log_softmax(1), t)), C.LOSS_SIGN, 2313),
    Fault("values: SGD with a momentum of 0.999", body(b.table_values), lambda p: with_optimiser(p, sgd(0.3, momentum=0.999)), C.RATE_TOO_HIGH, 2314),
    Fault("textures: first batch again and again", body(w.residual), lambda p: _load(p, choose=lambda order, _r: order[:32].repeat(len(order) // 32)), C.LOADER_REPEATS, 2315),
    Fault("tides: series and levels from two shuffles", body(h.tides), m.shuffled, C.TARGETS_UNRELATED, 2316),
    Fault("denoiser: clean map given as the second channel", body(b.denoiser), lambda p: m.beside(p), C.TARGET_IN_INPUT, 2317),
    # a fourth round
    Fault("stains: validation images with rows and columns exchanged", body(h.stains), lambda p: pick(p, valid=add(p.valid, {"input": p.valid.inputs["input"].transpose(-1, -2)})), C.SPLIT_SHIFT, 2401),
    Fault("tides: validation series from their end", body(h.tides), lambda p: pick(p, valid=add(p.valid, {"input": p.valid.inputs["input"].flip(1)})), C.SPLIT_SHIFT, 2402),
    Fault("autoencoder: sigmoid behind the last layer", body(b.autoencoder), lambda p: after(p, torch.sigmoid), C.OUTPUT_RANGE, 2403),
    Fault("fine maps: reshaped in place of shuffled", body(w.upscale), lambda p: pick(p, model=replace(p.model, "5", lambda _m: Through(lambda t: t.reshape(len(t), 1, 16, 16)))), C.AXES_MIXED, 2404),
    Fault("matches: answers of other questions", body(w.matcher), lambda p: on_input(p, lambda v: v.roll(1, 0), "answer"), C.TARGETS_UNRELATED, 2405, "", (C.TARGETS_MISPAIRED,)),
    Fault("angles: targets in tenths of degrees", body(o.angles), lambda p: on_target(p, lambda t: 1800 + 1800 * t), C.TARGET_SCALE, 2406),
    Fault("levels: targets as whole numbers of metres", body(f.levels), lambda p: on_target(p, lambda t: (t / 9).trunc()), C.TARGET_CONSTANT, 2407),
    Fault("masks: level left at 0", body(w.masks), lambda p: on_input(p, torch.zeros_like, "level"), C.DEAD_INPUT, 2408),
    Fault("digits: labels of training in another order", body(b.digit_mlp), lambda p: pick(p, train=add(p.train, {}, (3 * p.train.target + 4) % 10)), C.SPLIT_SHIFT, 2409),
    Fault("patches: NAdam at 0.5", body(f.patches), lambda p: with_optimiser(p, lambda net: torch.optim.NAdam(net.parameters(), lr=0.5)), C.RATE_TOO_HIGH, 2410),
    Fault("keywords: words as numbers of one bit", body(b.keyword), lambda p: on_input(p, lambda v: v % 2), C.TARGETS_UNRELATED, 2411, "", (C.DEAD_INPUT, C.MEMORISES)),
    Fault("counts: labels of validation turned round", body(b.counter), lambda p: pick(p, valid=add(p.valid, {}, 1 - p.valid.target)), C.SPLIT_SHIFT, 2412),
    Fault("classes: the loss times 1e-9", body(b.table_classes), lambda p: with_loss(with_optimiser(p, sgd(0.5)), lambda out, t: 1e-9 * functional.cross_entropy(out, t)), C.LOSS_FLOOR, 2413, "", (C.RATE_TOO_LOW,)),
    Fault("topics: a bias of -30 before the largest is taken", body(f.topics), lambda p: m.bias_to(p, "read", -30.0), C.DEAD_UNITS, 2414),
    Fault("segments: a third of the image cut off in the model", body(b.segmenter), lambda p: before(p, lambda x: functional.pad(x[..., :6], (0, 10))), C.IGNORES_INPUT, 2415),
    Fault("levels: windows of one value", body(f.levels), lambda p: on_input(p, lambda v: v[:, :1].expand_as(v).contiguous()), C.TARGETS_UNRELATED, 2416, "", (C.MEMORISES, C.DEAD_INPUT)),
    Fault("outlines: masks of the next image", body(f.outlines), m.off_by_one, C.TARGETS_UNRELATED, 2417, "", (C.TARGETS_MISPAIRED,)),
    Fault("tags: tags of the next text", body(w.tagger), m.off_by_one, C.TARGETS_UNRELATED, 2418, "", (C.TARGETS_MISPAIRED,)),
    Fault("reports: mean over the batch taken off inside", body(o.reports), lambda p: _called(p, lambda model, tokens, numbers: (lambda out: out - out.mean(0))(model(tokens, numbers))), C.AXES_MIXED, 2419, "", (C.TRAIN_EVAL_GAP,)),
    Fault("values: targets multiplied by a random sign in each epoch", body(b.table_values), lambda p: _load(p, change=m.signed), C.NOISE_TOO_STRONG, 2420, "", (C.TARGETS_MISPAIRED,)),
)  # fmt: skip


def _plain(p: Parts, deviation: float) -> Parts:
    return m.on_weights(
        p,
        lambda n, v: (
            deviation * torch.randn(v.shape, generator=torch.Generator().manual_seed(v.numel()))
            if v.ndim > 1
            else 0 * v
        ),
    )


FAMILIES_HEALTHY: tuple[Healthy, ...] = (
    Healthy("tides", body(h.tides), 2101),
    Healthy("stains", body(h.stains), 2102),
    Healthy("tides, 30 steps", body(h.tides, steps=30, width=28), 2103),
    Healthy("segments, mirrored with their masks", lambda s, _w: _load(b.segmenter(s), change=m.mirrored_together), 2104),
    Healthy("tags, filled up and ignored", lambda s, _w: m.padded_tags(pick(w.tagger(s), model=w._Tagger(16, 4)), ignored=True), 2105),
    Healthy("angles by small weights", lambda s, _w: _plain(o.angles(s), 0.2), 2106),
    Healthy("values by one layer and a smooth target", lambda s, _w: pick(on_target(b.table_values(s), lambda t: t), model=nn.Sequential(nn.Linear(8, 32), nn.Softplus(), nn.Linear(32, 1))), 2107),
    Healthy("counts with dropout of a function, as it should be", lambda s, _w: pick(b.counter(s), model=h.Dropping(40, 24)), 2108),
    Healthy("values with a little noise in training", lambda s, _w: pick(b.table_values(s), model=h.Noisy(b.table_values(s).model)), 2109),
    Healthy("spots, a share of the squared weights in the loss", lambda s, _w: _penalty(w.spots(s), 1e-5), 2110),
    Healthy("flow that has moved three cells", body(h.moved_fields), 2111),
    Healthy("tides, time first and transposed", lambda s, _w: pick(h.tides(s), model=h.TimeFirst(h.tides(s).model)), 2112),
    Healthy("digits by batch norm in evaluation by the batch", lambda s, _w: pick(b.digit_cnn(s), model=nn.Sequential(nn.Conv2d(1, 12, 3), nn.BatchNorm2d(12, track_running_stats=False), nn.ReLU(), nn.Flatten(), nn.Linear(432, 10))), 2113),
    Healthy("fields by a plain step of one's own", lambda s, _w: m.stepping(b.blur(s)), 2114),
    Healthy("classes by logarithms of chances", lambda s, _w: with_loss(after(b.table_classes(s), lambda t: t.log_softmax(1)), functional.nll_loss), 2116),
    Healthy("subjects, one word for each", body(h.words_of_class), 2117),
    Healthy("values, two far kinds of rows", body(h.two_kinds), 2118),
    Healthy("maps through one number of channels", body(h.through_one), 2119),
    Healthy("stains on a faint ground", lambda s, _w: on_input(h.stains(s), lambda v: torch.where(v > 0.6, 1.0, 0.01 * v)), 2120),
    Healthy("numbers squeezed by two lines", body(h.squeezed), 2115),
)  # fmt: skip
