"""Training and evaluation mode: does the model work in the one and not in the other."""

from __future__ import annotations

import copy
import math

import torch

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.mended import mended
from inundate.prove.probe.reach import percent
from inundate.prove.probe.running import stale
from inundate.prove.probe.unlearnt import better_rates, wild_rate
from inundate.prove.ragged import is_apart

__all__ = ["explained", "train_eval_gap"]

_DRAWS = 16  # of dropout
_UNLIKE = 0.75  # of the deviation between samples, by which modes differ
_LOUD = 0.25  # of its square, from which the mean of the draws is not known well enough
_SWITCHED = 0.1  # the same, where the modes are told apart by what is written for one of them
_SAME = 1e-4  # of the deviation of outputs, that rounding moves them by
_FAR_UNLIKE = 1.5  # the same, where little is learnt in training mode either
_BEYOND = 1.5  # times the way to the right answers
_WORKS, _HARDLY = 0.3, 0.1  # of the way in training mode, from which modes can be compared
_GAP = 0.4  # of the way to the right answer between training and evaluation mode
_SLIGHT = 0.08  # the same, where what a normalisation keeps is not what it meets
_WILD = -0.5  # of the way, the wrong one: what trains so has gone astray
_CALM = (0.1, 0.01, 1e-3)  # of a rate that no optimiser of its kind is used at


def train_eval_gap(exam: Exam) -> list[Finding]:
    """Compare training and evaluation mode on samples that were trained on."""
    model = exam.all.model
    batches = exam.learnt[:10]
    working = exam.progress(exam.loss(model, batches, still=False), batches)
    asked = exam.progress(exam.loss(model, batches), batches)
    exam.figures |= {"progress_training_mode": working, "progress_evaluation_mode": asked}
    if not math.isfinite(asked) and math.isfinite(working) and _undefined(exam):
        text = (
            "in evaluation mode outputs of the untrained model are not finite, and in training "
            "mode they are: another code runs then, which may not know how to mask every place"
        )
        return [Finding(Cause.NOT_FINITE_OUTPUT, "fault", text, firm=True)]
    if working > _BEYOND and not asked < _WILD:
        return []  # the right answers have not the lowest loss: ways towards them say nothing
    if working < _WORKS:  # as where most is dropped, and nothing makes up for it
        return _unlike(exam, _FAR_UNLIKE) if working >= _HARDLY else []
    kept = stale(exam) if _GAP >= working - asked > _SLIGHT else ""
    if asked > working - _GAP and not kept:
        switched = working - asked > _SLIGHT and _by_mode_alone(exam)
        return _unlike(exam, _SWITCHED if switched else _UNLIKE)
    text = (
        f"on the same samples the model comes {percent(working)} of the way in training mode and "
        f"{percent(asked)} in evaluation mode{'; ' if kept else ''}{kept}"
    )
    return [Finding(Cause.TRAIN_EVAL_GAP, "fault", text, firm=asked < _WILD)]


def _undefined(exam: Exam) -> bool:
    """Whether outputs of the model as it is given are not finite in evaluation mode alone."""
    ways = []
    for training in (True, False):
        model = copy.deepcopy(exam.case.model).train(training)
        outputs = (exam.run(model, batch) for batch in exam.learnt[:10])
        ways.append(all(bool(torch.isfinite(output).all()) for output in outputs))
    return ways == [True, False]


def _by_mode_alone(exam: Exam) -> bool:
    """Whether nothing is drawn in training mode, and no sample counts for another one.

    Then no dropout and no normalisation tells modes apart, but what is written for one of them.
    """
    batch = exam.typical
    half = len(batch["target"]) // 2
    inputs = batch["inputs"]
    if half < 1 or not is_apart(batch):
        return False
    part = {**batch, "inputs": {name: value[:half] for name, value in inputs.items()}}
    model = copy.deepcopy(exam.all.model).train()
    with torch.no_grad():
        whole, again = (exam.case.call(model, batch["inputs"]).double() for _ in range(2))
        alone = exam.case.call(model, part["inputs"]).double()
    if alone.shape[1:] != whole.shape[1:] or len(alone) != half:
        return False
    size = _SAME * float(whole.std())
    return all(float((one - whole[: len(one)]).abs().max()) <= size for one in (again, alone))


def explained(exam: Exam, unseen: Skill, gap: list[Finding]) -> list[Finding]:
    """See whether modes differ for noise without which far more is learnt, or for a wild rate.

    What a normalisation keeps lags behind weights that leap from step to step.
    """
    if not gap:
        return []
    noise = any(f.cause is Cause.NOISE_TOO_STRONG and f.tried for f in exam.findings)
    found: list[Finding] = []
    if noise and not gap[0].firm:
        found = [f for f in mended(exam, unseen) if f.cause is Cause.NOISE_TOO_STRONG]
    if not found and wild_rate(exam):
        found = better_rates(exam, unseen, _CALM, far_more=False)
    return found or gap


def _unlike(exam: Exam, least: float = _UNLIKE) -> list[Finding]:
    """Compare outputs in evaluation mode with the mean of many draws in training mode."""
    batch = exam.typical
    told = exam.run(copy.deepcopy(exam.all.model).eval(), batch).double()
    draws = []
    for number in range(_DRAWS):
        model = copy.deepcopy(exam.all.model).train()
        with torch.no_grad(), isolated_random(exam.seed, "doctor", "modes", number):
            draws.append(exam.case.call(model, batch["inputs"]).double())
    found = torch.stack(draws)
    mean, noise = found.mean(0), float(found.var(0).mean()) / _DRAWS
    if told.shape != mean.shape or not bool(torch.isfinite(found).all()) or len(told) < 2:
        return []
    spread = float(mean.var(0).mean())
    away = max(float((told - mean).square().mean()) - noise, 0.0)
    unlike = (away / max(spread, 1e-30)) ** 0.5
    exam.figures["modes_unlike"] = min(unlike, 1e6)
    if unlike < least or noise > _LOUD * spread:
        return []
    text = (
        f"outputs of the same samples differ in evaluation mode from the mean of {_DRAWS} draws "
        f"in training mode by {unlike:.2g} times what they differ between samples"
    )
    return [Finding(Cause.TRAIN_EVAL_GAP, "fault", text)]
