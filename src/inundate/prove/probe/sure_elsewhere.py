"""Answers that are right of all training samples, and sure of what is wrong elsewhere."""

from __future__ import annotations

from inundate.prove.cause import Cause
from inundate.prove.exam import Skill
from inundate.prove.finding import Finding

__all__ = ["sure_elsewhere"]

_BY_HEART = 0.9  # skill on samples that were trained on, from which those are known by heart
_LITTLE = 0.4  # skill on others, that is little beside it
_WORSE = -1.0  # of the way, the wrong one; all healthy classifiers are above 0.3


def sure_elsewhere(seen: Skill, unseen: Skill) -> list[Finding]:
    """See whether the loss on unseen samples is far beyond that of knowing nothing.

    What simple learners find of them does not matter then: who answered by the frequencies alone
    would do better.

    Parameters
    ----------
    seen, unseen : Skill
        On training and on validation samples.
    """
    if min(seen.value, seen.progress) < _BY_HEART:
        return []
    if unseen.value > _LITTLE or unseen.progress > _WORSE:
        return []
    text = (
        f"skill is {seen.value:.2f} on samples that were trained on and {unseen.value:.2f} on "
        f"others, where the loss lies {-100 * max(unseen.progress, -9.99):.0f} % beyond that of "
        "knowing nothing, of the way from the right answers to it"
    )
    return [Finding(Cause.MEMORISES, "fault", text)]
