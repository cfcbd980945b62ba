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
from inundate.cli.emulator_bench.zoo_train import DONE, Training, status_of, train_once
from inundate.core.config import read_toml
from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.configs import shipped_configs
from inundate.learn.checkpoint import pointed

__all__ = ["LESS_DATA", "TEMPORAL", "Member", "zoo_members"]

LESS_DATA = "temporal_cnn_less"
"""The Temporal CNN with a part of the training grounds."""
_PLAIN = "temporal_cnn"
TEMPORAL = (
    _PLAIN, "temporal_cnn_deep", "temporal_cnn_inverted", "temporal_cnn_none", "temporal_cnn_vae",
    "lead_cnn", LESS_DATA,
)  # fmt: skip
"""The family of the Temporal CNN, trained with more seeds than the others."""
# needs ground that it was trained on; needs perturbed runs; goes on from other weights; too slow
_APART = ("lookup", "mode_h_vae", "mode_h_finish", "mode_h_wide", "mode_h_wide_finish")


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
    missing = [one for one in trainings if status_of(one) not in DONE]
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
    runs = [Run(one.output) for one in trainings if status_of(one) in DONE]
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
    whole = status_of(training) == "finished"
    return status_of(training) in DONE and (whole or pointed(folder, "best") is not None)


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
        for seed in range(_seeds(context, name))
    ]


def _seeds(context: Context, name: str) -> int:
    options = context.options
    return options.seeds if name in TEMPORAL else options.other_seeds


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
