"""Tune an emulator: try settings, give up those that lag, and tell what that bought.

Only the training and the validation part of the data set are ever read. Each trial is a training
like any other, in a run folder of its own; the first has the default settings. Whatever ends the
process, the same call goes on: see :mod:`inundate.emulate.tune.journal`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError, require_extra
from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.settings import DRAWS_MEMBERS
from inundate.emulate.tune.folder import open_study, tidy_study
from inundate.emulate.tune.journal import Journal
from inundate.emulate.tune.objective import Objective, best_validation, is_score
from inundate.emulate.tune.repeat import CACHE, repeat
from inundate.emulate.tune.report import Report, write_report
from inundate.emulate.tune.settings import TuneSettings
from inundate.emulate.tune.setup import Setup
from inundate.emulate.tune.space import Space, read_space
from inundate.emulate.tune.trial import GivenUp, Outcome, train_in
from inundate.emulate.zoo import NETWORKS

__all__ = ["tune"]

_AGAIN = "run the same command again to go on"


@dataclass(frozen=True)
class _Study:
    """A study under way."""

    run: Run
    dataset: Path
    samples: Samples
    setup: Setup
    settings: TuneSettings
    space: Space
    objective: Objective
    journal: Journal
    workers: int


def tune(
    dataset: Path | str,
    output: Path | str,
    *,
    setup: Setup,
    settings: TuneSettings | None = None,
    space: Space | None = None,
    workers: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> Report:
    """Start a study, or go on with it, and report what it found.

    Parameters
    ----------
    dataset : Path
        Made by ``inundate dataset build``; its test part is never read.
    output : Path
        Folder of the study. One that is there already, of the same study, goes on.
    setup : Setup
        The default settings, with which every trial is compared.
    settings : TuneSettings, optional
        How far, and what is made better.
    space : mapping of str to Range, optional
        What is changed; by default ranges round the default settings.
    workers : int
        Processes that prepare the samples.
    overwrite : bool
        Start afresh, without what is there.
    progress : bool
        Show how far it is.

    Returns
    -------
    Report
        Also written as ``study.json``, ``report.txt``, ``default.toml`` and ``best.toml``.

    Raises
    ------
    MissingExtraError
        Without Optuna.
    ConfigError
        If the settings are not those of the study that is there, with every difference.
    RunError
        If another process holds the study, or the data set has changed.
    DataError
        If the journal is damaged.
    KeyboardInterrupt
        On Ctrl-C, after a checkpoint.
    """
    require_extra("tune", "optuna", what="tuning")
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise ConfigError(
            f"tuning under torchrun with {os.environ['WORLD_SIZE']} processes: a study has one",
            hint="start inundate tune without torchrun",
        )
    if setup.model.model not in NETWORKS:
        raise ConfigError(
            f"tuning {setup.model.model}: it is not trained step by step; expected one of "
            f"{', '.join(NETWORKS)}"
        )
    settings = settings or TuneSettings()
    space = space or read_space(setup, whole_runs=is_score(settings.objective))
    # an emulator with a latent grid is validated by the CRPS of its members, without these weights
    reweighted = setup.model.model not in DRAWS_MEMBERS and any(
        name.startswith("loss.") for name in space
    )
    objective = Objective(settings.objective, setup.loss, reweighted=reweighted)
    source, folder = Path(dataset), Path(output)
    samples = Samples(source)
    run = open_study(folder, source, samples, setup, settings, space, overwrite=overwrite)
    with run.lock():
        tidy_study(run.path)
        run.set_status("running")
        try:
            journal = Journal(run.path, settings, setup, space)
            study = _Study(
                run, source, samples, setup, settings, space, objective, journal, workers
            )
            _search(study, progress=progress)
            report = _conclude(study, progress=progress)
        except KeyboardInterrupt as error:
            run.set_status("interrupted")
            error.add_note(_AGAIN)
            raise
        except Exception as error:
            run.set_status("failed", error=str(error))
            raise
        run.set_status("finished", trials=len(journal.finished), error=None)
    return report


def _search(study: _Study, *, progress: bool) -> None:
    """Make trials until there are enough, or the time is spent."""
    journal, settings = study.journal, study.settings
    with Progress("tune", total=settings.trials, unit="trials", enabled=progress) as bar:
        bar.update(len(journal.finished))
        while journal.is_open or (
            len(journal.finished) < settings.trials and not _time_is_out(study)
        ):
            trial = journal.next()
            _make(study, trial, bar)
            bar.update(len(journal.finished))


def _time_is_out(study: _Study) -> bool:
    limit = 60.0 * study.settings.max_minutes
    return bool(limit) and study.journal.seconds >= limit


def _make(study: _Study, trial: Any, bar: Progress) -> None:
    """Train one trial to its end and close it."""
    journal, objective = study.journal, study.objective
    twin = journal.twin(trial)
    if twin is not None:  # trained before: the same settings give the same again
        facts = {**twin.user_attrs, "wall_s": 0.0, "same_as": twin.number}
        journal.tell(trial, twin.state.name.lower(), twin.value, facts)
        return

    def heard(number: int, scores: Mapping[str, float]) -> None:
        cost = objective.of_validation(scores)
        bar.note(f"trial {trial.number}, validation {number + 1}: {cost:.4g}")
        bar.update(bar.done)
        if journal.report(trial, number, cost):
            raise GivenUp

    path = study.run.path / "trials" / f"{trial.number:04d}"
    try:
        setup = study.setup.with_values(trial.params)
    except ConfigError as error:  # bounds that are right one by one may not fit together
        outcome = Outcome("refused", None, {"cause": error.message, "wall_s": 0.0})
    else:
        outcome = train_in(
            path,
            study.dataset,
            setup,
            cache=study.run.path / CACHE,
            workers=study.workers,
            heard=heard,
        )
    cost = None
    if outcome.state == "complete" and outcome.run is not None:
        if trial.number == 0:
            objective.check(best_validation(outcome.run))
        cost = objective.of_run(outcome.run, study.samples, progress=False)
        if not math.isfinite(cost):
            outcome = Outcome("stopped", outcome.run, {**outcome.facts, "cause": "no-score"})
    state = outcome.state if outcome.state in ("complete", "pruned") else "fail"
    journal.tell(trial, state, cost, {**outcome.facts, "ended": outcome.state})


def _conclude(study: _Study, *, progress: bool) -> Report:
    """Compare default and best by fresh seeds, and write the report."""
    journal = study.journal
    best = journal.best
    if best is None or best.number == 0 or not study.settings.repeats:
        repeats = None
    else:
        repeats = repeat(
            study.run.path,
            study.dataset,
            study.samples,
            study.objective,
            {0: study.setup, best.number: study.setup.with_values(best.params)},
            settings=study.settings,
            progress=progress,
        )
    return write_report(
        study.run,
        trials=journal.finished,
        best=best,
        repeats=repeats,
        setup=study.setup,
        settings=study.settings,
        space=study.space,
        objective=study.objective,
    )
