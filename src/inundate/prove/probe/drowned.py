"""Training inputs that are drawn anew, from which far less is learnt than from clean ones."""

from __future__ import annotations

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.moved_alone import moved_alone
from inundate.prove.probe.nearly import few_again_and_again
from inundate.prove.trial import run_trial

__all__ = ["drowned"]

_ANEW = 0.5  # of the samples that an epoch has again, from which too few are drawn anew
_LEARNT = 0.75  # skill on clean samples, from which the noise has left enough
_MORE = 0.2  # of skill, that fewer clean samples give beyond it
_LEFT = 2.0  # times the error that those leave
_CLEAR = 0.01
_LESS = 0.6  # of the skill on clean samples, that is left on those that are trained on


def drowned(exam: Exam, unseen: Skill) -> list[Finding]:
    """See whether what is drawn anew in each epoch leaves too little of what is to be learnt.

    As a photograph is nothing but salt and pepper where 95 in 100 pixels are, not 5.
    """
    if exam.case.valid is None or exam.case.trained or exam.all.broke or unseen.value > _LEARNT:
        return []
    if not worth(exam, Cause.NOISE_TOO_STRONG):
        return []
    return _clean_ones(exam) or _says_less(exam, unseen)


def _says_less(exam: Exam, unseen: Skill) -> list[Finding]:
    """See whether the model makes far less of samples that it is trained on than of clean ones.

    Asked where training inputs are known to be drawn far wider than validation inputs. Clean
    samples may be too few to learn from, and still be known better than those that were learnt.
    """
    causes = (f for f in exam.findings if f.cause is Cause.NOISE_TOO_STRONG and f.is_fault)
    loud = next((f for f in causes if f.subject), None)
    seen = exam.figures.get("skill_train", unseen.value)
    if loud is None or not unseen.there or seen > _LESS * unseen.value:
        return []
    text = (
        f"{loud.evidence}; the model has a skill of {seen:.2f} on those that it is trained on, and "
        f"of {unseen.value:.2f} on clean ones"
    )
    return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, loud.subject, firm=True)]


def _clean_ones(exam: Exam) -> list[Finding]:
    """Train on validation samples, which are clean: of far fewer of them far more is learnt.

    More samples can only help, unless something is done to them.
    """
    if len(exam.valid) < 3 or exam.figures.get("samples_that_recur", 1.0) > _ANEW:
        return []
    kept = max(1, len(exam.valid) // 3)
    fewer, rest = exam.valid[:-kept], exam.valid[-kept:]
    if len(fewer) >= len(exam.learnt):
        return []
    trial = run_trial(exam.case, fewer, exam.effort.all_batches, seed=exam.seed)
    if trial.broke:
        return []
    clean, own = exam.skill(trial.model, rest), exam.skill(exam.all.model, rest)
    exam.figures["skill_valid, trained on other validation samples"] = clean.value
    more = clean.value >= max(own.value, 0.0) + _MORE
    # what counts as right is the end of the way where answers are of the target's own kind alone
    much = 1.0 - own.value >= _LEFT * (1.0 - clean.value)
    much = much if exam.comparable else clean.value >= _LEFT * own.value
    sure = clean.p_value <= _CLEAR or not exam.comparable  # else of each batch, which are few
    if not sure or not more or not much:
        return []
    count, every = (sum(len(b["target"]) for b in part) for part in (fewer, exam.learnt))
    text = (
        f"the loader draws the inputs of training anew: {every} of those give a skill of "
        f"{own.value:.2f} on validation samples, {count} other validation samples {clean.value:.2f}"
    )
    few = few_again_and_again(exam)
    if few:
        text = f"{few}; {text}"
        return [Finding(Cause.LOADER_REPEATS, "fault", text, tried=True, firm=True)]
    moved = moved_alone(exam)
    if moved:
        text = f"{moved}; {text}"
        return [Finding(Cause.TARGETS_MISPAIRED, "fault", text, tried=True, firm=True)]
    return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, tried=True, firm=True)]
