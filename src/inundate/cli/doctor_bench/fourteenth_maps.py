# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The maps of the fourteenth list: emulators of floods and images, each cause of 20 once.

All faults are the plain form of a mistake. About half of them are in models, sizes or tasks that
no earlier list has. They and the names that are right were committed before the doctor was asked
about any of them, by someone who had not read its rules.
"""

from __future__ import annotations

from typing import Any

import torch

from inundate.cli.doctor_bench import pictures as g
from inundate.cli.doctor_bench import prospects as w
from inundate.cli.doctor_bench import stumbles_maps as k
from inundate.cli.doctor_bench import vignettes as v
from inundate.cli.doctor_bench.change import on_input, on_target, trained_by, with_loss
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body, flood
from inundate.cli.doctor_bench.mistakes import valid_only
from inundate.cli.doctor_bench.parts import pick
from inundate.prove.cause import Cause

__all__ = ["MAP_FAULTS", "MAP_HEALTHY"]


def _with(make: Any, kind: Any, rate: float, *, size: dict[str, int], **own: Any) -> Body:
    """Make a body of another one, in a size and with an optimiser of its own."""
    return lambda seed, _work: trained_by(make(seed, **size), kind, rate, **own)


C, o = Cause, torch.optim
DATA, VALID, BATCHES, OUTPUT, LOSS, STEPS, SCORE = (
    "training data", "validation data", "batches", "output", "loss", "steps", "score",
)  # fmt: skip

MAP_FAULTS: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("unet: pieces of three positions a side, which cannot be halved and doubled again", flood("unet"), k.of_twelve_cells, C.DOES_NOT_RUN, 8401, DATA),
    Fault("lead_cnn: inputs and depths shuffled by two calls at the start of each epoch", k.sized("lead_cnn", o.Adam, 4e-3, {"width": 12, "lead_frames": 2, "rain_width": 4}), lambda p: pick(p, train_loader=k.Apart(p.train, p.size)), C.TARGETS_MISPAIRED, 8402, BATCHES),
    Fault("mode_h_vae: depths clipped from above at 0, not from below", flood("mode_h_vae"), lambda p: on_target(p, lambda depth: depth.clamp(max=0.0)), C.TARGET_CONSTANT, 8403, DATA),
    Fault("lead_cnn: squared error of the logarithm of depths, of which most are 0", flood("lead_cnn"), lambda p: pick(p, loss=k.of_logarithms), C.NOT_FINITE_OUTPUT, 8404, LOSS),
    Fault("convgru_unet: four batches gathered for a step, never cleared behind it", k.sized("convgru_unet", o.SGD, 0.1, {"width": 12, "memory_levels": 1}, momentum=0.9), k.by_fours, C.GRADIENT_ACCUMULATES, 8405, STEPS),
    Fault("unet: bias of the first layer at minus the height of the land in m, of ground that is relative", k.sized("unet", o.Adam, 4e-3, {"width": 16}), lambda p: k.first_bias(p, "terrain.bias", -60.0), C.DEAD_UNITS, 8406, OUTPUT),
    Fault("deeplab: layers of the ground that lie last reshaped to the front", flood("deeplab"), lambda p: on_input(p, k.layers_last, "terrain"), C.AXES_MIXED, 8407, DATA),
    Fault("temporal_cnn: ground warped from a wrong zone, nothing of it found, filled with 0", k.sized("temporal_cnn", o.RAdam, 5e-3, {"width": 16, "rain_width": 8}), lambda p: on_input(p, torch.zeros_like, "terrain"), C.DEAD_INPUT, 8408, DATA),
    Fault("convgru_unet: rain of the validation storms in mm an hour, of the others in mm a frame", flood("convgru_unet"), lambda p: valid_only(p, "rain", lambda rain: 12.0 * rain), C.SPLIT_SHIFT, 8409, VALID),
    Fault("temporal_cnn: layers of the ground as whole numbers of 16 bit", flood("temporal_cnn"), lambda p: on_input(p, k.sixteen_bit, "terrain"), C.INPUT_SCALE, 8410, DATA),
    Fault("deeplab: depths of another solver, which writes mm", k.sized("deeplab", o.NAdam, 3e-3, {"width": 12, "dilations": (1, 2)}), lambda p: on_target(p, lambda depth: 1000.0 * depth), C.TARGET_SCALE, 8411, DATA, (C.OUTPUT_RANGE,)),
    Fault("mode_h: Adam at 0.3, not at 3e-3", k.sized("mode_h", o.Adam, 3e-3, {"width": 16}), lambda p: trained_by(p, o.Adam, 0.3), C.RATE_TOO_HIGH, 8412, STEPS),
    Fault("unet: loss scaled for half precision, stepped by the optimiser, not by the scaler", k.sized("unet", o.SGD, 0.1, {"width": 12}, momentum=0.9), k.scaled_and_stepped, C.STEP_WRONG, 8413, STEPS),
    Fault("mode_e: success index of cells given above 5 cm and of those that are above 30 cm", flood("mode_e"), lambda p: pick(p, metric=k.two_depths_of_flood), C.METRIC_WRONG, 8414, SCORE),
    # images
    Fault("ponds: Dice itself is minimised, not 1 - Dice", body(v.ponds), lambda p: with_loss(p, k.dice_itself), C.LOSS_SIGN, 8415, LOSS),
    Fault("canopies: Dice with 1e6 for 1e-6 above and below the line", _with(w.canopies, o.SGD, 0.2, size={"side": 12}, momentum=0.9), lambda p: with_loss(p, k.with_a_million), C.LOSS_FLOOR, 8416, LOSS),
    Fault("staffs: weights drawn with the root of 2, not of 2 by n", body(v.staffs), k.drawn_without_fan, C.BAD_START, 8417, OUTPUT),
    Fault("ferries: twelve convolutions, a sigmoid behind each", body(v.ferries), lambda p: pick(p, model=k.squashed(4)), C.VANISHING_GRADIENT, 8418, OUTPUT),
    Fault("flags: one folder of a pattern behind the other, never shuffled", body(v.flags), k.folder_by_folder, C.LOADER_SORTED, 8419, BATCHES),
    Fault("lenses: clear pictures listed in another order than those with drops", body(v.lenses), k.listed_otherwise, C.TARGETS_UNRELATED, 8420, DATA),
)  # fmt: skip

MAP_HEALTHY: tuple[Healthy, ...] = (
    Healthy("ponds by RMSprop", _with(v.ponds, o.RMSprop, 2e-3, size={"side": 14, "width": 12}), 8431),
    Healthy("flags by AdamW", _with(v.flags, o.AdamW, 5e-3, size={"width": 16}, weight_decay=0.01), 8432),
    Healthy("staffs in 20 by 20 cells by NAdam", _with(v.staffs, o.NAdam, 2e-3, size={"side": 20}), 8433),
    Healthy("lenses by Adamax", _with(v.lenses, o.Adamax, 8e-3, size={"side": 16}), 8434),
    Healthy("ferries by SGD", _with(v.ferries, o.SGD, 0.05, size={"width": 32}, momentum=0.9), 8435),
    Healthy("shores by Adam", _with(g.shores, o.Adam, 5e-3, size={"width": 24}), 8436),
    Healthy("emulator unet of three levels by NAdam", k.sized("unet", o.NAdam, 4e-3, {"width": 16, "levels": 3}), 8437),
    Healthy("emulator convgru_unet by RMSprop", k.sized("convgru_unet", o.RMSprop, 2e-3, {"width": 16, "memory_levels": 1}), 8438),
    Healthy("emulator lead_cnn by Adamax", k.sized("lead_cnn", o.Adamax, 6e-3, {"width": 12, "lead_frames": 2, "rain_width": 8}), 8439),
    Healthy("emulator mode_h_vae by Adam", k.sized("mode_h_vae", o.Adam, 4e-3, {"width": 16}), 8440),
)  # fmt: skip
