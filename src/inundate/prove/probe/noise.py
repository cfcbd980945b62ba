"""What is drawn at random: in the model, in the inputs of an epoch, in its targets."""

from __future__ import annotations

import copy
from collections import Counter

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.loader import sample_keys
from inundate.prove.quiet import quietly
from inundate.prove.trial import Remedy

__all__ = [
    "QUIET", "drawn_anew", "drawn_by", "draws", "noise_in_loader", "noiseless", "probe_noise",
]  # fmt: skip

QUIET = Remedy("without what is drawn at random", quiet=True)

_STRONG = 1.0  # deviation between draws, of that between samples
_WIDER = 3.0  # deviation of training inputs over that of validation inputs
_COMMON = 0.4  # share of one word in training beyond its share in validation
_LOUD = 0.3  # deviation of outputs from draw to draw, of that between samples
_RECUR = 0.9  # of the samples, from which an epoch has those of the last one again


def probe_noise(exam: Exam) -> list[Finding]:
    """Compare what a trained model draws anew with what differs between samples."""
    return _in_evaluation(exam)


def drawn_anew(exam: Exam) -> bool:
    """Whether the second epoch has other inputs than the first."""
    first, second = (
        Counter(key for batch in sample_keys(part) for key in batch)
        for part in (exam.train, exam.again)
    )
    known = (first & second).total() / max(second.total(), 1)
    exam.figures["samples_that_recur"] = known
    return known < _RECUR


def noise_in_loader(exam: Exam) -> list[Finding]:
    """See whether training inputs that are drawn anew differ far more than validation inputs."""
    if exam.case.valid is None or not drawn_anew(exam):
        return []
    for name, tensor in exam.train[0]["inputs"].items():
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        if train is None or valid is None or train.shape[1:] != valid.shape[1:]:
            continue
        told = _wider(train, valid) if tensor.is_floating_point() else ""
        told = told or _commoner(train, valid)
        if told:
            text = f"the loader draws {name!r} anew in each epoch, and {told}"
            return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, f"{name!r}")]
    return []


def _wider(train: Tensor, valid: Tensor) -> str:
    wide, narrow = float(train.float().std()), float(valid.float().std())
    if narrow <= 0 or wide < _WIDER * narrow:
        return ""
    return f"its deviation is {wide:.3g} in training and {narrow:.3g} in validation"


def _commoner(train: Tensor, valid: Tensor) -> str:
    word = train.flatten().mode().values.item()
    often, seldom = (float((part == word).float().mean()) for part in (train, valid))
    if often < seldom + _COMMON:
        return ""
    return (
        f"{100 * often:.0f} % of it are {word:g} in training and {100 * seldom:.0f} % in validation"
    )


def noiseless(exam: Exam) -> Remedy | None:
    """Give what leaves out what is drawn at random in training; None if that is little.

    Not all of it is drawn by functions that are known: a mask of one's own may be made in many
    ways. What is drawn in training mode alone is left out by evaluation mode.
    """
    model = copy.deepcopy(exam.case.model)
    if not _is_loud(_strength(exam, model.train())):
        return None
    with quietly():
        left = _strength(exam, model)
    if _is_loud(left) and not _is_loud(_strength(exam, model.eval())):
        return Remedy("in evaluation mode, in which nothing is drawn", still=True)
    return QUIET


def _is_loud(strength: float | None) -> bool:
    return (strength or 0.0) > _LOUD


def draws(exam: Exam, *, training: bool) -> float | None:
    """Give the deviation of outputs between draws, of that between samples."""
    model = copy.deepcopy(exam.case.model if training else exam.all.model)
    return _strength(exam, model.train(training))


def drawn_by(exam: Exam, model: nn.Module) -> float:
    """Give the same in training mode, of a model that was trained; 0 where it is not known."""
    return _strength(exam, copy.deepcopy(model).train()) or 0.0


def _strength(exam: Exam, model: nn.Module) -> float | None:
    """Give the deviation of a model's outputs between draws, of that between samples."""
    batch = exam.typical
    found = []
    for number in range(3):
        with torch.no_grad(), isolated_random(exam.seed, "doctor", "draws", number):
            found.append(exam.case.call(copy.deepcopy(model), batch["inputs"]).double())
    outputs = torch.stack(found)  # (3, B, …)
    if not bool(torch.isfinite(outputs).all()) or outputs.shape[1] < 2:
        return None
    between = float(outputs.mean(0).var(0).mean())
    within = float(outputs.var(0).mean())
    # the mean of three draws holds a third of their variance as well
    return (within / max(between - within / 3.0, 1e-30)) ** 0.5 if within > 0 else 0.0


def _in_evaluation(exam: Exam) -> list[Finding]:
    """See whether a model that was trained still answers by chance in evaluation mode."""
    strength = draws(exam, training=False)
    if strength is None:
        return []
    exam.figures["noise_in_evaluation"] = min(strength, 1e6)
    if strength < _STRONG:
        return []
    text = (
        f"in evaluation mode too, outputs for one sample differ {min(strength, 99.0):.2g} times as "
        "much from draw to draw as between samples"
    )
    return [Finding(Cause.NOISE_TOO_STRONG, "suspect", text)]
