"""The folder of a study: made once, opened again only for the same study on the same data."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inundate.core.config import write_toml
from inundate.core.errors import ConfigError, RunError
from inundate.core.files import check_not_input
from inundate.core.provenance import hash_path
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.tune.settings import MAY_CHANGE, TuneSettings
from inundate.emulate.tune.setup import Setup
from inundate.emulate.tune.space import Space
from inundate.learn.settings import differences

__all__ = ["open_study", "tidy_study"]


def open_study(
    folder: Path,
    dataset: Path,
    samples: Samples,
    setup: Setup,
    settings: TuneSettings,
    space: Space,
    *,
    overwrite: bool,
) -> Run:
    """Make the folder of a study, or open it if it is the same study.

    Parameters
    ----------
    folder, dataset : Path
    samples : Samples
        Of the data set.
    setup, settings, space
        Of the study; those of :data:`MAY_CHANGE` are written anew.
    overwrite : bool
        Make it even if it is there.

    Raises
    ------
    ConfigError
        If it is there with other settings; every difference is listed.
    RunError
        If something else is there, or the data set has changed.
    """
    check_not_input(folder, [dataset])
    config: dict[str, Any] = {
        "data": {"path": str(dataset.absolute())},
        "tune": settings.model_dump(),
        **setup.tables(),
        "space": {name: _toml(found.model_dump()) for name, found in space.items()},
    }
    digest = hash_path(dataset)
    if not folder.exists() or overwrite:
        return Run.create(
            folder,
            kind="tune",
            config=config,
            inputs={dataset.name: digest},
            overwrite=overwrite,
            model=setup.model.model,
            split_hash=samples.attrs["split_hash"],
        )
    run = Run(folder)
    if run.manifest.get("kind") != "tune":
        raise RunError(
            f"tuning in {folder}: it is a {run.manifest.get('kind')!r} run, not a study",
            hint="give another -o",
        )
    found = differences(_fixed(run.config), _fixed(config))
    if found:
        raise ConfigError(
            f"going on with the study {folder}: its settings are not those given now\n"
            + "\n".join(f"  {text}" for text in found),
            hint=f"only {', '.join(sorted(MAY_CHANGE))} may differ; give another -o, or "
            "--overwrite to start afresh",
        )
    if run.manifest["inputs"].get(dataset.name) != digest:
        raise RunError(
            f"going on with the study {folder}: the data set {dataset} has changed since it began",
            hint="start a new study on the new data",
        )
    write_toml(run.path / "config.toml", config)
    return Run(folder)


def _toml(range_: dict[str, Any]) -> dict[str, Any]:
    """Give a range without what it does not say."""
    return {key: value for key, value in range_.items() if value not in (None, ())}


def _fixed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give what must not change; a trial's budget in minutes must not, other than a run's."""
    tables = {name: dict(table) for name, table in config.items()}
    for name in MAY_CHANGE:
        tables["tune"].pop(name, None)
    tables["budget"] = {"minutes_of_a_trial": tables["train"].get("max_minutes")}
    return tables


def tidy_study(folder: Path) -> None:
    """Remove run folders that a kill left half made."""
    for place in ("trials", "repeats"):
        (folder / place).mkdir(exist_ok=True)
        for part in (folder / place).glob(".*.part-*"):
            shutil.rmtree(part)
