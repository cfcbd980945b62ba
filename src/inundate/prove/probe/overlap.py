"""Validation samples that share a piece with training samples: texts, and cuts of one map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["overlapping_maps", "overlapping_texts"]

_RUN = 5  # words in a row that two texts do not share by chance
_SHARED = 0.6  # of the runs of a text
_MANY = 0.1  # of the validation texts, more than among training texts
_PIECE = 5  # cells along a side of a piece that two maps do not share by chance
_MOST = 700  # samples that are compared
_CUT = 0.3  # of the validation maps, which share a piece with a training map
_PLAIN = 12  # different values that a piece must have to be one of its own


def overlapping_texts(exam: Exam) -> list[Finding]:
    """Look for validation texts most of whose runs of words stand in one training text."""
    names = [
        name
        for name, value in exam.train[0]["inputs"].items()
        if not value.is_floating_point() and value.ndim == 2 and value.shape[1] > _RUN
    ]
    if not names:
        return []
    train, valid = _runs(exam.train, names), _runs(exam.valid, names)
    if min(len(train), len(valid)) < 20:
        return []
    share = _found(valid, train)
    half = len(train) // 2
    by_itself = _found(train[half:], train[:half])
    exam.figures["overlapping_texts"] = share
    if share < _MANY + 2.0 * by_itself:
        return []
    text = (
        f"of {100 * share:.1f} % of the validation texts most runs of {_RUN} words stand in one "
        f"training text; within training this is so of {100 * by_itself:.1f} %"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _runs(batches: Sequence[Batch], names: Sequence[str]) -> list[set[tuple[int, ...]]]:
    """Give of each sample its runs of words; those that are filled up have none of their own."""
    found: list[set[tuple[int, ...]]] = []
    for batch in batches:
        texts = [batch["inputs"][name].tolist() for name in names]
        for parts in zip(*texts, strict=True):
            runs: set[tuple[int, ...]] = set()
            for number, words in enumerate(parts):
                for i in range(len(words) - _RUN + 1):
                    run = words[i : i + _RUN]
                    if len(set(run)) > 2:  # filler and a word tell nothing
                        runs.add((number, *run))
            found.append(runs)
    return found[:_MOST]


def _found(asked: Sequence[set[tuple[int, ...]]], held: Sequence[set[tuple[int, ...]]]) -> float:
    """Give the share of samples most of whose runs stand in one other sample."""
    where: dict[tuple[int, ...], list[int]] = {}
    for number, runs in enumerate(held):
        for run in runs:
            where.setdefault(run, []).append(number)
    hits = told = 0
    for runs in asked:
        if not runs:
            continue
        told += 1
        counts: dict[int, int] = {}
        for run in runs:
            for number in where.get(run, ())[:50]:
                counts[number] = counts.get(number, 0) + 1
        hits += max(counts.values(), default=0) >= _SHARED * len(runs)
    return hits / max(told, 1)


def overlapping_maps(exam: Exam) -> list[Finding]:
    """Look for a piece of validation maps that lies anywhere in a training map, in all inputs."""
    train, valid = _maps(exam.train), _maps(exam.valid)
    if train is None or valid is None or train.shape[1:] != valid.shape[1:]:
        return []
    if min(train.shape[2:]) < 2 * _PIECE or min(len(train), len(valid)) < 10:
        return []
    drawn = np.random.default_rng(exam.seed).normal(size=train.shape[1] * _PIECE * _PIECE)
    held = set(_keys(train, drawn, whole=True).tolist())
    asked = _keys(valid, drawn, whole=False)
    if exam.train[0]["target"].ndim >= 4:  # dry places are alike under any storm on one ground
        asked = np.where(_varied(valid, exam.train[0]["target"][0].numel()), asked, np.nan)
    known = asked[~np.isnan(asked)]
    if len(known) < 10:
        return []
    share = float(np.mean([key in held for key in known.tolist()]))
    exam.figures["overlapping_maps"] = share
    if share < _CUT:
        return []
    text = (
        f"a piece of {_PIECE} x {_PIECE} cells from the middle of {100 * share:.0f} % of the "
        "validation samples lies in a training sample as well, in all maps alike"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _maps(batches: Sequence[Batch]) -> Tensor | None:
    """Give all maps of the samples (N, C, H, W), inputs and targets, side by side.

    None if some have another size.
    """
    rows = []
    for batch in batches:
        target = batch["target"]
        dense = target.is_floating_point() and target.ndim >= 4
        if not dense and any(value.ndim < 4 for value in batch["inputs"].values()):
            return None  # one ground under other storms, which are told by other inputs
        maps = [
            value.double().flatten(1, -3)
            for value in batch["inputs"].values()
            if value.is_floating_point() and value.ndim >= 4  # (B, C, H, W)
        ]
        if dense:  # what is coarser than the target has no pieces that lie at its cells
            maps = [one for one in maps if one.shape[-2:] == target.shape[-2:]]
            maps.append(target.double().flatten(1, -3))
        if len(maps) <= dense or len({tuple(one.shape[-2:]) for one in maps}) > 1:
            return None
        rows.append(torch.cat(maps, 1))
    if len({tuple(row.shape[1:]) for row in rows}) != 1:
        return None
    return torch.cat(rows)[:_MOST]


def _varied(maps: Tensor, target: int) -> NDArray[np.bool_]:
    """Say of which maps the target, which comes last, is of several values in the middle.

    Parameters
    ----------
    maps : Tensor (N, C, H, W)
    target : int
        Numbers of a sample's target.
    """
    frames = target // (maps.shape[2] * maps.shape[3])
    top, left = ((n - _PIECE) // 2 for n in maps.shape[2:])
    middle = maps[:, -frames:, top : top + _PIECE, left : left + _PIECE].flatten(1)
    return np.array([len(torch.unique(row)) > _PIECE for row in middle])


def _keys(maps: Tensor, drawn: NDArray[np.float64], *, whole: bool) -> NDArray[np.float64]:
    """Give a number for each piece, the same for the same values; NaN for plain ones."""
    found = []
    for one in maps:
        if not whole:
            top, left = ((n - _PIECE) // 2 for n in one.shape[-2:])
            one = one[:, top : top + _PIECE, left : left + _PIECE]
        pieces = one.unfold(1, _PIECE, 1).unfold(2, _PIECE, 1)  # (C, h, w, p, p)
        rows = pieces.permute(1, 2, 0, 3, 4).reshape(-1, len(drawn)).numpy()
        keys = np.round((rows * drawn).sum(1), 9)
        if not whole:
            keys = np.where([len(np.unique(row)) >= _PLAIN for row in rows], keys, np.nan)
        found.append(keys)
    return np.concatenate(found)
