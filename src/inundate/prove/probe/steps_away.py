"""Targets of each place of a series or text that stand a place before, or behind, their own."""

from __future__ import annotations

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.ahead import is_next
from inundate.prove.probe.mended import skill_with
from inundate.prove.trial import Remedy

__all__ = ["steps_away"]

_STEPS = (1, -1)  # by which targets may stand beside the places that they are of
_LONG = 6  # places, from which one more or less counts little
_AS_GOOD = 0.8  # of the skill of the doctor's own network


def steps_away(exam: Exam, own: Skill) -> list[Finding]:
    """See whether the model learns as much with the target of each place moved by one.

    As where a span of time is named by its end among the inputs and by its begin among the targets.

    Parameters
    ----------
    exam : Exam
    own : Skill
        Of a network of the doctor's own, which looks at all places for each.
    """
    target = exam.typical["target"]
    if target.ndim < 2 or target.shape[1] < _LONG or target.shape[1] not in exam.output.shape[1:]:
        return []
    if any(is_next(value, target) for value in exam.typical["inputs"].values()):
        return []  # a model that writes on: one step later each target is what is read there
    for steps in _STEPS:

        def move(batch: Batch, steps: int = steps) -> Batch:
            return {**batch, "target": batch["target"].roll(steps, 1)}

        name = f"with targets {abs(steps)} step {'later' if steps > 0 else 'earlier'}"
        skill = skill_with(exam, Remedy(name, batch=move))
        if skill is not None and skill.there and skill.value > _AS_GOOD * own.value:
            unseen = max(exam.figures["skill_valid"], -9.99)
            text = (
                f"skill on unseen samples is {unseen:.2f}, and "
                f"{skill.value:.2f} {name}: they stand beside the places that they are of"
            )
            return [Finding(Cause.TARGETS_UNRELATED, "fault", text, tried=True, firm=True)]
    return []
