"""The small models of the zoo: trained here several times over, each alike but for its seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from inundate.cli.emulator_bench.context import Context
from inundate.cli.emulator_bench.entrants import Entrant, of_run
from inundate.cli.emulator_bench.marks import mark_of
from inundate.cli.emulator_bench.pool import each
from inundate.cli.emulator_bench.worlds import identity, less_data, zoo_data
from inundate.core.config import read_toml, resolve_settings
from inundate.core.errors import MissingExtraError, RunError
from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.configs import shipped_configs
from inundate.emulate.loss import LossSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import LOOK_EVERY, resume_emulator, train_emulator
from inundate.emulate.zoo import DIRECT
from inundate.learn.alarm import TrainingStopped
from inundate.learn.checkpoint import pointed
from inundate.learn.settings import TrainSettings, WatchSettings

__all__ = ["LESS_DATA", "Member", "Training", "zoo_members"]

LESS_DATA = "temporal_cnn_less"
"""The Temporal CNN with a part of the training grounds."""
_PLAIN = "temporal_cnn"
# needs ground that it was trained on; needs perturbed runs
_APART = ("lookup", "mode_h_vae")
_DONE = ("finished", "stopped")  # what diverged is not tried again
_BATCH = 8  # largest, so that enough steps fit into the minutes
_VALIDATIONS = 8  # of a training, so that the best of some is taken


@dataclass(frozen=True)
class Training:
    """One training of one model.

    Attributes
    ----------
    name : str
        Of the configuration.
    seed : int
    config : str
        TOML file.
    dataset : str
    output : str
        Run folder.
    steps : int
        Optimiser steps at most; not read by what is fitted at once.
    minutes : float
        Of wall time at most; 0 for no such end.
    cache : str
        Folder of prepared samples that trainings share.
    tiny : bool
        Make the network as small as can be: for the small version of the benchmark.
    """

    name: str
    seed: int
    config: str
    dataset: str
    output: str
    steps: int
    minutes: float
    cache: str
    tiny: bool = False


@dataclass(frozen=True)
class Member:
    """A model of the zoo, trained.

    Attributes
    ----------
    name : str
    entrants : tuple of Entrant
        One for each seed.
    facts : tuple of dict
        How each training went.
    failure : str
        Why there is none.
    """

    name: str
    entrants: tuple[Entrant, ...] = ()
    facts: tuple[Mapping[str, Any], ...] = ()
    failure: str = ""


def zoo_members(context: Context) -> list[Member]:
    """Train what is not yet trained and give the zoo."""
    return cast(list[Member], context.once("zoo members", lambda: _members(context)))


def _members(context: Context) -> list[Member]:
    trainings = _trainings(context)
    missing = [one for one in trainings if _status(one) not in _DONE]
    if missing:
        context.say(f"training: {len(missing)} of {len(trainings)} runs of the zoo")
    failures: dict[str, str] = {}
    with Progress("train", total=len(missing), unit="runs", enabled=not context.quick) as bar:
        for training, failure in each(train_once, missing, context.options.workers):
            if failure:
                failures[training.name] = failure
                context.say(f"{training.name}: {failure}")
            bar.advance()
    found: dict[str, list[Training]] = {}
    for one in trainings:
        found.setdefault(one.name, []).append(one)
    return [_member(name, own, failures.get(name, "")) for name, own in found.items()]


def _member(name: str, trainings: Sequence[Training], failure: str) -> Member:
    runs = [Run(one.output) for one in trainings if _status(one) in _DONE]
    facts = tuple(_facts(run) for run in runs)
    usable = [one for one in trainings if _is_usable(one)]
    if not usable:
        causes = ", ".join(sorted({str(run.manifest.get("cause", "")) for run in runs}))
        return Member(name, facts=facts, failure=failure or f"every training stopped: {causes}")
    entrants = tuple(of_run(f"{name}#{one.seed}", one.output) for one in usable)
    return Member(name, entrants, facts)


def _is_usable(training: Training) -> bool:
    """Say whether there are weights: also of what diverged late."""
    folder = Path(training.output)
    whole = _status(training) == "finished"
    return _status(training) in _DONE and (whole or pointed(folder, "best") is not None)


def _facts(run: Run) -> dict[str, Any]:
    keys = ("step", "wall_s", "ended_by", "parameters", "best_step")
    alarms = [alarm["cause"] for alarm in run.manifest.get("alarms", ())]
    told = {key: run.manifest.get(key) for key in keys}
    return {**told, "status": run.status, "alarms": alarms}


def _trainings(context: Context) -> list[Training]:
    folder = context.options.configs
    configs = {path.stem: path for path in sorted(folder.glob("*.toml"))} if folder else None
    configs = {n: p for n, p in (configs or shipped_configs()).items() if n not in _APART}
    pairs: list[tuple[str, Path, Samples]] = []
    for name, path in configs.items():
        pairs.append((name, path, zoo_data(context)))
        if name == _PLAIN:
            pairs.append((LESS_DATA, path, less_data(context)))
    return [
        _training(context, name, path, data, seed)
        for name, path, data in pairs
        for seed in range(context.options.seeds)
    ]


def _training(context: Context, name: str, config: Path, data: Samples, seed: int) -> Training:
    steps, minutes = context.options.zoo_steps, context.options.zoo_minutes
    mark = mark_of(
        {"data": identity(data), "config": read_toml(config), "steps": steps, "minutes": minutes}
    )
    return Training(
        name=name,
        seed=seed,
        config=str(config),
        dataset=str(data.path),
        output=str(context.folder / "zoo" / f"{name}-{mark}" / f"seed-{seed}"),
        steps=steps,
        minutes=minutes,
        tiny=context.quick,
        cache=str(context.folder / "cache"),
    )


def _status(training: Training) -> str:
    try:
        return Run(training.output).status
    except (FileNotFoundError, RunError):
        return "absent"


def train_once(training: Training) -> str:
    """Train, or go on with a training that was stopped; give why it cannot be done, or nothing.

    Alarms are written down and do not stop it: what never learns is scored as well.
    """
    try:
        if _status(training) != "absent" and pointed(Path(training.output), "last"):
            resume_emulator(training.output, cache=Path(training.cache), progress=False)
        else:
            _begin(training)
    except MissingExtraError as error:
        return str(error).splitlines()[0]
    except TrainingStopped:  # the run says why
        return ""
    return ""


def _begin(training: Training) -> None:
    config = Path(training.config)
    settings = resolve_settings(EmulatorSettings, toml=config, table="model")
    if settings.model in DIRECT:
        train_emulator(
            training.dataset, training.output, settings=settings,
            training=TrainSettings(seed=training.seed), overwrite=True, progress=False,
        )  # fmt: skip
        return
    watching = resolve_settings(WatchSettings, toml=config, table="watch")
    shortened = _shortened(config, training)
    train_emulator(
        training.dataset,
        training.output,
        settings=_sized(settings, shortened, training),
        training=shortened,
        loss=resolve_settings(LossSettings, toml=config, table="loss"),
        watching=watching.model_copy(
            update={"stop": False, "every_steps": watching.every_steps or LOOK_EVERY}
        ),
        cache=Path(training.cache),
        overwrite=True,
        progress=False,
    )


def _shortened(config: Path, training: Training) -> TrainSettings:
    """Give the settings of a configuration, ended by steps, on one thread of a processor."""
    found = resolve_settings(TrainSettings, toml=config, table="train")
    return found.model_copy(
        update={
            "epochs": 0,
            "max_steps": training.steps,
            "max_minutes": training.minutes,
            "batch_size": min(found.batch_size, _BATCH),
            "seed": training.seed,
            "warmup_steps": min(found.warmup_steps, training.steps // 10),
            "validate_every_steps": max(1, training.steps // _VALIDATIONS),
            "device": "cpu",
            "threads": 1,
        }
    )


def _sized(
    settings: EmulatorSettings, shortened: TrainSettings, training: Training
) -> EmulatorSettings:
    """Fit a curriculum into half of the training; make a network tiny if that is asked for."""
    changes: dict[str, Any] = {}
    if settings.curriculum_epochs:
        samples = len(Samples(training.dataset).part("train"))
        epochs = training.steps * shortened.batch_size / samples
        changes["curriculum_epochs"] = min(settings.curriculum_epochs, max(1, int(epochs / 2)))
    if training.tiny:
        changes |= {"width": 8, "levels": min(settings.levels, 2), "depth": 1}
        changes |= {"frames": min(settings.frames, 3)}
    return settings.model_copy(update=changes)
