"""Inputs and targets: finite, not empty, on a usable scale, in one unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding, Weight
from inundate.prove.probe.drawn_alone import drawn_alone
from inundate.prove.probe.same_words import same_words
from inundate.prove.probe.slips import left_over, slips
from inundate.prove.probe.sought import asks_for_logarithms

__all__ = ["channel_stats", "gather", "probe_finite", "probe_inputs", "probe_target"]

_FAR = 30.0  # mean or deviation from which a channel is on a doubtful scale
_NEAR = 0.02  # deviation below which it is
_GROUP = 8  # samples of which a group in another unit has at least so many
_MAJORITY = 0.8
_FEW_MAPS = 16
_LONG = 8  # places of a text
_SPARSE = 0.3  # of the numbers are 0
_NEARLY_ALL = 0.95  # of the samples


def gather(batches: Sequence[Batch], name: str) -> Tensor | None:
    """Lay the samples of one input together (N, …); None where their shapes differ."""
    parts = [batch["inputs"][name] for batch in batches if name in batch["inputs"]]
    if len({tuple(part.shape[1:]) for part in parts}) != 1 or not parts[0].ndim:
        return None
    return torch.cat(parts)


def channel_stats(values: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give mean and deviation of each channel (dimension 1; all of (B,) or (B, L) is one).

    Parameters
    ----------
    values : Tensor (N, …)
    """
    shaped = values.double()
    if shaped.ndim < 2:
        shaped = shaped[:, None]
    rows = shaped.movedim(1, 0).reshape(shaped.shape[1], -1)  # (C, N …)
    return rows.mean(1).numpy(), rows.std(1, unbiased=False).numpy()


def probe_finite(exam: Exam) -> list[Finding]:
    """Look for NaN and infinite values."""
    found = []
    for part, batches in (("training", exam.train), ("validation", exam.valid)):
        for name, tensors in _everything(batches):
            bad = sum(int((~torch.isfinite(t)).reshape(len(t), -1).any(1).sum()) for t in tensors)
            if bad:
                count = sum(len(t) for t in tensors)
                text = f"{bad} of {count} {part} samples hold values of {name} that are not finite"
                found.append(Finding(Cause.NOT_FINITE_DATA, "fault", text, f"{name!r}"))
    return found[:1]


def _everything(batches: Sequence[Batch]) -> Iterator[tuple[str, list[Tensor]]]:
    names = sorted({name for batch in batches for name in batch["inputs"]})
    for name in names:
        tensors = [b["inputs"][name] for b in batches if name in b["inputs"]]
        if tensors[0].is_floating_point():
            yield name, tensors
    targets = [b["target"] for b in batches]
    if targets and targets[0].is_floating_point():
        yield "target", targets


def probe_inputs(exam: Exam) -> list[Finding]:
    """Look for empty inputs, doubtful scales, and samples in another unit."""
    found = _nothing_varies(exam)
    found += _hardly_any(exam) or same_words(exam)
    floats = [n for n, t in exam.train[0]["inputs"].items() if t.is_floating_point()]
    for name in floats:
        parts = [batch["inputs"][name] for batch in exam.train]
        spare = name in exam.case.spare  # such as the water before a series that starts dry
        if all(float(p.abs().max()) == 0.0 for p in parts if p.numel()):
            weight: Weight = "note" if spare else "fault"
            text = f"{name!r} is 0 in every sample"
            found.append(Finding(Cause.DEAD_INPUT, weight, text, f"{name!r}"))
            continue
        values = gather(exam.train, name)
        if values is not None and values.ndim > 1:
            series = values.ndim == 3 and values.shape[1] > values.shape[2]
            scales = _scales(name, values.movedim(-1, 1) if series else values)
            found += [f for f in scales if not (spare and f.cause is Cause.DEAD_INPUT)]
            number = left_over(name, values)
            if number:
                found.append(Finding(Cause.INPUT_SCALE, "fault", number, f"{name!r}"))
            else:
                # of two sizes by itself, as depths are: small where it is dry
                sparse = spare and float((values == 0).float().mean()) > _SPARSE
                told = slips(name, values, whole=not sparse)
                kinds = _kinds(exam, len(values)) if told else None
                found += slips(name, values, whole=not sparse, kinds=kinds) if told else []
            found += [] if spare else _one_for_all(exam, name, values)
    return found


def _kinds(exam: Exam, count: int) -> Tensor | None:
    """Give the class of each sample; None if samples are of none, or of nearly as many as there."""
    kinds = [batch["target"] for batch in exam.train]
    if exam.answers.kind != "classes" or any(kind.ndim != 1 for kind in kinds):
        return None
    told = torch.cat(kinds)
    return told if len(told) == count and len(torch.unique(told)) <= count // _GROUP else None


def _one_for_all(exam: Exam, name: str, values: Tensor) -> list[Finding]:
    """See whether an input varies from place to place alone, and is another in validation."""
    valid = gather(exam.valid, name) if exam.case.valid is not None else None
    if len(values) < _GROUP or not bool((values == values[:1]).all()):
        return []
    if float(values[0].std(unbiased=False)) == 0.0:
        return []  # told as empty
    if valid is None or valid.shape[1:] != values.shape[1:] or torch.equal(valid[0], values[0]):
        return []  # one basin's ground may well be the same for all
    text = f"{name!r} is the same in all {len(values)} training samples, and another in validation"
    return [Finding(Cause.DEAD_INPUT, "fault", text, f"{name!r}")]


def _nothing_varies(exam: Exam) -> list[Finding]:
    """See whether all samples are alike in all inputs."""
    for name in exam.train[0]["inputs"]:
        values = gather(exam.train, name)
        if values is None or not bool((values == values[:1]).all()):
            return []
    names = ", ".join(repr(name) for name in exam.train[0]["inputs"])
    return [Finding(Cause.DEAD_INPUT, "fault", "all samples have the same inputs", names)]


def _hardly_any(exam: Exam) -> list[Finding]:
    """See whether all but a place or two of long texts are the same in all samples."""
    for name, tensor in exam.train[0]["inputs"].items():
        values = gather(exam.train, name)
        if tensor.is_floating_point() or values is None or values.ndim != 2:
            continue
        varied = int((values != values[:1]).any(0).sum())
        if values.shape[1] >= _LONG and 0 < varied <= 2:
            still = values.shape[1] - varied
            text = f"{still} of {values.shape[1]} places of {name!r} are the same in every sample"
            return [Finding(Cause.DEAD_INPUT, "fault", text, f"{name!r}, but for {varied} places")]
    return []


def _scales(name: str, values: Tensor) -> list[Finding]:
    mean, deviation = channel_stats(values)
    found = []
    empty = np.flatnonzero(deviation == 0.0)
    if len(empty) == len(deviation):
        text = f"{name!r} is {mean[0]:.3g} in every sample and place"
        # one number beside others may be the same for all; a whole map or series is lost so
        whole: Weight = "fault" if values[0].numel() >= _GROUP and values.ndim > 2 else "suspect"
        return [Finding(Cause.DEAD_INPUT, whole, text, f"{name!r}")]
    if len(empty):
        # a column of ones beside others is a bias
        table = values.ndim == 2
        zeros = [int(c) for c in empty if mean[c] == 0.0 or (table and mean[c] != 1.0)]
        shown = ", ".join(map(str, empty[:6]))
        text = f"channel {shown} of {name!r} is the same in every sample and place"
        # of a few channels none is meant to be empty; of many some often are
        few = len(deviation) <= _FEW_MAPS
        few = few and not (values.ndim == 3 and values.shape[1] == values.shape[2])  # who to whom
        if values.ndim == 2:  # a kind that never comes has an empty column beside those of others
            few = few and all(
                len(torch.unique(c)) > 2 for c in values.T[torch.from_numpy(deviation > 0)]
            )
        weight = "fault" if zeros and few else "note"
        found.append(
            Finding(
                Cause.DEAD_INPUT, "fault" if weight == "fault" else "note", text,
                f"{name!r}, channel {shown}",
            )
        )  # fmt: skip
    live = deviation > 0
    size = np.maximum(np.abs(mean[live]), deviation[live])
    worst = int(np.argmax(size))
    if size.max() > _FAR:
        where = int(np.flatnonzero(live)[worst])
        text = (
            f"channel {where} of {name!r} has mean {mean[where]:.4g} and standard deviation "
            f"{deviation[where]:.4g}; expected about 0 and 1"
        )
        found.append(Finding(Cause.INPUT_SCALE, "suspect", text, f"{name!r}, channel {where}"))
    elif deviation[live].max() < _NEAR:
        text = (
            f"the standard deviation of {name!r} is {deviation[live].max():.3g} at most; "
            "expected about 1"
        )
        found.append(Finding(Cause.INPUT_SCALE, "suspect", text, f"{name!r} hardly varies"))
    return found


def probe_target(exam: Exam) -> list[Finding]:
    """Look for targets that are all the same, of one class nearly always, or far from 1."""
    targets = [batch["target"] for batch in exam.train]
    flat = torch.cat([t.flatten() for t in targets])
    alone = drawn_alone(exam)
    if alone:
        return alone
    if not flat.is_floating_point():
        return _classes(_known_classes(exam, flat))
    flat = flat[torch.isfinite(flat)].double()
    if not flat.numel() or float(flat.std()) == 0.0:
        value = float(flat[0]) if flat.numel() else float("nan")
        return [Finding(Cause.TARGET_CONSTANT, "fault", f"every target is {value:.4g}")]
    wanted = torch.cat(targets) if len({t.shape[1:] for t in targets}) == 1 else None
    if wanted is not None and _all_alike(wanted):
        text = f"all {len(wanted)} targets are the same {wanted[0].numel()} numbers"
        return [Finding(Cause.TARGET_CONSTANT, "fault", text)]
    hardly = "" if wanted is None else _hardly_another(exam, wanted)
    if hardly:
        return [Finding(Cause.TARGET_CONSTANT, "fault", hardly)]
    if wanted is not None and len(torch.unique(flat)) > _GROUP:
        number = left_over("the target", _known_targets(exam))
        if number:
            return [Finding(Cause.TARGET_SCALE, "fault", number, firm=True)]
        slipped = slips("the target", wanted, whole=False)
        if slipped:
            return slipped
    mean, deviation = float(flat.mean()), float(flat.std())
    exam.figures |= {"target_mean": mean, "target_deviation": deviation}
    far = max(abs(mean), deviation) > _FAR and not asks_for_logarithms(exam, mean)
    if far or deviation < _NEAR / 2:
        text = f"targets have mean {mean:.4g} and deviation {deviation:.4g}; expected about 1"
        return [Finding(Cause.TARGET_SCALE, "suspect", text)]
    values, counts = torch.unique(flat, return_counts=True)
    if len(values) == 2 and float(counts.max()) / len(flat) >= _MAJORITY:
        return _classes((flat == values[1]).long(), [float(value) for value in values])
    return []


def _all_alike(targets: Tensor) -> bool:
    """Whether all samples have the same numbers for a target, as where one is given to all."""
    if len(targets) < _GROUP or targets[0].numel() < 2:
        return False
    first = targets[:1]
    return bool(((targets == first) | (targets.isnan() & first.isnan())).all())


def _hardly_another(exam: Exam, targets: Tensor) -> str:
    """Say so where one number is all there is in validation, and in nearly all training samples.

    As behind a threshold that hardly anything passes. Of two whole numbers one may be a rare class.
    """
    kinds = torch.unique(targets)
    if exam.case.valid is None or (len(kinds) <= 2 and bool((kinds == kinds.round()).all())):
        return ""
    valid = torch.cat([batch["target"].flatten() for batch in exam.valid])
    if len(valid) < _GROUP or not bool((valid == valid[0]).all()):
        return ""
    share = float((targets == valid[0]).reshape(len(targets), -1).all(1).float().mean())
    if share < _NEARLY_ALL:
        return ""
    return (
        f"every target of validation, and all of {100 * share:.1f} % of the training samples, is "
        f"{float(valid[0]):.4g}"
    )


def _known_classes(exam: Exam, flat: Tensor) -> Tensor:
    """Leave out the numbers that stand for places without a class, such as -1, -100 and 255."""
    most = len(exam.answers.prior) if exam.answers.kind == "classes" else int(flat.max()) + 1
    known = flat[(flat >= 0) & (flat < most)]
    return known if len(known) else flat


def _known_targets(exam: Exam) -> Tensor:
    """Lay the targets together, NaN where they do not count."""
    known = exam.case.known
    if known is None:
        return torch.cat([batch["target"] for batch in exam.train])
    return torch.cat(
        [
            torch.where(known(batch).expand_as(batch["target"]), batch["target"], torch.nan)
            for batch in exam.train
        ]
    )


def _classes(flat: Tensor, named: Sequence[float] = ()) -> list[Finding]:
    values, counts = torch.unique(flat, return_counts=True)
    share = float(counts.max()) / len(flat)
    if len(values) == 1:
        return [Finding(Cause.TARGET_CONSTANT, "fault", f"every target is {int(values[0])}")]
    if share < _MAJORITY:
        return []
    most = int(values[counts.argmax()])
    text = f"{100 * share:.1f} % of the targets are {named[most] if named else most:g}"
    return [Finding(Cause.MAJORITY_COLLAPSE, "suspect", text)]
