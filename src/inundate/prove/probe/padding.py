"""Texts and series of different lengths: does the answer depend on what fills them up."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather

__all__ = ["Padding", "find_padding", "move_padding", "probe_padding", "says_where"]

_ROWS = 0.3  # share of the samples that must be padded
_STRAY = 0.01  # share of the filler elsewhere: more, and it is a word like others
_MOVES = 0.05  # of what differs between samples: rounding and padded convolutions move less
_LEAST = 2  # places of padding in a batch that are worth cutting


@dataclass(frozen=True)
class Padding:
    """How an input is filled up.

    Attributes
    ----------
    name : str
        Of the input, (B, L) of whole numbers or (B, L, E) of values.
    filler : int
        Token that fills up; 0 for values, of which all are 0.
    right : bool
        Whether it stands behind the text.
    share : float
        Of all places.
    """

    name: str
    filler: int
    right: bool
    share: float

    def counts(self, value: Tensor) -> Tensor:
        """Count what is filled up (B,)."""
        return _run(_filled(value, self.filler), right=self.right)


def find_padding(batches: Sequence[Batch]) -> Padding | None:
    """Find the input that is filled up to one length, if there is one."""
    for name, tensor in batches[0]["inputs"].items():
        values = gather(batches, name)
        if values is None or values.ndim != (3 if tensor.is_floating_point() else 2):
            continue
        for right in (True, False):
            edge = values[:, -1 if right else 0]
            filler = 0 if tensor.is_floating_point() else int(edge.mode().values)
            filled = _filled(values, filler)
            runs = _run(filled, right=right)
            stray = float(filled.sum() - runs.sum()) / filled.numel()
            alike = len(torch.unique(runs)) < 2
            if alike and not (right and tensor.is_floating_point() and _half(runs, values)):
                continue
            if float((runs > 0).float().mean()) < _ROWS:
                continue
            if stray < _STRAY:
                return Padding(name, filler, right, float(runs.sum()) / filled.numel())
    return None


def _half(runs: Tensor, values: Tensor) -> bool:
    """Whether half of each series or more is filled up, and not all of it."""
    return bool((2 * runs >= values.shape[1]).all() and (runs < values.shape[1]).all())


def _filled(value: Tensor, filler: int) -> Tensor:
    """Say which places (B, L) hold the filler."""
    return (value == filler).all(-1) if value.ndim == 3 else value == filler


def _run(filled: Tensor, *, right: bool) -> Tensor:
    """Give the length (B,) of the run of filler at one end."""
    ordered = filled.flip(1) if right else filled
    return ordered.long().cumprod(1).sum(1)


def says_where(batches: Sequence[Batch], name: str) -> bool:
    """Whether an input says nothing but where the padding of another one is.

    As the lengths (B,) of texts, or a mask (B, L) of their places, either way round.
    """
    padding = find_padding(batches)
    if padding is None or padding.name == name:
        return False
    batch = batches[0]
    told, value = batch["inputs"][name].double(), batch["inputs"][padding.name]
    filled = _filled(value, padding.filler)
    if told.shape == filled.shape:
        return any(bool((told == one.double()).all()) for one in (filled, ~filled))
    lengths = value.shape[1] - padding.counts(value)
    return told.shape == lengths.shape and bool((told == lengths.double()).all())


def move_padding(padding: Padding, batch: Batch) -> Batch:
    """Give the batch with its padding at the other end; what else has a length moves along."""
    value = batch["inputs"][padding.name]
    length = value.shape[1]
    shift = padding.counts(value) * (1 if padding.right else -1)
    place = (torch.arange(length, device=value.device)[None] - shift[:, None]) % length  # (B, L)
    moved = {}
    for name, held in batch["inputs"].items():
        alike = held.ndim >= 2 and held.shape[:2] == value.shape[:2]
        rows = torch.arange(len(held), device=held.device)[:, None]
        moved[name] = held[rows, place] if alike else held
    return {**batch, "inputs": moved}


def probe_padding(exam: Exam) -> list[Finding]:
    """Cut padding off that no sample of a batch needs, and see whether the answer stays."""
    padding = find_padding(exam.train)
    target = exam.train[0]["target"]
    if padding is None or padding.share < _STRAY or _has_length(target, exam, padding):
        return []
    exam.figures["padding"] = padding.share
    where = "behind" if padding.right else "before"
    text = f"{100 * padding.share:.0f} % of {padding.name!r} is filled up {where} the text"
    change = _change(exam, padding)
    if change is None or change < _MOVES:
        return []
    exam.figures["padding_moves"] = change
    much = f"{100 * change:.0f} % of" if change < 1 else f"{min(change, 99.0):.2g} times"
    text += f"; with less of it the answers move by {much} what they differ between samples"
    return [Finding(Cause.PADDING, "suspect", text, f"{padding.name!r}")]


def _has_length(target: Tensor, exam: Exam, padding: Padding) -> bool:
    """Whether each place has a target of its own, which would have to move with it."""
    length = exam.train[0]["inputs"][padding.name].shape[1]
    return target.ndim >= 2 and target.shape[1] == length


def _change(exam: Exam, padding: Padding) -> float | None:
    """Say by how much the answers change, of their deviation between samples."""
    found = []
    for given in (exam.case.model, exam.one.model):
        model = copy.deepcopy(given).eval()
        for batch in exam.train[:3]:
            cut = _cut(padding, batch)
            if cut is None or len(batch["target"]) < 2:
                continue
            try:
                less = exam.run(model, cut)
            except Exception:  # noqa: BLE001  the model is the user's and may want one length
                return None
            whole = exam.run(model, batch)[_short(padding, batch)]
            spread = exam.run(model, batch).float().std(0).mean()
            if less.shape != whole.shape or not bool(torch.isfinite(less).all()):
                return None
            moved = (less.float() - whole.float()).square().mean().sqrt()
            found.append(float(moved / spread.clamp(min=1e-12)))
    return max(found, default=None)


def _short(padding: Padding, batch: Batch) -> Tensor:
    """Choose the half of the samples (B,) that is filled up most."""
    runs = padding.counts(batch["inputs"][padding.name])
    return runs >= runs.float().median()


def _cut(padding: Padding, batch: Batch) -> Batch | None:
    """Give the shorter samples without the padding that all of them have."""
    value = batch["inputs"][padding.name]
    chosen = _short(padding, batch)
    spare = min(int(padding.counts(value)[chosen].min()), value.shape[1] - 1)
    if spare < _LEAST:
        return None
    keep = slice(None, -spare) if padding.right else slice(spare, None)
    inputs = {}
    for name, held in batch["inputs"].items():
        alike = held.ndim >= 2 and held.shape[:2] == value.shape[:2]
        inputs[name] = held[chosen][:, keep] if alike else held[chosen]
    return {**batch, "inputs": inputs, "target": batch["target"][chosen]}
