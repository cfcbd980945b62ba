"""Named causes for which a training is stopped, and the error that tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from inundate.core.errors import StabilityError

__all__ = ["Alarm", "Cause", "TrainingStopped"]


class Cause(StrEnum):
    """Why a training was stopped, the most specific first."""

    NAN_INPUT = "nan-input"
    EXPLODING_GRADIENT = "exploding-gradient"
    NAN_LOSS = "nan-loss"
    ALL_ZERO = "all-zero"
    NO_GRADIENT = "no-gradient"
    CONSTANT_OUTPUT = "constant-output"
    IGNORES_INPUT = "ignores-input"
    WET_FRACTION = "wet-fraction"
    NO_SKILL = "no-skill"
    COLLAPSED_LATENT = "collapsed-latent"
    WRONG_SPREAD = "wrong-spread"
    MEAN_OFF = "mean-off"
    CANNOT_OVERFIT = "cannot-overfit"


_SAYS = {
    Cause.NAN_INPUT: "the batch holds values that are not finite: {subject}",
    Cause.NAN_LOSS: "the loss is not finite",
    Cause.EXPLODING_GRADIENT: "the training explodes",
    Cause.ALL_ZERO: "the output is zero everywhere (all dry)",
    Cause.NO_GRADIENT: "no gradient reaches {subject}",
    Cause.CONSTANT_OUTPUT: "the output is the same for every sample",
    Cause.IGNORES_INPUT: "the model ignores its input {subject!r}",
    Cause.WET_FRACTION: "the predicted wet fraction is far from the true one",
    Cause.NO_SKILL: "the model is no better than the baseline {subject!r}",
    Cause.COLLAPSED_LATENT: "the latent grid says nothing of the truth",
    Cause.WRONG_SPREAD: "the members' spread does not fit the error of their mean",
    Cause.MEAN_OFF: "the members' mean is not the mean path",
    Cause.CANNOT_OVERFIT: "the model cannot even learn one batch by heart",
}

_HINTS = {
    Cause.NAN_INPUT: "mend or leave out that sample (inundate dataset audit finds others); if NaN "
    "means 'missing' there, name the key in allow_nan and mask it in the loss",
    Cause.NAN_LOSS: "look for log, sqrt or division of 0 in the loss, or lower learning_rate",
    Cause.EXPLODING_GRADIENT: "lower learning_rate or clip, or raise warmup_steps",
    Cause.ALL_ZERO: "mostly-dry samples swamp the wet ones: weight the loss by wet cells, and "
    "start the last layer's bias at the data's mean",
    Cause.NO_GRADIENT: "look for dead ReLU units, a detach(), or a part that forward never calls; "
    "name it in may_rest if that is meant",
    Cause.CONSTANT_OUTPUT: "look for scales near 0, saturated activations, or inputs of tiny range",
    Cause.IGNORES_INPUT: "check that it reaches forward, and its units, range and alignment with "
    "the target",
    Cause.WET_FRACTION: "check units and threshold of target and output, and the weights of the "
    "loss",
    Cause.NO_SKILL: "run inundate doctor on the run; compare the baseline's map with the model's",
    Cause.COLLAPSED_LATENT: "raise free_nats or beta_epochs; see that the truth reaches the "
    "posterior and its draw reaches the decoder",
    Cause.WRONG_SPREAD: "train longer on the CRPS of members; calibration mends a moderate misfit",
    Cause.MEAN_OFF: "train longer on the CRPS of members, or start from a better mean path",
    Cause.CANNOT_OVERFIT: "the fault is in model, loss or labels, not in the amount of data: run "
    "inundate doctor",
}


@dataclass(frozen=True)
class Alarm:
    """One fault that was found, with its evidence.

    Parameters
    ----------
    cause : Cause
        What is wrong.
    evidence : str
        What was found and what was expected, with figures.
    subject : str
        Which input, block, baseline or key, where the cause has one.
    """

    cause: Cause
    evidence: str
    subject: str = ""

    @property
    def says(self) -> str:
        """The fault in one clause."""
        return _SAYS[self.cause].format(subject=self.subject)

    @property
    def hint(self) -> str:
        """What to look at first."""
        return _HINTS[self.cause]

    @property
    def key(self) -> str:
        """Cause and subject in one text, such as ``ignores-input: rain``."""
        return f"{self.cause.value}: {self.subject}" if self.subject else self.cause.value

    def record(self) -> dict[str, str]:
        """Give the alarm as plain values for JSON."""
        return {**asdict(self), "cause": self.cause.value, "says": self.says}


class TrainingStopped(StabilityError):
    """Training was stopped by an alarm.

    Attributes
    ----------
    alarms : tuple of Alarm
        The cause that is named comes first, then what else was found.
    checkpoint : Path or None
        Last good checkpoint.
    """

    alarms: tuple[Alarm, ...] = ()
    checkpoint: Path | None = None

    @classmethod
    def because(
        cls,
        alarms: Sequence[Alarm],
        *,
        where: str,
        checkpoint: Path | None = None,
    ) -> TrainingStopped:
        """Make the error from its alarms.

        Parameters
        ----------
        alarms : sequence of Alarm
            At least one; sorted here by how specific the cause is.
        where : str
            Such as ``"step 620 (epoch 4)"``.
        checkpoint : Path, optional
            Last good checkpoint.
        """
        order = list(Cause)
        ranked = sorted(alarms, key=lambda alarm: order.index(alarm.cause))
        first, others = ranked[0], ranked[1:]
        lines = [f"training stopped at {where}: {first.says}", f"  {first.evidence}"]
        if others:
            lines.append(f"  also: {'; '.join(alarm.says for alarm in others)}")
        if checkpoint is not None:
            lines.append(f"  last good checkpoint: {checkpoint}")
        error = cls("\n".join(lines), hint=first.hint, cause=first.cause.value)
        error.alarms = tuple(ranked)
        error.checkpoint = checkpoint
        return error
