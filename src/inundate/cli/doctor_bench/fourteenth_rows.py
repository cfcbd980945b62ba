# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The half of the fourteenth list that is in texts, series and tables.

As with the lists before it, the faults and the names that are right were committed before the
doctor was asked about any of them, by someone who had not read its rules. Causes and kinds were
drawn at random, and all faults are ordinary: the plain form of a mistake.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import optim
from torch.nn import functional

from inundate.cli.doctor_bench import chronicles as y
from inundate.cli.doctor_bench import columns, murmurs, rows, rumours, speeches, tallies, tellings
from inundate.cli.doctor_bench import stumbles_rows as x
from inundate.cli.doctor_bench.accounts import wines
from inundate.cli.doctor_bench.change import (
    on_target,
    trained_by,
    with_loss,
    with_same_weights,
)
from inundate.cli.doctor_bench.fault import Body, Fault, Healthy, body
from inundate.cli.doctor_bench.fumbles_rows import HalfOfIt
from inundate.cli.doctor_bench.parts import Parts, pick
from inundate.prove.cause import Cause

__all__ = ["FOURTEENTH_STRANGERS", "FOURTEENTH_STRANGER_FAULTS", "ROW_FAULTS", "ROW_HEALTHY"]


def _with(make: Any, kind: Any, rate: float, **own: Any) -> Body:
    """Make a body of another one with an optimiser of its own."""

    def made(seed: int, _work: Any) -> Parts:
        return trained_by(make(seed), kind, rate, **own)

    return made


C = Cause
DATA, VALID, BATCHES, OUTPUT, LOSS, GRADIENT, STEPS, KEYS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "settings",
)  # fmt: skip

ROW_FAULTS: tuple[Fault, ...] = (
    # texts and series
    Fault("fevers: empty cells of the record read as NaN", body(y.fevers), x.gaps_in_the_record, C.NOT_FINITE_DATA, 8501, DATA),
    Fault("verdicts: next(iter(loader)) at each step, not shuffled", body(rumours.verdicts, length=22, width=24), x.first_batch, C.LOADER_REPEATS, 8502, BATCHES),
    Fault("recipes: times (B,), answers (B, 1)", body(rumours.recipes, length=20, width=32), lambda p: on_target(p, lambda t: t[:, 0]), C.SHAPE_BROADCAST, 8503, DATA),
    Fault("helplines: scores given to nll_loss, no log_softmax before it", body(y.helplines), lambda p: with_loss(p, functional.nll_loss), C.LOSS_OUTPUT_MISMATCH, 8504, LOSS),
    Fault("turbines: told from the state that was handed to the LSTM", body(rumours.turbines, steps=18, width=24), lambda p: with_same_weights(p, x.FirstState(24)), C.IGNORES_INPUT, 8505, OUTPUT),
    Fault("complaints: encoder that was never trained run under no_grad", body(speeches.complaints, count=1600, width=24), lambda p: with_same_weights(p, x.Encoded(24)), C.NO_GRADIENT, 8506, GRADIENT),
    Fault("ferries: each sixth line counts single passengers, all others hundreds", body(murmurs.ferries, steps=18, width=20), x.in_single_passengers, C.UNIT_SLIP, 8507, DATA),
    Fault("fevers: window cut one step too late, with what is to be forecast at its end", body(y.fevers, steps=12, width=24), x.last_step_too, C.TARGET_IN_INPUT, 8508, DATA),
    Fault("hotels: last quarter kept for validation, and trained on as well", body(y.hotels, count=560), x.never_taken_out, C.SPLIT_LEAK, 8509, DATA),
    Fault("hotels: filled up to 90 words, never packed, last state taken", body(y.hotels, length=90), lambda p: with_same_weights(p, x.LastOfRow(28)), C.PADDING, 8510, OUTPUT),
    Fault("fevers: weights of the GRU drawn by randn", body(y.fevers, steps=18, width=48), lambda p: x.drawn_by_randn(p), C.SATURATED, 8511, OUTPUT, (C.BAD_START,)),
    Fault("prices: 85 % of the words masked, where 15 % were meant", body(tellings.prices, length=10, width=28), x.masked, C.NOISE_TOO_STRONG, 8512, BATCHES),
    Fault("headlines: Adam with a weight decay of 0.5", body(murmurs.headlines, length=30), lambda p: trained_by(p, optim.Adam, 1e-2, weight_decay=0.5), C.DECAY_TOO_STRONG, 8513, STEPS),
    Fault("compressors: one in twenty fails, classes not weighted", body(y.compressors), lambda p: with_loss(p, functional.binary_cross_entropy_with_logits), C.MAJORITY_COLLAPSE, 8514, LOSS),
    Fault("hotels: key of the longest text read by nothing, cut behind four words", body(y.hotels, length=16), x.cut_behind_four, C.UNREAD_CONFIG, 8515, KEYS),
    # tables
    Fault("auctions: batches of 2048 of 1350 rows, the last one dropped", body(y.auctions), x.larger_than_table, C.LOADER_STARVES, 8521, BATCHES),
    Fault("boilers: last of three columns left out of the loss", body(y.boilers), lambda p: with_loss(p, x.without_last_column), C.LOSS_IGNORES, 8522, LOSS),
    Fault("churners: half() on model and rows, Adam", body(y.churners), lambda p: pick(p, model=HalfOfIt(p.model)), C.PRECISION, 8523, OUTPUT),
    Fault("stages: model made anew in a later cell, optimiser of the first one", body(rows.stages, features=8, width=32), lambda p: x.of_the_first_model(p, lambda: rows.stages(1, features=8, width=32)), C.OPTIMISER_MISSES, 8524, STEPS, (C.WEIGHTS_DO_NOT_MOVE,)),
    Fault("salaries: gradient cleared between backward and the step", body(tallies.salaries, width=40), x.cleared_before_step, C.WEIGHTS_DO_NOT_MOVE, 8525, STEPS),
    Fault("wines: all linear layers start at 0.1", body(wines, count=2000, width=32), x.one_tenth, C.SYMMETRIC_START, 8526, OUTPUT),
    Fault("harvests: ReLU behind the last layer, tons around their mean", body(columns.harvests, features=9, width=32), x.relu_at_the_end, C.OUTPUT_RANGE, 8527, OUTPUT),
    Fault("alloys: rate of 2e-5, as for a model that is tuned on", body(y.alloys), lambda p: trained_by(p, optim.AdamW, 2e-5), C.RATE_TOO_LOW, 8528, STEPS),
    Fault("boilers: momentum of the batch norm 0.001, columns as they were read", body(y.boilers, features=7), x.norm_of_keras, C.TRAIN_EVAL_GAP, 8529, OUTPUT),
    Fault("meadows: forty rows read, as was done to try it out", body(tallies.meadows, features=9, width=64), lambda p: x.few_rows(p, 40), C.MEMORISES, 8530, DATA),
    Fault("alloys: activations between the layers forgotten", body(y.alloys, count=1300, width=32), x.linear, C.CANNOT_FIT, 8531, OUTPUT),
)  # fmt: skip

ROW_HEALTHY: tuple[Healthy, ...] = (
    Healthy("helplines by the words of a message, AdamW", _with(y.helplines, optim.AdamW, 1e-2), 8541),
    Healthy("hotels with a not", body(y.hotels), 8542),
    Healthy("fevers by NAdam", _with(lambda seed: y.fevers(seed, steps=16), optim.NAdam, 6e-3), 8543),
    Healthy("bearings by Adamax", _with(lambda seed: murmurs.bearings(seed, steps=48), optim.Adamax, 1e-2), 8544),
    Healthy("complaints in longer texts", body(speeches.complaints, length=14, width=32), 8545),
    Healthy("boilers by three columns", body(y.boilers), 8546),
    Healthy("auctions of clocks", body(y.auctions), 8547),
    Healthy("churners by RMSprop", _with(y.churners, optim.RMSprop, 3e-3), 8548),
    Healthy("alloys by NAdam", _with(lambda seed: y.alloys(seed, width=32), optim.NAdam, 6e-3), 8549),
    Healthy("salaries by SGD", _with(lambda seed: tallies.salaries(seed, features=9), optim.SGD, 5e-2, momentum=0.9), 8550),
)  # fmt: skip

FOURTEENTH_STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule for values", body(x.regressor), 8551),
    Healthy("transformers: DistilBERT of two layers", body(x.distil), 8552),
    Healthy("monai: FullyConnectedNet", body(x.connected), 8553),
)  # fmt: skip

FOURTEENTH_STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: values (B,), answers (B, 1)", body(x.regressor), lambda p: on_target(p, torch.ravel), C.SHAPE_BROADCAST, 8554, DATA),
    Fault("transformers: AdamW at 0.2", body(x.distil), lambda p: trained_by(p, optim.AdamW, 0.2), C.RATE_TOO_HIGH, 8555, STEPS),
    Fault("monai: harvests in kilograms, not deviations", body(x.connected), lambda p: on_target(p, x.in_kilograms), C.TARGET_SCALE, 8556, DATA),
)  # fmt: skip
