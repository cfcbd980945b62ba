"""Batch norm over batches of a few samples, in which hardly anything of a sample is left."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.mended import far_better
from inundate.prove.trial import Remedy, run_trial

__all__ = ["tiny_batches"]

_FEW = 4  # numbers that a normalisation takes its mean of
_MANY = 32  # samples of the batches that are laid together
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def tiny_batches(exam: Exam, unseen: Skill) -> list[Finding]:
    """Lay batches together, where a normalisation by the batch has few numbers: is far less left.

    Of two samples such a layer leaves no more than which of them is the larger.
    """
    size = max(len(batch["target"]) for batch in exam.learnt)
    if exam.case.trained or size > _FEW or len(exam.learnt) * size < 2 * _MANY:
        return []
    if not _normed(exam) or not worth(exam, Cause.TRAIN_EVAL_GAP):
        return []
    count = _MANY // size
    with isolated_random(exam.seed, "doctor", "epoch"):  # all of it: few samples are soon known
        epoch = list(exam.case.batches(exam.case.train, count * exam.effort.batches))
    batches = _together(epoch, count)
    if exam.case.valid is None or not batches:
        return []
    remedy = Remedy("with larger batches", plain=True)
    trial = run_trial(exam.case, batches, exam.effort.all_batches, remedy=remedy, seed=exam.seed)
    skill = None if trial.broke else exam.skill(trial.model, exam.valid)
    if skill is None or not skill.there or not far_better(skill, unseen):
        return []
    text = (
        f"batch norm takes mean and deviation of {size} samples; skill on unseen samples is "
        f"{unseen.value:.2f}, and {skill.value:.2f} {remedy.name} of {_MANY}"
    )
    return [Finding(Cause.TRAIN_EVAL_GAP, "fault", text, tried=True, firm=True)]


def _normed(exam: Exam) -> bool:
    """Whether a normalisation by the batch has few numbers of each channel."""
    model, _ = exam.case.pair()
    told: list[int] = []

    def see(_module: nn.Module, args: Any) -> None:
        if args and isinstance(args[0], Tensor) and args[0].ndim > 1:
            told.append(args[0].numel() // args[0].shape[1])

    for module in model.modules():
        if isinstance(module, _NORMS):
            module.register_forward_pre_hook(see)
    exam.run(model.eval(), exam.typical)
    return any(count <= _FEW for count in told)


def _together(batches: list[Batch], count: int) -> list[Batch] | None:
    """Lay every few batches together; None where they hold more than inputs and a target."""
    if any(set(batch) - {"inputs", "target", "raw"} for batch in batches):
        return None
    found: list[Batch] = []
    for start in range(0, len(batches) - count + 1, count):
        part = batches[start : start + count]
        inputs = {name: torch.cat([b["inputs"][name] for b in part]) for name in part[0]["inputs"]}
        found.append({"inputs": inputs, "target": torch.cat([b["target"] for b in part])})
    return found
