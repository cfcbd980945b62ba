"""How often samples come again: by chance, or since each of them was written twice."""

from __future__ import annotations

from collections import Counter

from inundate.prove.exam import Exam
from inundate.prove.probe.loader import sample_keys

__all__ = ["written_twice"]

_TIMES = 8  # that a sample may have been written
_MANY = 50  # samples, from which it can be said how many should come more often
_FEWER = 0.2  # of those that chance would give


def written_twice(exam: Exam) -> bool:
    """Whether more samples, target and all, come k times than chance lets come k times alone.

    Of what is drawn at random, whatever the chances are, some comes once more often and some once
    less: with ``n`` of a kind, ``n[k - 1] n[k + 1] >= n[k] ** 2 k / (k + 1)`` (Cauchy and Schwarz,
    for any mixture of Poisson counts). Rows that a join or a copy has doubled are all there twice.
    """
    counts: Counter[bytes] = Counter()
    for part in (exam.train, exam.valid):
        pairs = zip(sample_keys(part), sample_keys(part, target=True), strict=True)
        counts.update(
            one + other
            for inputs, targets in pairs
            for one, other in zip(inputs, targets, strict=True)
        )
    often = Counter(counts.values())
    return any(
        often[k] >= _MANY and often[k - 1] * often[k + 1] < _FEWER * often[k] ** 2 * k / (k + 1)
        for k in range(2, _TIMES)
    )
