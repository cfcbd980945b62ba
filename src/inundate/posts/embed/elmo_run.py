"""Run folder of an ELMo's training: made, or found again and gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inundate.core.errors import RunError
from inundate.core.run import Run
from inundate.learn.checkpoint import checkpoint_folders
from inundate.learn.settings import TrainSettings, differences
from inundate.posts.embed.elmo_train import ElmoSettings

__all__ = ["KIND", "open_elmo_run"]

KIND = "elmo"


def open_elmo_run(
    output: Path,
    settings: ElmoSettings,
    training: TrainSettings,
    *,
    inputs: Mapping[str, str],
    info: Mapping[str, Any],
    overwrite: bool = False,
) -> tuple[Run, bool]:
    """Make a run, or find one that holds the same training, unfinished.

    Parameters
    ----------
    output : Path
        Folder of the run.
    settings, training
        As for :func:`~inundate.posts.embed.elmo_train.train_elmo`.
    inputs : mapping of str to str
        Name and digest of what the corpus is from.
    info : mapping
        How its texts become words.
    overwrite : bool
        Replace what is there.

    Returns
    -------
    run : Run
    resume : bool
        Whether it has checkpoints to go on from.

    Raises
    ------
    RunError
        If the folder holds something else, a finished training, or one of other settings or
        texts; each difference is named.
    """
    config = {
        "elmo": settings.model_dump(mode="json"),
        "train": training.model_dump(mode="json"),
        "texts": dict(info),
    }
    if overwrite or not (output / "manifest.json").is_file():
        made = Run.create(output, kind=KIND, config=config, inputs=inputs, overwrite=overwrite)
        return made, False
    run = Run(output)
    if run.manifest.get("kind") != KIND or (run.path / KIND).exists():
        raise RunError(
            f"training an ELMo into {output}: it holds a run of kind "
            f"{run.manifest.get('kind')!r} that is {run.status}",
            hint="give another -o, or --overwrite to replace it",
        )
    changed = differences(run.config, config)
    if dict(run.manifest["inputs"]) != dict(inputs):
        changed.append("the texts are others")
    if changed:
        raise RunError(
            f"going on with {output}: {'; '.join(changed)}",
            hint="give what it was begun with, another -o, or --overwrite to begin anew",
        )
    return run, bool(checkpoint_folders(run.path))
