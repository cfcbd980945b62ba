"""Maps whose values come at other places in the next epoch, beside a target that stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.exam import Exam
from inundate.prove.probe.loader import key_of

__all__ = ["moved_alone"]

_PAIRS = 20  # samples that came in both epochs, from which something can be said
_MOVED = 0.5  # of those, whose values came at other places

Sample = tuple[list[Tensor], Tensor]


def moved_alone(exam: Exam) -> str:
    """Say so where images are moved or turned from epoch to epoch, and targets by place are not.

    Shown by samples that hold the same numbers in both epochs at other places: nothing was added
    to them, so that it is no noise. A target without places may well stay as it is.
    """
    if exam.typical["target"].ndim < 3 or not _maps(exam.typical):
        return ""
    first, second = (_by_content(part) for part in (exam.train, exam.again))
    pairs = [(first[key], second[key]) for key in first.keys() & second.keys()]
    pairs = [(a, b) for a, b in pairs if len(torch.unique(a[1])) > 1]  # of which places tell
    moved = [
        torch.equal(a[1], b[1])
        for a, b in pairs
        if not all(torch.equal(v, w) for v, w in zip(a[0], b[0], strict=True))
    ]
    if len(pairs) < _PAIRS or sum(moved) < max(_MOVED * len(pairs), 0.9 * len(moved)):
        return ""
    return (
        f"of {len(pairs)} samples that came in two epochs {len(moved)} had their values at other "
        f"places in the second, and {sum(moved)} of those the target where it was"
    )


def _maps(batch: Batch) -> list[str]:
    """Name the inputs that have a value for each place."""
    return [n for n, v in batch["inputs"].items() if v.ndim >= 4 and v.is_floating_point()]


def _by_content(batches: Sequence[Batch]) -> dict[bytes, Sample]:
    """Give samples by a key of the numbers that they hold; those that come twice are left out."""
    keys: list[bytes] = []
    samples: list[Sample] = []
    for batch in batches:
        maps = _maps(batch)
        for row in range(len(batch["target"])):
            held = {n: v[row].detach().cpu() for n, v in batch["inputs"].items() if v.ndim}
            keys.append(key_of([v.flatten(1).sort(1).values if n in maps else v
                                for n, v in held.items()]))  # fmt: skip
            samples.append((list(held.values()), batch["target"][row].detach().cpu()))
    often = Counter(keys)
    return {key: held for key, held in zip(keys, samples, strict=True) if often[key] == 1}
