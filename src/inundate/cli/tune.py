"""The command ``inundate tune``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit
from inundate.emulate.tune.settings import TuneSettings

__all__ = ["tune"]


def tune(
    dataset: Path,
    *,
    output: Output,
    config: Path | None = None,
    space: Path | None = None,
    settings: Annotated[TuneSettings | None, Parameter(name="*")] = None,
    workers: int = 1,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Try settings of an emulator, and tell whether that bought anything.

    Each trial is a training in a run folder of its own, below the study's; the first has the
    default settings. Trials that lag behind the median are given up. Afterwards the default and the
    best settings are trained again with fresh seeds and compared with intervals. The test part of
    the data set is never read. When the command is run again it goes on where it stopped, whatever
    stopped it; with more --trials it makes more.

    Parameters
    ----------
    dataset
        Made by inundate dataset build.
    output
        Folder of the study.
    config
        TOML file or name as for inundate train: what every trial starts from, and its length;
        table [tune] holds the settings below.
    space
        TOML file of what is tried, such as [train.learning_rate] with low, high and log, or
        [model.width] with choices, or tune = false; by default learning rate, weight decay,
        batch size, width and the weights of the loss.
    workers
        Processes that prepare the samples.

    Examples
    --------
    ``inundate tune data.zarr -o studies/first --trials 20 --config train.toml``
    """
    from inundate.core.config import resolve_settings
    from inundate.emulate.configs import find_config
    from inundate.emulate.train import LOOK_EVERY
    from inundate.emulate.tune.objective import is_score
    from inundate.emulate.tune.setup import read_setup
    from inundate.emulate.tune.space import read_space
    from inundate.emulate.tune.study import tune as run_study

    config = None if config is None else find_config(config)
    resolved = resolve_settings(TuneSettings, toml=config, table="tune", flags=settings)
    setup = read_setup(config, look_every=LOOK_EVERY)
    report = run_study(
        dataset,
        output,
        setup=setup,
        settings=resolved,
        space=read_space(setup, space, whole_runs=is_score(resolved.objective)),
        workers=workers,
        overwrite=overwrite,
    )
    emit(report.summary, json=json, text=report.text)
