"""Targets that follow for one part of the data, and not for another."""

from __future__ import annotations

import copy
import itertools

import torch

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["exchanged"]

_LEAST = 24  # validation samples of each of two classes
_EVEN = 0.6  # of the commoner of two, so that the other is none that is never answered
_APART = 0.12  # of the answers, by which two classes differ if one is taken for the other at random
_KNOWN = 0.8  # of the samples of other classes, and of the two together, that are right
_MOST = 30  # classes


def exchanged(exam: Exam) -> list[Finding]:
    """Look for two classes that are told from all others, and not at all from each other.

    As where one annotator had named them the other way round.
    """
    if exam.answers.kind != "classes" or exam.valid[0]["target"].ndim != 1:
        return []
    if not 2 < len(exam.answers.prior) <= _MOST:
        return []
    model = copy.deepcopy(exam.all.model).eval()
    target = torch.cat([batch["target"] for batch in exam.valid])
    said = torch.cat([exam.run(model, batch).argmax(1) for batch in exam.valid])
    if said.shape != target.shape:
        return []
    for one, other in itertools.combinations(torch.unique(target[target >= 0]).tolist(), 2):
        of_one, of_other = target == one, target == other
        counts = sorted((int(of_one.sum()), int(of_other.sum())))
        if counts[0] < _LEAST or counts[0] < _EVEN * counts[1]:
            continue
        both, answered = of_one | of_other, (said == one) | (said == other)
        rest = ~both & (target >= 0)
        if float(answered[both].float().mean()) < _KNOWN:
            continue
        if not bool(rest.any()) or float((said == target)[rest].float().mean()) < _KNOWN:
            continue
        shares = [float((said == one)[of & answered].float().mean()) for of in (of_one, of_other)]
        if shares[0] - shares[1] > _APART:
            continue
        text = (
            f"of {int(both.sum())} validation samples of the classes {one} and {other} the "
            f"model answers {one} to {100 * shares[0]:.0f} % of those that are {one} and to "
            f"{100 * shares[1]:.0f} % of those that are {other}; of all other classes "
            f"{100 * float((said == target)[rest].float().mean()):.0f} % are right"
        )
        return [Finding(Cause.TARGETS_UNRELATED, "fault", text, f"{one} and {other}")]
    return []
