"""Models of the zoo that are no networks: fitted at once, stored as arrays, asked for whole maps.

They make the same run folder as a training of a network, with ``model.safetensors`` in place of
checkpoints, and are predicted and scored by the same functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from inundate.core.config import Settings
from inundate.core.errors import ConfigError, RunError
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.prepared import Prepared
from inundate.learn.job import TrainResult
from inundate.learn.settings import TrainSettings

__all__ = ["FILE", "Direct", "Fitted", "Kind", "check_unread", "fit_run"]

FILE = "model.safetensors"
"""Where a run folder holds such a model."""


@runtime_checkable
class Direct(Protocol):
    """A model that gives all frames of a whole raster at once."""

    align: int
    reach: int

    @property
    def size(self) -> int:
        """Numbers that were fitted."""

    def predict(self, prepared: Prepared) -> NDArray[np.float32]:
        """Give depth (T, H, W) in m."""

    def write(self, path: Path) -> None:
        """Store it as plain arrays."""


Model = TypeVar("Model", bound=Direct, covariant=True)


@dataclass(frozen=True)
class Fitted(Generic[Model]):
    """A fitted model, and how well it fits.

    Attributes
    ----------
    model : Direct
    steps : int
        Trees, or 1 for what is solved at once.
    loss : float
        On what it was fitted to.
    scores : mapping of str to float
        On the validation part; empty where it has nothing to say of that.
    range : mapping
        Least and greatest of the traits of what it was fitted to, for the gate.
    """

    model: Model
    steps: int
    loss: float
    scores: Mapping[str, float]
    range: Mapping[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """How a kind of such models is fitted and read.

    Attributes
    ----------
    fit : callable
        ``fit(samples, settings, seed=, progress=)``.
    read : callable
        ``read(path)``.
    """

    fit: Callable[..., Fitted[Any]]
    read: Callable[[Path], Any]


def check_unread(
    model: str, training: TrainSettings, others: Mapping[str, tuple[Settings | None, Settings]]
) -> None:
    """Refuse settings of a training by steps: of these such a model reads the seed alone.

    Parameters
    ----------
    model : str
    training : TrainSettings
    others : mapping of str to (given, default)
        Settings by table of which it reads none.

    Raises
    ------
    ConfigError
        Naming every one that was given.
    """
    tables = {"train": (training, TrainSettings()), **others}
    unread = [
        f"{table}.{name}"
        for table, (given, default) in tables.items()
        for name in (type(default).model_fields if given is not None else ())
        if name != "seed" and getattr(given, name) != getattr(default, name)
    ]
    if unread:
        raise ConfigError(
            f"training {model}: it is fitted at once and does not read {', '.join(unread)}",
            hint="leave that out; of [train] it reads seed",
        )


def fit_run(
    run: Run, kind: Kind, samples: Samples, settings: Settings, *, seed: int, progress: bool
) -> TrainResult:
    """Fit a model in a run folder that was made for it.

    Parameters
    ----------
    run : Run
    kind : Kind
    samples : Samples
    settings : Settings
        The model's own.
    seed : int
    progress : bool
        Show how far it is.

    Returns
    -------
    TrainResult

    Raises
    ------
    RunError
        If the run is finished already, or locked.
    DataError
        If the data do not fit the model.
    """
    if run.status == "finished":
        raise RunError(f"run {run.path} is finished", hint="train a new run")
    began = time.monotonic()
    with run.lock():
        run.set_status("running", seed=seed, device="cpu", processes=1)
        try:
            fitted = kind.fit(samples, settings, seed=seed, progress=progress)
            fitted.model.write(run.path / FILE)
        except BaseException as error:
            word = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            run.set_status(word, error=f"{type(error).__name__}: {error}")
            raise
        facts: dict[str, Any] = {
            "step": fitted.steps,
            "epoch": 1.0,
            "loss": fitted.loss,
            "scores": dict(fitted.scores),
            "best_step": fitted.steps,
            "ended_by": "fit",
            "wall_s": round(time.monotonic() - began, 3),
        }
        run.log_metrics({k: facts[k] for k in ("step", "epoch", "wall_s", "loss")})
        trained_on = {**run.manifest.get("trained_on", {}), "range": dict(fitted.range)}
        run.set_status(
            "finished", **facts, parameters=fitted.model.size, trained_on=trained_on, alarms=[],
            error=None,
        )  # fmt: skip
    return TrainResult(**facts, alarms=(), best=run.path, last=run.path)
