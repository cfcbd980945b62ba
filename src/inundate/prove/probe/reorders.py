"""Samples whose parts come in another order in the next epoch, with the target as it was."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.loader import key_of

__all__ = ["probe_reorders"]

_PAIRS = 20  # samples that came in both epochs, from which something can be said
_MOVED = 0.2  # of those, whose parts came in another order
_STAYED = 0.95  # of those again, whose target was the same
_SAME = 1e-4  # of the deviation of outputs, by which rounding moves them
_LONGEST = 512  # parts of a sample

Sample = tuple[list[Tensor], Tensor]


def probe_reorders(exam: Exam) -> list[Finding]:
    """Compare two epochs by what a sample holds, whatever the order of its parts.

    Parts are the places of texts and series, the columns of tables, and inputs of one shape. That
    their order is drawn anew is no fault by itself; it is one where the target says which part it
    is, or where the model by what it is answers another thing to another order.
    """
    first, second = (_by_content(part) for part in (exam.train, exam.again))
    pairs = [(first[key], second[key]) for key in first.keys() & second.keys()]
    moved = [(a, b) for a, b in pairs if not _equal(a[0], b[0])]
    if len(pairs) < _PAIRS or len(moved) < _MOVED * len(pairs):
        return []
    stayed = sum(torch.equal(a[1], b[1]) for a, b in moved) / len(moved)
    if stayed < _STAYED or len({key_of([a[1]]) for a, _ in moved}) < 2:
        return []
    names = list(exam.train[0]["inputs"])
    unlike = [
        name
        for place, name in enumerate(names)
        if any(not torch.equal(a[0][place], b[0][place]) for a, b in moved)
    ]
    text = (
        f"of {len(pairs)} samples that came in two epochs {len(moved)} had the parts of "
        f"{', '.join(map(repr, unlike))} in another order in the second, and the target of "
        f"{100 * stayed:.0f} % of those was the same"
    )
    sure = _each_place(exam, unlike) or _would_move(exam, unlike)
    subject = ", ".join(map(repr, unlike))
    return [Finding(Cause.TARGETS_MISPAIRED, "fault" if sure else "suspect", text + sure, subject)]


def _equal(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def _by_content(batches: Sequence[Batch]) -> dict[bytes, Sample]:
    """Give samples by a key of their parts in any order; those that come twice are left out."""
    keys: list[bytes] = []
    samples: list[Sample] = []
    for batch in batches:
        count = len(batch["target"])
        values = [value.detach().cpu() for value in batch["inputs"].values()]
        if any(not v.ndim or len(v) != count or _parts(v) > _LONGEST for v in values):
            return {}
        for row in range(count):
            held = [value[row] for value in values]
            keys.append(_content(held))
            samples.append((held, batch["target"][row].detach().cpu()))
    often = Counter(keys)
    return {key: held for key, held in zip(keys, samples, strict=True) if often[key] == 1}


def _parts(value: Tensor) -> int:
    return value.shape[1] if value.ndim > 1 else 1


def _content(values: Sequence[Tensor]) -> bytes:
    """Give a key of what the inputs of one sample hold, in any order."""
    parts = []
    for value in values:
        rows = value if value.ndim else value[None]
        parts += [key_of([row.reshape(-1)]) for row in rows]
    if len(values) == 2 and values[0].shape == values[1].shape and len(parts) > 2:
        # of two inputs of one shape each is a part too, and what stands in it stays together
        parts = [key_of([value]) for value in values]
    return b"".join(sorted(parts))


def _each_place(exam: Exam, names: Sequence[str]) -> str:
    """Say so where each part that moved has a target of its own."""
    shape = exam.train[0]["target"].shape
    held = [exam.train[0]["inputs"][name] for name in names]
    if len(shape) >= 2 and shape[1] > 1 and any(v.shape[:2] == shape[:2] for v in held):
        return ", though each part has a target of its own"
    return ""


def _would_move(exam: Exam, names: Sequence[str]) -> str:
    """Say so where answers move with the parts, as their numbers or in their sign."""
    batch = exam.train[0]
    model = copy.deepcopy(exam.case.model).eval()
    before = exam.run(model, batch).double()
    scale = _SAME * max(float(before.std()), 1e-12)
    for change, size in _changes(batch, names):
        after = exam.run(model, change(batch)).double()
        if after.shape != before.shape or float((after - before).abs().max()) <= scale:
            continue
        others = [before.roll(1, dim) for dim in range(1, before.ndim) if before.shape[dim] == size]
        if size == 2:
            others += [-before, 1.0 - before]
        if any(float((after - other).abs().max()) <= scale for other in others):
            return ", though by what the model is its answer goes with the order"
    return ""


def _changes(batch: Batch, names: Sequence[str]) -> list[tuple[Callable[[Batch], Batch], int]]:
    """Give changes of the order of parts, with how many parts there are."""
    found: list[tuple[Callable[[Batch], Batch], int]] = []
    if len(names) == 2:

        def exchange(given: Batch) -> Batch:
            one, other = (given["inputs"][name] for name in names)
            inputs = {**given["inputs"], names[0]: other, names[1]: one}
            return {**given, "inputs": inputs}

        found.append((exchange, 2))
    for name in names:
        if batch["inputs"][name].ndim < 2:
            continue

        def turn(given: Batch, name: str = name) -> Batch:
            inputs = {**given["inputs"], name: given["inputs"][name].roll(1, 1)}
            return {**given, "inputs": inputs}

        found.append((turn, batch["inputs"][name].shape[1]))
    return found
