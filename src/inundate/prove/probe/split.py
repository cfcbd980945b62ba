"""Training and validation data: shared samples, near-duplicates, another preparation."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding, Weight
from inundate.prove.probe.copies import overlap, slid, turned
from inundate.prove.probe.data import channel_stats, gather
from inundate.prove.probe.loader import sample_keys
from inundate.prove.probe.mixed_units import mixed_units
from inundate.prove.probe.near_images import near_images
from inundate.prove.probe.near_rows import near_rows
from inundate.prove.probe.near_texts import near_texts, too_long_for_chance
from inundate.prove.probe.noise import noise_in_loader
from inundate.prove.probe.often import written_twice
from inundate.prove.probe.overlap import overlapping_maps, overlapping_texts
from inundate.prove.probe.reference import targets_of
from inundate.prove.probe.same_answers import same_answers

__all__ = ["probe_split"]

_SHARE = 0.05
_NEAR = 0.02  # of the usual distance between two samples: noise, a pixel's shift or rounding
_CLASSES = 20
_KINDS = 4  # different numbers of a sample, some broken, that are its own
_MOST_OF = 0.95  # of the samples
_BULK = 1.5  # factor within which the middle halves of both parts agree
_GROSS = 8.0  # deviations, or ratio of them, that no other sample of the same data has
_LARGER, _FEW = 4.0, 0.45  # times as large as any other sample, and the share of those that are
_NUMBERS = 1_000_000
_AGAIN = 0.5  # of the samples that an epoch has again, from which little is drawn anew
_MOST = 800  # samples whose distances are compared


def probe_split(exam: Exam) -> list[Finding]:
    """Look for samples that are in both parts, and for channels that are prepared differently."""
    if exam.case.valid is None:
        return []
    rows = sum(len(batch["target"]) for batch in exam.train)
    if not exam.apart or len(_asked_of(exam, exam.train)) < rows:
        return _shared(exam)  # as nodes of one graph, of which each part asks for its own
    copied = _shared(exam) or _near(exam) or turned(exam) or slid(exam)
    copied = copied or overlapping_texts(exam) or near_texts(exam) or overlapping_maps(exam)
    copied = copied or near_images(exam) or same_answers(exam)
    return copied or noise_in_loader(exam) or _targets(exam) or _shift(exam)


def _targets(exam: Exam) -> list[Finding]:
    """Compare the targets of both parts: their scale, or the classes that there are."""
    train, valid = (
        torch.cat([batch["target"].flatten() for batch in part])
        for part in (exam.train, exam.valid)
    )
    text = ""
    if train.is_floating_point() and len(torch.unique(train)) > _CLASSES:
        train, valid = (part[torch.isfinite(part)].double() for part in (train, valid))
        slipped = _targets_in_another_unit(exam)
        if slipped:
            return slipped
        spread, other = float(train.std()), float(valid.std())
        away = abs(float(valid.mean() - train.mean())) / max(spread, 1e-30)
        # what is dry in most places differs by itself from storm to storm
        gross = _GROSS if exam.typical["target"].ndim <= 2 else 4.0 * _GROSS
        few = _few_larger(*(_sizes(part) for part in (exam.train, exam.valid)))
        if other < spread / gross and few:
            return [Finding(Cause.UNIT_SLIP, "fault", few, "the target")]
        if other < spread / gross and _same_bulk(train, valid):
            return [Finding(Cause.UNIT_SLIP, "fault", _told_bulk("the target", train, valid),
                            "the target")]  # fmt: skip
        if away > gross or max(other, 1e-30) > gross * spread or other < spread / gross:
            text = (
                f"targets have mean {float(train.mean()):.4g} and deviation {spread:.4g} in "
                f"training, {float(valid.mean()):.4g} and {other:.4g} in validation"
            )
    else:
        known, counts = torch.unique(valid, return_counts=True)
        new = [v for v, n in zip(known, counts, strict=True) if n >= _SHARE * len(valid)]
        new = [v for v in new if not bool((train == v).any())]
        if new:
            named = ", ".join(f"{float(v):g}" for v in new[:4])
            text = f"validation samples of the class {named} have no like in training"
        elif len(known) == 1 and len(valid) > _CLASSES and len(torch.unique(train)) > 1:
            text = f"all {len(valid)} validation targets are {float(known[0]):g}"
    return [Finding(Cause.SPLIT_SHIFT, "fault", text, "the target")] if text else []


def _targets_in_another_unit(exam: Exam) -> list[Finding]:
    """Look for a share of the training targets that are in another unit than those of validation.

    Maps are of many sizes by themselves.
    """
    train, valid = targets_of(exam.train), targets_of(exam.valid)
    if train is None or valid is None or train.ndim > 2 or train.shape[1:] != valid.shape[1:]:
        return []
    one, other = (part[:, None] if part.ndim < 2 else part for part in (train, valid))
    return mixed_units("the target", one, other)


def _sizes(batches: list[Batch]) -> Tensor:
    """Give the root mean square of each sample's target."""
    parts = [batch["target"].double().flatten(1 if batch["target"].ndim > 1 else 0)
             for batch in batches]  # fmt: skip
    rows = [part if part.ndim > 1 else part[:, None] for part in parts]
    return torch.cat([row.nan_to_num(0.0, 0.0, 0.0).square().mean(1).sqrt() for row in rows])


def _few_larger(train: Tensor, valid: Tensor) -> str:
    """Tell of training samples that are far larger than any of validation, most being as large."""
    most = float(valid.max())
    few = train > _LARGER * most
    share = float(few.double().mean())
    if most <= 0 or not _SHARE <= share <= _FEW or not float(valid.median()) > 0:
        return ""
    if not 1 / _BULK < float(train[~few].median() / valid.median()) < _BULK:
        return ""
    return (
        f"{100 * share:.0f} % of the targets of training are {_LARGER:g} times as large as any of "
        f"validation, {float(train[few].median() / train[~few].median()):.3g} times as large as "
        "the rest, which are as large as those"
    )


def _same_bulk(train: Tensor, valid: Tensor) -> bool:
    """Whether the middle halves of both parts agree, though their deviations differ."""
    low, middle, high = torch.quantile(train[:_NUMBERS], train.new_tensor([0.25, 0.5, 0.75]))
    other = torch.quantile(valid[:_NUMBERS], valid.new_tensor([0.25, 0.5, 0.75]))
    wide, found = float(high - low), float(other[2] - other[0])
    if min(wide, found) <= 0:
        return False
    alike = 1 / _BULK < wide / found < _BULK
    return alike and abs(float(middle - other[1])) < 0.5 * wide


def _told_bulk(name: str, train: Tensor, valid: Tensor) -> str:
    far = float(((train < valid.min()) | (train > valid.max())).double().mean())
    return (
        f"half of the training values of {name} lie as those of validation do, but their deviation "
        f"is {float(train.std()):.3g}, not {float(valid.std()):.3g}: {100 * far:.1f} % lie beyond "
        "all of validation"
    )


def _unlikely_twice(exam: Exam, keys: list[bytes]) -> bool:
    """Whether no sample would come again by chance."""
    return _own_numbers(exam) or too_long_for_chance(exam, keys) or written_twice(exam)


def _shared(exam: Exam) -> list[Finding]:
    train, valid = _asked_of(exam, exam.train), _asked_of(exam, exam.valid)
    known = set(train)
    both = sum(key in known for key in valid) / len(valid)
    by_itself = 1.0 - len(known) / len(train)  # short texts repeat within the training data too
    # what is measured, or long, does not: it was written twice, and then split
    if exam.apart and _unlikely_twice(exam, train):
        by_itself = 0.0
    exam.figures["shared_samples"] = both
    if both < _SHARE + 3.0 * by_itself:
        return []
    text = f"{100 * both:.1f} % of {len(valid)} validation samples are in the training data as well"
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _asked_of(exam: Exam, part: list[Batch]) -> list[bytes]:
    """Give the samples of a part whose class counts.

    The nodes of one graph may be in both parts, where each has the classes of its own ones alone.
    """
    keys = list(sample_keys(part))
    every = [key for batch in keys for key in batch]
    if any(batch["target"].ndim != 1 for batch in part) or exam.answers.kind != "classes":
        return every
    known = torch.cat([exam.answers.known(batch["target"]) for batch in part]).tolist()
    if len(known) != len(every) or not any(known):
        return every
    return [key for key, counts in zip(every, known, strict=True) if counts]


def _own_numbers(exam: Exam) -> bool:
    """Whether nearly each sample has measured numbers, which no other would have by chance."""
    values = _rows(exam, "valid")
    if values is None or not values.shape[1]:
        return False
    kinds = torch.tensor([len(torch.unique(row)) for row in values[:200]])
    many = kinds >= min(_KINDS, values.shape[1])
    broken = (values[:200] != values[:200].round()).any(1)
    return bool((many & broken).float().mean() > _MOST_OF)


def _near(exam: Exam) -> list[Finding]:
    train, valid = _rows(exam, "train"), _rows(exam, "valid")
    if train is None or valid is None or min(len(train), len(valid)) < 10:
        return []
    scale = train.std(0)
    # what hardly varies in training, beside the rest of its input, tells no two samples apart
    live = scale > 1e-3 * _widest(exam, scale)
    every = [part[:, live] / scale[live] for part in (train, valid)]
    train, valid = (part[:_MOST] for part in every)
    usual = float(torch.cdist(train[:200], train[:200]).median())
    nearest = torch.cdist(valid, train).min(1).values
    within = torch.cdist(train[:200], train) + torch.eye(min(200, len(train)), len(train)) * 1e9
    share = float((nearest < _NEAR * usual).float().mean())
    by_itself = float((within.min(1).values < _NEAR * usual).float().mean())
    if usual <= 0 or share < _SHARE + 1.5 * by_itself:
        maps = any(value.ndim > 3 for value in _floats(exam.train[0]).values())
        return [] if maps else near_rows(exam, *every)
    text = (
        f"{100 * share:.1f} % of the validation samples have a near-duplicate in the training data "
        f"(closer than {_NEAR:g} of the usual distance)"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _widest(exam: Exam, scale: Tensor) -> Tensor:
    """Give for each number of a row (F,) the largest deviation of its input."""
    sizes = [value[0].numel() for value in _floats(exam.train[0]).values()]
    return torch.cat([part.max().expand_as(part) for part in torch.split(scale, sizes)])


def _floats(batch: Batch) -> dict[str, Tensor]:
    """Give the inputs that are measured."""
    return {n: t for n, t in batch["inputs"].items() if t.is_floating_point() and t.ndim}


def _rows(exam: Exam, part: str) -> Tensor | None:
    """Lay the float inputs of a part side by side (N, F)."""
    batches = exam.train if part == "train" else exam.valid
    parts = [gather(batches, name) for name in _floats(batches[0])]
    if not parts or any(p is None for p in parts):
        return None
    return torch.cat([p.reshape(len(p), -1).float() for p in parts if p is not None], 1)


def _shift(exam: Exam) -> list[Finding]:
    """Compare mean and deviation of each channel; a gross difference is a fault."""
    for name, tensor in exam.train[0]["inputs"].items():
        if not tensor.is_floating_point():
            continue
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        if train is None or valid is None or train.ndim < 2 or train.shape[1:] != valid.shape[1:]:
            continue
        if bool((train == train[:1]).all()):
            continue  # nothing of it is learnt; the probe of inputs tells
        (mean, spread), (other, other_spread) = channel_stats(train), channel_stats(valid)
        live = spread > 1e-9
        if not live.any():
            continue
        slipped = _in_another_unit(exam, name, train, valid)
        if slipped:
            return slipped
        away = np.abs(other - mean)[live] / spread[live]
        ratio = np.maximum(other_spread[live], 1e-12) / spread[live]
        worst = max(float(away.max()), float(np.abs(np.log(ratio)).max()) / np.log(1.8))
        if float(away.max()) > 1.0 or ratio.max() > 1.8 or ratio.min() < 0.55:
            text = (
                f"of {name!r} the validation mean is up to {away.max():.3g} deviations off, and "
                f"its deviation {ratio.min():.3g} to {ratio.max():.3g} times that in training"
            )
            exam.figures["split_shift"] = worst
            gross = float(away.max()) > _GROSS or ratio.max() > _GROSS or ratio.min() < 1 / _GROSS
            worst_one = int(np.flatnonzero(live)[int(np.argmin(ratio))])
            parts = [part[:, worst_one].double().flatten() for part in (train, valid)]
            if ratio.min() < 1 / _GROSS and _same_bulk(*parts):
                where = f"{name!r}, channel {worst_one}"
                return [Finding(Cause.UNIT_SLIP, "fault", _told_bulk(where, *parts), where)]
            weight: Weight = "fault" if gross else "suspect"
            return [Finding(Cause.SPLIT_SHIFT, weight, text, f"{name!r}")]
    return []


def _in_another_unit(exam: Exam, name: str, train: Tensor, valid: Tensor) -> list[Finding]:
    """Look for a share of the samples of tables, sets and series that are in another unit."""
    series = train.ndim == 3 and train.shape[1] > train.shape[2]
    # noise that is drawn anew makes numbers far as well
    if exam.figures.get("samples_that_recur", 1.0) < _AGAIN or train.ndim > 3:
        return []
    one, other = (part.movedim(-1, 1) if series else part for part in (train, valid))
    found = mixed_units(name, one, other)
    # windows of one long series have its largest values in common, in whatever layout they are
    half, rows = len(train) // 2, one.flatten(2) if one.ndim > 2 else one[:, None]
    windows = rows.transpose(1, 2)
    return [] if found and overlap(windows[:half], windows[half:]) > _AGAIN else found
