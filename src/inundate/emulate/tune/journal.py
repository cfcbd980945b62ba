"""The journal of a study: every value tried and measured, whatever ends the process.

Optuna appends one line of JSON an event and syncs it to the disk, so that a kill loses at most
the line under way; :func:`mend_journal` cuts that off. Each value that is tried is drawn by a
sampler seeded with the study's seed, the trial's number and the setting's name: a study that
was interrupted goes on with the same values as one that was not.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError, require_extra
from inundate.core.files import write_text
from inundate.core.seeds import make_seed
from inundate.emulate.tune.settings import TuneSettings
from inundate.emulate.tune.setup import Setup
from inundate.emulate.tune.space import Range, Space

__all__ = ["JOURNAL", "Journal", "mend_journal"]

JOURNAL = "study.journal"
_NAME = "tune"


class Journal:
    """The trials of a study, on disk.

    Parameters
    ----------
    folder : Path
        Of the study; whoever opens its journal holds its lock.
    settings : TuneSettings
    setup : Setup
        The default settings: the first trial.
    space : Space

    Raises
    ------
    MissingExtraError
        Without Optuna.
    DataError
        If the journal is damaged.
    """

    def __init__(self, folder: Path, settings: TuneSettings, setup: Setup, space: Space) -> None:
        self._optuna: Any = require_extra("tune", "optuna", what="tuning")
        self._settings = settings
        self._space, self._setup = space, setup
        path = folder / JOURNAL
        mend_journal(path)
        backend = self._optuna.storages.journal
        lock = backend.JournalFileOpenLock(str(path))
        with _quiet():
            self.study: Any = self._optuna.create_study(
                storage=self._optuna.storages.JournalStorage(
                    backend.JournalFileBackend(str(path), lock_obj=lock)
                ),
                study_name=_NAME,
                load_if_exists=True,
                direction="minimize",
                pruner=self._pruner(),
            )
        if not self.study.trials:
            self.study.enqueue_trial({name: setup.value(name) for name in space})

    def _pruner(self) -> Any:
        if not self._settings.prune:
            return self._optuna.pruners.NopPruner()
        return self._optuna.pruners.MedianPruner(
            n_startup_trials=self._settings.prune_after, n_warmup_steps=self._settings.prune_warmup
        )

    def _sampler(self, number: int, name: str) -> Any:
        return self._optuna.samplers.TPESampler(
            seed=make_seed(self._settings.seed, "tune", number, name) % 2**32,
            n_startup_trials=self._settings.startup_trials,
            multivariate=False,  # joint draws would depend on how many values a kill left
            constant_liar=False,
        )

    def next(self) -> Any:
        """Give the trial that was interrupted, or else a new one; its values are drawn already."""
        running = [trial for trial in self.study.trials if trial.state.name == "RUNNING"]
        number = running[0].number if running else sum(t.state.name != "WAITING" for t in self.all)
        self.study.sampler = self._sampler(number, "")
        if running:
            trial = self._optuna.trial.Trial(self.study, running[0]._trial_id)
        else:
            trial = self.study.ask()
        for name, found in self._space.items():
            self.study.sampler = self._sampler(number, name)
            self._draw(trial, name, found)
        return trial

    def _draw(self, trial: Any, name: str, found: Range) -> None:
        """Draw a value, unless the trial has it from before a kill."""
        if found.choices:
            trial.suggest_categorical(name, list(found.choices))
        elif isinstance(self._setup.value(name), int):
            low, high = (round(bound or 0.0) for bound in (found.low, found.high))
            trial.suggest_int(name, low, high, log=found.log)
        else:
            trial.suggest_float(name, found.low, found.high, log=found.log)

    @property
    def all(self) -> list[Any]:
        """All trials, by number."""
        return list(self.study.trials)

    @property
    def finished(self) -> list[Any]:
        """Trials that are complete, given up, or stopped."""
        return [trial for trial in self.all if trial.state.is_finished()]

    @property
    def is_open(self) -> bool:
        """Whether a trial was interrupted."""
        return any(trial.state.name == "RUNNING" for trial in self.all)

    @property
    def seconds(self) -> float:
        """Seconds that the finished trials took."""
        return math.fsum(trial.user_attrs.get("wall_s", 0.0) for trial in self.finished)

    @property
    def best(self) -> Any:
        """The complete trial with the least value, the earlier of two; None without one."""
        complete = [trial for trial in self.all if trial.state.name == "COMPLETE"]
        return min(complete, key=lambda t: (t.value, t.number), default=None)

    def twin(self, trial: Any) -> Any:
        """Give the first finished trial with the same values, or None."""
        same = (found for found in self.finished if found.params == trial.params)
        return next(same, None)

    def report(self, trial: Any, number: int, value: float) -> bool:
        """Note a trial's validation; tell whether the trial should be given up.

        Parameters
        ----------
        trial : Trial
        number : int
            Of the validation in the trial, from 0; a resumed trial gives some again, which
            are not noted twice.
        value : float
            What is made small.
        """
        if number not in self.all[trial.number].intermediate_values:
            trial.report(value if math.isfinite(value) else math.inf, number)
        return bool(trial.should_prune())

    def tell(self, trial: Any, state: str, value: float | None, facts: Mapping[str, Any]) -> None:
        """Close a trial.

        Parameters
        ----------
        trial : Trial
        state : str
            ``complete`` with a value, ``pruned``, or ``fail``.
        value : float or None
            What is made small.
        facts : mapping
            JSON-able; kept with the trial.
        """
        for name, fact in facts.items():
            trial.set_user_attr(name, fact)
        self.study.tell(
            trial,
            value if state == "complete" else None,
            state=self._optuna.trial.TrialState[state.upper()],
        )


def mend_journal(path: Path) -> None:
    """Cut off the line that a kill left unfinished, and the lock that it left behind.

    Raises
    ------
    DataError
        If a whole line is not an event.
    """
    for stale in path.parent.glob(f"{path.name}.lock*"):
        stale.unlink()
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            event = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"reading {path}: line {number} is not JSON ({error})",
                hint="the file was altered; start the study again in a new folder",
            ) from error
        if not isinstance(event, dict) or "op_code" not in event:
            raise DataError(f"reading {path}: line {number} is not an event of a study")
    if whole != text:
        write_text(path, whole)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from printing that it made a study; its own level is given back."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
