"""One training of a study, in a run folder of its own, from wherever it was interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError
from inundate.core.run import Run
from inundate.emulate.train import resume_emulator, train_emulator
from inundate.emulate.tune.objective import validations
from inundate.emulate.tune.setup import Setup
from inundate.learn.alarm import TrainingStopped

__all__ = ["GivenUp", "Outcome", "train_in"]

_PRUNED = "pruned"


class GivenUp(Exception):
    """Raised by who hears of a validation, to end the training there."""


@dataclass(frozen=True)
class Outcome:
    """How a training of a study ended.

    Attributes
    ----------
    state : str
        ``complete``; ``pruned``; ``stopped`` by an alarm; ``refused``, its settings do not fit
        together.
    run : Run or None
        None if it was refused.
    facts : dict
        ``wall_s`` with preparation, ``train_s`` without, ``steps``, ``parameters``, and the
        ``cause`` where there is one.
    """

    state: str
    run: Run | None
    facts: dict[str, Any] = field(default_factory=dict)


def train_in(
    path: Path,
    dataset: Path,
    setup: Setup,
    *,
    cache: Path | None = None,
    workers: int = 1,
    heard: Callable[[int, Mapping[str, float]], None] | None = None,
) -> Outcome:
    """Train in a run folder, go on with what is there, or read how it ended.

    Parameters
    ----------
    path : Path
        The run folder.
    dataset : Path
    setup : Setup
    cache : Path, optional
        Folder that keeps the prepared samples for the next training.
    workers : int
        Processes that prepare them.
    heard : callable, optional
        ``heard(number, scores)`` is told each validation, numbered from 0; what it raises
        (:class:`GivenUp`) ends the training.

    Returns
    -------
    Outcome

    Raises
    ------
    KeyboardInterrupt
        After a checkpoint; the same call goes on.
    RunError, DataError
        If disk or data fail.
    """
    started, before = time.monotonic(), _seconds(path)
    state, cause = "complete", None
    try:
        _train(path, dataset, setup, cache, workers, heard)
    except GivenUp:
        state, cause = "pruned", _PRUNED
        Run(path).set_status("stopped", cause=_PRUNED, error=None)
    except TrainingStopped as error:
        state, cause = "stopped", error.cause
    except ConfigError as error:
        if path.exists():
            raise
        return Outcome("refused", None, {"cause": error.message, "wall_s": 0.0})
    run = Run(path)
    facts = {
        "wall_s": round(before + time.monotonic() - started, 3),
        "train_s": round(_seconds(path), 3),
        "steps": int(run.manifest.get("step", 0)),
        "parameters": int(run.manifest["parameters"]),
        **({"cause": cause} if cause else {}),
    }
    return Outcome(state, run, facts)


def _train(
    path: Path,
    dataset: Path,
    setup: Setup,
    cache: Path | None,
    workers: int,
    heard: Callable[[int, Mapping[str, float]], None] | None,
) -> None:
    """Start, go on, or say again how it ended."""

    def listen(scores: Mapping[str, float]) -> None:
        known = validations(Run(path))
        if heard is not None and (not known or dict(scores) != known[-1]):  # made twice at the end
            heard(len(known), scores)

    if not path.exists():
        train_emulator(
            dataset,
            path,
            settings=setup.model,
            training=setup.train,
            loss=setup.loss,
            watching=setup.watch,
            cache=cache,
            workers=workers,
            progress=False,
            on_validation=listen,
        )
        return
    run = Run(path)
    if run.status == "finished":
        return
    if run.status == "stopped":
        cause = run.manifest.get("cause")
        if cause == _PRUNED:
            raise GivenUp
        raise TrainingStopped(f"training in {path} was stopped", cause=str(cause))
    resume_emulator(path, cache=cache, workers=workers, progress=False, on_validation=listen)


def _seconds(path: Path) -> float:
    """Give the seconds trained in earlier sittings."""
    if not path.exists():
        return 0.0
    return max((float(line.get("wall_s") or 0.0) for line in Run(path).read_metrics()), default=0.0)
