# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The maps of the thirteenth list: emulators of floods and images, each cause of 26 once.

All faults are the plain form of a mistake, in models, sizes or tasks that no earlier list has.
They and the names that are right were committed before the doctor was asked about any of them, by
someone who had not read its rules.
"""

from __future__ import annotations

from typing import Any

import torch

from inundate.cli.doctor_bench import fumbles_maps as k
from inundate.cli.doctor_bench import glimpses as v
from inundate.cli.doctor_bench import prospects as w
from inundate.cli.doctor_bench import scapes as s
from inundate.cli.doctor_bench import sights as a
from inundate.cli.doctor_bench import vistas as e
from inundate.cli.doctor_bench.change import (
    on_input,
    on_target,
    trained_by,
    with_loss,
    with_optimiser,
)
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import pick
from inundate.prove.cause import Cause

__all__ = ["MAP_FAULTS", "MAP_HEALTHY"]


def _with(make: Any, kind: Any, rate: float, *, size: dict[str, int], **own: Any) -> Body:
    """Make a body of another one, in a size and with an optimiser of its own."""
    return lambda seed, _work: trained_by(make(seed, **size), kind, rate, **own)


def _flood_with(model: str, kind: Any, rate: float, **own: Any) -> Body:
    return lambda seed, work: trained_by(flood(model)(seed, work), kind, rate, **own)


C, o = Cause, torch.optim
DATA, BATCHES, OUTPUT, LOSS, STEPS, SCORE = (
    "training data", "batches", "output", "loss", "steps", "score",
)  # fmt: skip

MAP_FAULTS: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("mode_e: corners of the ground without a value after it was warped", flood("mode_e"), k.warped, C.NOT_FINITE_DATA, 8201, DATA),
    Fault("mode_h: depths of the first instant of a storm, before a drop fell", flood("mode_h"), lambda p: on_target(p, torch.zeros_like), C.TARGET_CONSTANT, 8202, DATA),
    Fault("unet: structural similarity with the constants of grey levels to 255", flood("unet"), lambda p: pick(p, loss=k.for_grey_levels), C.LOSS_FLOOR, 8203, LOSS),
    Fault("temporal_cnn: of the groups with and without decay the second alone handed over", flood("temporal_cnn"), lambda p: with_optimiser(p, k.without_matrices), C.OPTIMISER_MISSES, 8204, STEPS),
    Fault("unet: gradient cleared at the head of an epoch, not of a batch", flood("unet"), k.cleared_by_epoch, C.GRADIENT_ACCUMULATES, 8205, STEPS),
    Fault("convgru_unet: rain cut out an hour behind the storm, where none fell", flood("convgru_unet"), lambda p: on_input(p, torch.zeros_like, "rain"), C.DEAD_INPUT, 8206, DATA),
    Fault("lead_cnn: each fifth depth to learn from another solver, in mm", flood("lead_cnn"), k.some_depths_in_mm, C.UNIT_SLIP, 8207, DATA),
    Fault("temporal_cnn: written on after a stop, all pieces twice, then split", flood("temporal_cnn"), k.twice_then_split, C.SPLIT_LEAK, 8208, DATA),
    Fault("mode_h_vae: litres in a cell in the place of metres", flood("mode_h_vae"), lambda p: on_target(p, lambda depth: 1e5 * depth), C.TARGET_SCALE, 8209, DATA),
    Fault("deeplab: RMSprop with a decay of 4", flood("deeplab"), lambda p: trained_by(p, o.RMSprop, 3e-3, weight_decay=4.0), C.DECAY_TOO_STRONG, 8210, STEPS),
    Fault("convgru_unet: Adadelta at the rate of Adam, 1e-3", flood("convgru_unet"), lambda p: trained_by(p, o.Adadelta, 1e-3), C.RATE_TOO_LOW, 8211, STEPS),
    Fault("deeplab: moving average copied into the network after each step", flood("deeplab"), k.averaged_after_each_step, C.STEP_WRONG, 8212, STEPS),
    Fault("deeplab: pieces from the lightest rain to the heaviest", flood("deeplab"), k.from_light_to_heavy, C.LOADER_SORTED, 8213, BATCHES),
    # images
    Fault("gravel: batches from a generator expression made once", body(v.gravel, side=16), k.spent, C.LOADER_STARVES, 8221, BATCHES),
    Fault("canopies: images by threads as they are read, masks in order", body(w.canopies), lambda p: pick(p, loader={"change": k.as_they_come}), C.TARGETS_MISPAIRED, 8222, BATCHES),
    Fault("badges: loss set anew for each mark, not added up", body(w.badges), lambda p: with_loss(p, k.last_mark_alone), C.LOSS_IGNORES, 8223, LOSS),
    Fault("canopies: focal loss without its minus", body(w.canopies, side=14), lambda p: with_loss(p, k.focal_without_minus), C.LOSS_SIGN, 8224, LOSS),
    Fault("cracks: Dice of scores that no sigmoid has seen", body(a.cracks, side=16), lambda p: with_loss(p, k.dice_of_scores), C.LOSS_OUTPUT_MISMATCH, 8225, LOSS),
    Fault("buoys: steps by hand, w = w - rate * gradient", body(w.buoys), k.by_hand, C.WEIGHTS_DO_NOT_MOVE, 8226, STEPS),
    Fault("clouds: scores (B, C, H, W) viewed as (-1, C)", body(v.clouds, side=12), lambda p: with_loss(p, k.row_by_row), C.AXES_MIXED, 8227, LOSS),
    Fault("lanes: drawn with the root of n before each tanh, not with 1 by it", body(w.lanes), k.drawn_by_the_root, C.SATURATED, 8228, OUTPUT, also=(C.BAD_START,)),
    Fault("signs: AdamW at 5e-1, not at 5e-4", body(v.signs, width=12), lambda p: trained_by(p, o.AdamW, 0.5), C.RATE_TOO_HIGH, 8229, STEPS),
    Fault("dunes: train_test_split of images and of targets, each by its own seed", body(s.dunes, side=16), k.split_twice, C.TARGETS_UNRELATED, 8230, DATA),
    Fault("moths: wide dense layers on flattened photographs", body(e.moths), lambda p: pick(p, model=k.dense(196, 4)), C.MEMORISES, 8231, OUTPUT),
    Fault("drifts: mean of the two frames before the first layer", body(v.drifts, width=12), lambda p: pick(p, model=k.MeanOfFrames(p.model)), C.CANNOT_FIT, 8232, OUTPUT),
    Fault("lanes: share within five degrees of answers in degrees and targets in radians", body(w.lanes, side=16), lambda p: pick(p, metric=k.within_five_degrees), C.METRIC_WRONG, 8233, SCORE),
)  # fmt: skip

MAP_HEALTHY: tuple[Healthy, ...] = (
    Healthy("badges of four marks by NAdam", _with(w.badges, o.NAdam, 4e-3, size={"side": 16}), 8236),
    Healthy("lanes ahead by SGD", _with(w.lanes, o.SGD, 0.05, size={"side": 16}, momentum=0.9), 8237),
    Healthy("canopies among meadows", body(w.canopies, width=14), 8238),
    Healthy("buoys counted by Adam", _with(w.buoys, o.Adam, 4e-3, size={"width": 16}), 8239),
    Healthy("masonry of four bonds", body(w.masonry), 8240),
    Healthy("shapes in 16 by 16 cells by Adamax", _with(a.shapes, o.Adamax, 8e-3, size={"side": 16}), 8241),
    Healthy("emulator deeplab by Adamax", _flood_with("deeplab", o.Adamax, 8e-3), 8246),
    Healthy("emulator temporal_cnn by NAdam", _flood_with("temporal_cnn", o.NAdam, 4e-3), 8247),
    Healthy("emulator lead_cnn by RAdam", _flood_with("lead_cnn", o.RAdam, 5e-3), 8248),
    Healthy("emulator mode_h by Adam", _flood_with("mode_h", o.Adam, 4e-3), 8249),
)  # fmt: skip
