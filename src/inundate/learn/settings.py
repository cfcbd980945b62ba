"""Settings of the training loop and of the watch that looks over it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from inundate.core.config import Settings

__all__ = ["CHANGEABLE", "TrainSettings", "WatchSettings", "differences"]

#: Settings that may differ between a run and its resumption, because they change neither
#: the order of the samples nor the arithmetic of a step (``device`` and ``threads`` change
#: its rounding only; ``max_minutes`` belongs to the machine of the day).
CHANGEABLE = frozenset(
    {
        "device",
        "threads",
        "max_minutes",
        "checkpoint_every_steps",
        "checkpoint_every_minutes",
        "keep",
        "log_every_steps",
    }
)


class TrainSettings(Settings):
    """How long, how fast and where a model is trained."""

    epochs: int = Field(
        default=10, ge=0, description="Passes over the data; 0: no limit by epochs."
    )
    max_steps: int = Field(
        default=0, ge=0, description="Optimiser steps at most; 0: no limit by steps."
    )
    max_minutes: float = Field(
        default=0.0,
        ge=0.0,
        description="Wall-clock budget in minutes over all sittings of the run; 0: none. "
        "The learning rate still falls to its floor, but a run with such a "
        "budget cannot be repeated bit for bit.",
    )
    batch_size: int = Field(default=16, ge=1, description="Samples in one optimiser step.")
    learning_rate: float = Field(
        default=1e-3, gt=0.0, description="Highest learning rate of AdamW."
    )
    weight_decay: float = Field(
        default=0.01,
        ge=0.0,
        description="Decay of weight matrices and kernels; biases and norms have none.",
    )
    warmup_steps: int = Field(
        default=50,
        ge=0,
        description="Steps over which the learning rate rises linearly to its highest.",
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        default="cosine", description="How the learning rate falls after the warm-up."
    )
    floor: float = Field(
        default=0.05,
        ge=0.0,
        le=1.0,
        description="Lowest learning rate of the cosine or line, share of the highest.",
    )
    clip: float = Field(
        default=1.0,
        ge=0.0,
        description="Largest gradient norm; longer gradients are shortened. 0: never.",
    )
    ema: float = Field(
        default=0.0,
        ge=0.0,
        lt=1.0,
        description="Decay of the running mean of the weights that validation and prediction "
        "use, such as 0.999; 0: none.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of the sample order and of dropout.")
    checkpoint_every_steps: int = Field(
        default=500,
        ge=0,
        description="Steps between checkpoints; 0: only at the end and at a new best.",
    )
    checkpoint_every_minutes: float = Field(
        default=10.0,
        ge=0.0,
        description="Minutes between checkpoints when steps are slow; 0: never by time.",
    )
    keep: int = Field(default=3, ge=1, description="Newest checkpoints kept beside the best.")
    validate_every_steps: int = Field(
        default=0, ge=0, description="Steps between validations; 0: at the end of each epoch."
    )
    log_every_steps: int = Field(
        default=10, ge=1, description="Steps averaged in one line of the metrics."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where to train; auto takes the GPU if there is one."
    )
    threads: int = Field(
        default=0, ge=0, description="CPU threads of PyTorch; 0: as it finds them."
    )

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if not (self.epochs or self.max_steps or self.max_minutes):
            raise ValueError(
                "epochs, max_steps and max_minutes are all 0: training would never end; "
                "set at least one of them"
            )
        return self


class WatchSettings(Settings):
    """When the watch looks and what it calls broken.

    Each threshold is far from what a healthy model shows, so that an alarm is worth
    stopping for; the reasons stand beside the numbers in ``docs/training.md``.
    """

    every_steps: int = Field(
        default=0, ge=0, description="Steps between looks; 0: each epoch's end."
    )
    batches: int = Field(default=4, ge=1, description="Batches looked at, always the same ones.")
    grace_steps: int = Field(
        default=200, ge=0, description="Steps before what the output looks like may raise an alarm."
    )
    patience: int = Field(
        default=3,
        ge=1,
        description="Looks in a row that must show the same fault before training stops.",
    )
    constant_below: float = Field(
        default=0.05,
        ge=0.0,
        description="Constant output: its spread across samples over the truth's.",
    )
    zero_below: float = Field(
        default=0.01,
        ge=0.0,
        description="All zero: root mean square of the output over the truth's.",
    )
    ignored_rise: float = Field(
        default=0.01,
        ge=0.0,
        description="Ignored input: relative rise of the error when it is shuffled.",
    )
    ratio_low: float = Field(
        default=0.2, ge=0.0, description="Wet fraction: smallest share of the true one."
    )
    ratio_high: float = Field(
        default=5.0, gt=0.0, description="Wet fraction: largest multiple of the true."
    )
    skill_above: float = Field(
        default=0.0, le=1.0, description="No skill: 1 - error / baseline's error at or below this."
    )
    no_gradient_steps: int = Field(
        default=20, ge=1, description="Steps in a row that a block gets no gradient at all."
    )
    explode_loss: float = Field(
        default=20.0, gt=1.0, description="Exploding: loss over that of the untrained model."
    )
    explode_gradient: float = Field(
        default=1000.0,
        gt=1.0,
        description="Exploding: gradient norm over the largest tenth of the last 100.",
    )
    explode_steps: int = Field(
        default=5, ge=1, description="Steps in a row that loss or gradient must exceed these."
    )
    stop: bool = Field(
        default=True, description="Stop the training; otherwise alarms are only logged."
    )


def differences(saved: dict[str, Any], current: dict[str, Any], *, prefix: str = "") -> list[str]:
    """List how two configurations differ in keys that must not change within a run.

    Parameters
    ----------
    saved, current : dict
        Configurations of the run as stored and as given now; tables may be nested.
    prefix : str
        Name of the table, for the text.

    Returns
    -------
    list of str
        One text per differing key, such as ``"seed: run has 0, now 1"``.

    Examples
    --------
    >>> differences({"seed": 0, "threads": 1}, {"seed": 1, "threads": 2})
    ['seed: the run has 0, now 1']
    """
    found: list[str] = []
    for key in sorted(saved.keys() | current.keys()):
        name = f"{prefix}{key}"
        before, now = saved.get(key), current.get(key)  # TOML has no None: absent is the same
        if isinstance(before, dict) and isinstance(now, dict):
            found += differences(before, now, prefix=f"{name}.")
        elif _plain(before) != _plain(now) and key not in CHANGEABLE:
            found.append(f"{name}: the run has {before!r}, now {now!r}")
    return found


def _plain(value: Any) -> Any:
    """Compare lists and tuples, and paths and texts, as TOML and JSON store them."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else str(value)
