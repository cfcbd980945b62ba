"""Run folders of the parts of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inundate.core.run import Run

__all__ = ["child_run"]


def child_run(run: Run | None, *names: str | int, config: Mapping[str, Any]) -> Run | None:
    """Give the run of a part of a training, which goes on by itself where it was begun.

    Parameters
    ----------
    run : Run, optional
        Of the whole; None gives None.
    *names : str or int
        Of the part.
    config : mapping
        Settings of the part.
    """
    if run is None:
        return None
    folder = run.path / "parts" / "-".join(map(str, names))
    if (folder / "manifest.json").is_file():
        return Run(folder)
    return Run.create(folder, kind="posts train", config={"model": dict(config)})
