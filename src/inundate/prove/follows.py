"""Findings that follow from another one: a number left in the data puts it out of any range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inundate.prove.cause import Cause
from inundate.prove.finding import NONE_AT_ALL, Finding

__all__ = ["settle"]


def settle(findings: Sequence[Finding]) -> list[Finding]:
    """Make notes of the findings that another one explains.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    list of Finding
        In the same order.
    """
    return [replace(f, weight="note") if _follows(f, findings) else f for f in findings]


def _follows(finding: Finding, findings: Sequence[Finding]) -> bool:
    return any(rule(finding, other) for other in findings for rule in _RULES if other.is_fault)


def _filled_targets(finding: Finding, other: Finding) -> bool:
    """Say whether outputs miss the targets for a fill number among those."""
    return finding.cause is Cause.OUTPUT_RANGE and other.cause is Cause.TARGET_SCALE and other.firm


def _copied_target(finding: Finding, other: Finding) -> bool:
    """Say whether an input is uneven from sample to sample for the target that it holds."""
    same = other.subject.startswith(finding.subject)
    return finding.cause is Cause.UNIT_SLIP and other.cause is Cause.TARGET_IN_INPUT and same


def _noisy_input(finding: Finding, other: Finding) -> bool:
    """Say whether an input is large for what is added to it at random."""
    loud = other.cause is Cause.NOISE_TOO_STRONG and finding.subject.startswith(other.subject)
    return finding.cause is Cause.INPUT_SCALE and loud and other.subject != ""


def _small_errors(finding: Finding, other: Finding) -> bool:
    """Say whether a loss looks wrong or blind for the small errors that it does not count."""
    floor = other.cause is Cause.LOSS_FLOOR and other.firm
    return finding.cause in (Cause.LOSS_SIGN, Cause.LOSS_IGNORES) and floor


#: Told by an exact test of data or loss: how such a training goes says nothing more.
_EXACT = {Cause.TARGETS_UNRELATED, Cause.MAJORITY_COLLAPSE, Cause.STEP_WRONG}
_OF_TRAINING = {
    Cause.IGNORES_INPUT, Cause.TARGET_SCALE, Cause.BAD_START, Cause.SATURATED,
    Cause.VANISHING_GRADIENT, Cause.NOISE_TOO_STRONG, Cause.DECAY_TOO_STRONG, Cause.RATE_TOO_HIGH,
    Cause.RATE_TOO_LOW, Cause.STEP_WRONG,
}  # fmt: skip


def _of_the_training(finding: Finding, other: Finding) -> bool:
    """Say whether a training could not but go as it does, for what it is given."""
    exact = other.cause in _EXACT and other.firm and not other.tried
    told = finding.cause is not Cause.TARGET_SCALE or finding.tried  # or seen by what it is
    return finding.cause in _OF_TRAINING and finding is not other and told and exact


def _shut(finding: Finding, other: Finding) -> bool:
    """Say whether some inputs count for nothing since no weight does."""
    whole = other.cause is Cause.NO_GRADIENT and other.firm
    return finding.cause is Cause.IGNORES_INPUT and finding.subject != "its inputs" and whole


def _held(finding: Finding, other: Finding) -> bool:
    """Say whether an output that is held in a range seems to follow from nothing."""
    every = finding.cause is Cause.IGNORES_INPUT and finding.subject == "its inputs"
    return every and other.cause is Cause.OUTPUT_RANGE


def _at_the_end(finding: Finding, other: Finding) -> bool:
    """Say whether a training went to the end of a range beyond which all targets lie.

    There the last activation passes next to nothing back, and answers are alike.
    """
    told = finding.cause is Cause.NO_GRADIENT and not finding.firm
    told = told or finding.cause is Cause.IGNORES_INPUT
    return told and other.cause is Cause.OUTPUT_RANGE and other.firm


def _swallowed(finding: Finding, other: Finding) -> bool:
    """Say whether inputs count for nothing beside one that is far larger."""
    large = other.cause is Cause.INPUT_SCALE and (other.firm or other.tried)
    return finding.cause is Cause.IGNORES_INPUT and large


def _unasked(finding: Finding, other: Finding) -> bool:
    """Say whether nothing could be learnt, as no weight is asked: what such a start does is old."""
    nothing = other.cause is Cause.NO_GRADIENT and other.firm and other.subject == NONE_AT_ALL
    return nothing and finding.cause in {*_OF_TRAINING, Cause.DEAD_UNITS, Cause.OUTPUT_RANGE}


def _zeros(finding: Finding, other: Finding) -> bool:
    """Say whether no gradient comes since matrices of zeros wait for each other."""
    waits = other.cause is Cause.BAD_START and other.firm
    return finding.cause is Cause.NO_GRADIENT and waits


_CUT_OFF = {Cause.NO_GRADIENT, Cause.IGNORES_INPUT, Cause.DEAD_UNITS, Cause.SATURATED}


def _too_large(finding: Finding, other: Finding) -> bool:
    """Say whether something looks cut off for inputs with which, scaled, the model learns."""
    return finding.cause in _CUT_OFF and other.cause is Cause.INPUT_SCALE and other.tried


def _of_the_start(finding: Finding, other: Finding) -> bool:
    """Say whether weights that were drawn anew have a gradient, and the given ones have none."""
    start = other.cause in (Cause.BAD_START, Cause.SATURATED) and other.tried
    told = finding.cause is Cause.NO_GRADIENT and finding.subject != NONE_AT_ALL
    return start and (told or finding.cause is Cause.IGNORES_INPUT)


def _of_another_unit(finding: Finding, other: Finding) -> bool:
    """Say whether no output seems to find its own target for the few that are far larger."""
    broad = finding.cause is Cause.SHAPE_BROADCAST and not finding.firm
    return broad and other.cause is Cause.UNIT_SLIP


def _alike(finding: Finding, other: Finding) -> bool:
    """Say whether units are dead since all of them start from the same number."""
    return finding.cause is Cause.DEAD_UNITS and other.cause is Cause.SYMMETRIC_START


def _of_the_mode(finding: Finding, other: Finding) -> bool:
    """Say whether outputs miss their targets in evaluation mode alone."""
    gone = other.cause is Cause.TRAIN_EVAL_GAP and other.firm
    return finding.cause is Cause.OUTPUT_RANGE and gone


def _fed_nothing(finding: Finding, other: Finding) -> bool:
    """Say whether units pass nothing on, or an input counts for nothing, for an empty one."""
    told = finding.cause in (Cause.DEAD_UNITS, Cause.IGNORES_INPUT, Cause.TRAIN_EVAL_GAP)
    return told and other.cause is Cause.DEAD_INPUT


_RULES = (
    _alike,
    _fed_nothing,
    _of_the_mode,
    _of_another_unit,
    _of_the_start,
    _too_large,
    _zeros,
    _unasked,
    _held,
    _at_the_end,
    _swallowed,
    _shut,
    _of_the_training,
    _small_errors,
    _noisy_input,
    _filled_targets,
    _copied_target,
)
