"""Settings of a study."""

from __future__ import annotations

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["MAY_CHANGE", "TuneSettings"]

#: Settings of a study that may differ from one sitting to the next: they say how far it goes,
#: not what a trial is.
MAY_CHANGE = frozenset({"trials", "max_minutes", "repeats"})


class TuneSettings(Settings):
    """How long a study goes on, what it makes better, and how that is checked."""

    trials: int = Field(
        default=20, ge=1, description="Trials of the study; the default settings are the first."
    )
    max_minutes: float = Field(
        default=0.0,
        ge=0.0,
        description="No trial is started after so many minutes of trials, over all sittings; "
        "0: no limit.",
    )
    objective: str = Field(
        default="loss",
        description="What is made better on the validation part: loss, a part of it, or a score "
        "of whole roll-outs such as csi_0.3.",
    )
    repeats: int = Field(
        default=3,
        ge=0,
        description="Trainings with fresh seeds of the default and of the best settings, by which "
        "they are compared; 0: none.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of what is tried, and of the repeats.")
    startup_trials: int = Field(
        default=8, ge=1, description="Trials drawn at random before the sampler learns from them."
    )
    prune: bool = Field(
        default=True,
        description="Give a trial up whose best validation is worse than the median of the others.",
    )
    prune_after: int = Field(
        default=5, ge=1, description="Complete trials needed before one may be given up."
    )
    prune_warmup: int = Field(
        default=1, ge=0, description="Validations that every trial is granted."
    )
