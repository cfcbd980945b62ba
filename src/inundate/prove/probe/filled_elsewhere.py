"""Texts that are filled up at one end in training, and at the other one in validation."""

from __future__ import annotations

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.padding import Padding, find_padding, move_padding

__all__ = ["filled_elsewhere"]

_MOST, _FEW = 0.8, 0.05  # of the texts, that are filled up at the one end and at the other one
_GAP = 0.1  # of skill, by which validation samples must be behind those of training
_MENDS = 0.5  # of that gap


def filled_elsewhere(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Fill validation texts up at the end at which training texts are, and see whether it helps."""
    if exam.case.valid is None or seen.value < unseen.value + _GAP:
        return []
    here, there = find_padding(exam.train), find_padding(exam.valid)
    if here is None or there is None or here.right == there.right:
        return []
    if (here.name, here.filler) != (there.name, there.filler):
        return []
    if not _at_one_end(exam, here, there):
        return []
    moved = exam.skill(exam.all.model, [move_padding(there, batch) for batch in exam.valid])
    exam.figures["skill_valid, filled up as in training"] = moved.value
    if moved.value < unseen.value + _MENDS * (seen.value - unseen.value):
        return []
    ends = "behind the text" if here.right else "in front of the text"
    other = "in front of it" if here.right else "behind it"
    text = (
        f"{here.name!r} is filled up by {here.filler} {ends} in training and {other} in "
        f"validation; skill on validation samples is {unseen.value:.2f}, filled up as in training "
        f"{moved.value:.2f}"
    )
    return [Finding(Cause.SPLIT_SHIFT, "fault", text, f"{here.name!r}", tried=True, firm=True)]


def _at_one_end(exam: Exam, here: Padding, there: Padding) -> bool:
    """Whether nearly all texts of each part are filled up at their own end, hardly any at both."""
    for batches, own, other in ((exam.train, here, there), (exam.valid, there, here)):
        values = gather(batches, own.name)
        if values is None:
            return False
        shares = [float((end.counts(values) > 0).double().mean()) for end in (own, other)]
        if shares[0] < _MOST or shares[1] > _FEW:
            return False
    return True
