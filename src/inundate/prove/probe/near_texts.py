"""Texts that stand in both parts: too long to come twice by chance, or changed in a few places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.entropy import entropy
from inundate.prove.probe.near_rows import same_target

__all__ = ["near_texts", "too_long_for_chance"]

_SPARE = 10.0  # bits, beyond those by which any two samples of both parts differ
_OFTEN = 4  # times that a text comes, from which it is a saying that many use
_LONG = 6  # words, from which two texts can be near to each other
_SAME = 0.65  # of the places, or of the runs of words
_RUN = 3
_MANY = 0.1  # of the validation texts, more than among training texts
_MOST = 700  # samples that are compared
_OTHER = 0.45  # of the places, that the next other text has at most: a gap behind the copies
_COPIES = 12  # of one text, at most: what has more is one of a few forms
_GAPS = 0.25  # of the validation texts


def too_long_for_chance(exam: Exam, train: Sequence[bytes]) -> bool:
    """Whether no text comes twice by chance, as the entropy of its places tells.

    Parameters
    ----------
    exam : Exam
    train : sequence of bytes
        A key for each training sample, the same for the same inputs.
    """
    bits = 0.0
    for name, tensor in exam.train[0]["inputs"].items():
        values = gather(exam.train, name)
        if values is None or tensor.is_floating_point() or values.ndim > 2:
            return False
        places = values.reshape(len(values), -1)[:, :256].T
        bits += sum(entropy(place) for place in places) / np.log(2.0)
    often = Counter(train).most_common(1)[0][1]
    return often < _OFTEN and bits > 2.0 * np.log2(max(len(train), 2)) + _SPARE


def near_texts(exam: Exam) -> list[Finding]:
    """Look for validation texts that differ from a training text in a few words or letters.

    What is usual within the training data, as where texts are made from a few forms, is no leak.
    """
    names = [
        name
        for name, value in exam.train[0]["inputs"].items()
        if not value.is_floating_point() and value.ndim == 2 and value.shape[1] >= _LONG
    ]
    if len(names) != 1 or len(exam.train[0]["inputs"]) > 2:
        return []
    train, valid = (gather(part, names[0]) for part in (exam.train, exam.valid))
    if train is None or valid is None or train.shape[1] != valid.shape[1]:
        return []
    train, valid = train[:_MOST], valid[:_MOST]
    if min(len(train), len(valid)) < 20:
        return []
    half = len(train) // 2
    share = float(_near(valid, train).mean())
    by_itself = float(_near(train[half:], train[:half]).mean())
    exam.figures["near_texts"] = share
    if share < _MANY + 2.0 * by_itself:
        return _changed(exam, train, valid) if share >= _GAPS else []
    text = (
        f"{100 * share:.1f} % of the validation texts are a training text but for a few words; "
        f"within training {100 * by_itself:.1f} % are"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _changed(exam: Exam, train: Tensor, valid: Tensor) -> list[Finding]:
    """Look for texts that are a few others but for a word or two, and nothing like all the rest.

    As where each text was changed a few times, and then split: training texts are so as well. Of
    texts that follow forms each has many like it, and others that are like it by half.
    """
    near, place = _likeness(valid, train).topk(_COPIES + 1, dim=1)
    gap = (near[:, :1] >= _SAME) & (near[:, 1:] <= _OTHER) & (near[:, :-1] >= _SAME)
    copied = gap.any(1)
    share = float(copied.float().mean())
    exam.figures["changed_texts"] = share
    if share < _GAPS or not same_target(exam, copied, place[:, 0]):
        return []
    text = (
        f"{100 * share:.1f} % of the validation texts are a few training texts but for a word or "
        f"two, with the same target, and share {100 * _OTHER:.0f} % of their places at most with "
        "any other"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _likeness(asked: Tensor, held: Tensor) -> Tensor:
    """Give the share of places (A, N) that two texts have in common, of the longer one's."""
    filler = int(held[:, -1].mode().values)
    known, others = asked != filler, held != filler
    alike = torch.zeros(len(asked), len(held))
    for place in range(asked.shape[1]):
        same = asked[:, place, None] == held[None, :, place]
        alike += (same & known[:, place, None]).float()
    longest = torch.maximum(known.sum(1)[:, None], others.sum(1)[None]).clamp(min=1)
    found: Tensor = alike / longest
    return found


def _near(asked: Tensor, held: Tensor) -> NDArray[np.bool_]:
    """Say of which texts (N, L) most places, or most runs of words, are those of another one."""
    filler = int(held[:, -1].mode().values)
    long = (asked != filler).sum(1) >= _LONG
    found = _likeness(asked, held).max(1).values >= _SAME
    rest = torch.nonzero(long & ~found)[:, 0]
    runs = [_runs(text, filler) for text in held.tolist()]
    where: dict[tuple[int, ...], list[int]] = {}
    for number, own in enumerate(runs):
        for run in own:
            where.setdefault(run, []).append(number)
    for row in rest.tolist():
        own = _runs(asked[row].tolist(), filler)
        counts = Counter(n for run in own for n in where.get(run, ())[:50])
        most = counts.most_common(1)[0][1] if counts else 0
        found[row] = len(own) >= _LONG and most >= _SAME * len(own)
    said: NDArray[np.bool_] = (found & long).numpy()
    return said


def _runs(words: Sequence[int], filler: int) -> set[tuple[int, ...]]:
    """Give the runs of words of a text, which may have moved by a word."""
    held = [word for word in words if word != filler]
    return {tuple(held[i : i + _RUN]) for i in range(len(held) - _RUN + 1)}
