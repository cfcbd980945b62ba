"""Where the benchmark reads and writes, how large it is, and what it has kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inundate.cli.emulator_bench.marks import mark_of
from inundate.core.files import write_text

__all__ = ["Context", "Made", "Options"]


@dataclass(frozen=True)
class Options:
    """How large the benchmark is.

    Attributes
    ----------
    world : str
        World whose test part is scored on: a size, or a TOML file.
    zoo_world : str
        World that the small models of the zoo are trained on.
    zoo_steps : int
        Optimiser steps of each of them at most.
    zoo_minutes : float
        Minutes of each training at most; 0 for no such end.
    zoo_storms : int
        Storms of each test terrain that they are scored on; 0 for all.
    seeds : int
        Times that each Temporal CNN is trained.
    other_seeds : int
        Times that each other model of the zoo is trained.
    workers : int
        Processes that score and train.
    shipped : bool
        Score the weights that ship with the package.
    runs : tuple of str
        Trained runs that are scored beside them.
    configs : Path, optional
        Folder of the settings of the zoo; by default those of the package.
    ensembles : int
        Ensembles that the spread is scored on, one of each ground first; 0 for all.
    draws : int
        Bootstrap draws of an interval.
    repeats : int
        Times that each speed is measured.
    side_cells : int
        Side of the grounds on which speed is measured.
    """

    world: str = "gpu"
    zoo_world: str = "zoo"
    zoo_steps: int = 400
    zoo_minutes: float = 3.0
    zoo_storms: int = 0
    seeds: int = 5
    other_seeds: int = 2
    workers: int = 2
    shipped: bool = True
    runs: tuple[str, ...] = ()
    configs: Path | None = None
    ensembles: int = 0
    draws: int = 2000
    repeats: int = 5
    side_cells: int = 512


@dataclass(frozen=True)
class Made:
    """What one maker gives.

    Attributes
    ----------
    figures : list of dict
        See :func:`~.figures.figure`.
    tables : list of dict
        ``title``, ``note``, ``columns``, ``rows``.
    """

    figures: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Context:
    """One run of the benchmark.

    Attributes
    ----------
    data : Path
        Folder with radar/ and terrain/ of real inputs.
    work : Path
        Folder of all that is kept.
    quick : bool
        The small version, on a world of a few tiny grounds.
    options : Options
    say : callable
        Takes a line of progress.
    """

    data: Path
    work: Path
    quick: bool = False
    options: Options = field(default_factory=Options)
    say: Callable[[str], None] = field(default=lambda line: None)
    shared: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Folder of what this size of the benchmark keeps."""
        return self.work / ("emulator-quick" if self.quick else "emulator")

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Give what makers share, made when it is first asked for."""
        if name not in self.shared:
            self.shared[name] = make()
        return self.shared[name]

    def kept(
        self, name: str, depends: Mapping[str, Any], make: Callable[[], Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Give figures, measuring them only if they are not kept.

        Parameters
        ----------
        name : str
            For people.
        depends : mapping
            All that the result depends on; JSON can hold it.
        make : callable
            Gives the figures, which JSON can hold.
        """
        path = self.folder / "pieces" / f"{name}-{mark_of(depends)}.json"
        if not path.is_file():
            self.say(f"measuring {name}")
            found = make()
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json.dumps({"depends": dict(depends), "found": dict(found)}, indent=1))
        stored: dict[str, Any] = json.loads(path.read_text("utf-8"))["found"]
        return stored
