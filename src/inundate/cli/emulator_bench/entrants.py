"""Who is scored: baselines, the untrained hybrid, weights that ship, runs, the zoo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inundate.cli.emulator_bench.context import Context
from inundate.cli.emulator_bench.marks import mark_of, source_mark, weights_mark
from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError, DataError
from inundate.core.run import Run
from inundate.emulate.export import DEFAULT, find_weights, shipped_names
from inundate.emulate.hybrid import Method
from inundate.emulate.predict import factors_of
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.settings import EmulatorSettings

__all__ = [
    "BASELINES",
    "HYBRIDS",
    "Entrant",
    "Main",
    "baselines",
    "main_models",
    "of_run",
    "plain_hybrids",
]

BASELINES = ("all_dry", "climatology", "persistence", "persistence_30min", "fill_spill", "bathtub")
"""Baselines that every model is shown beside; the hybrids come with them."""
HYBRIDS: tuple[tuple[str, int, Method], ...] = (
    ("hybrid_x2", 2, "subgrid"),
    ("hybrid_x4", 4, "subgrid"),
    ("hybrid_x8", 8, "subgrid"),
    ("hybrid_mean_x4", 4, "mean"),
)
"""Untrained hybrids: name, factor, how the coarse ground is made."""


@dataclass(frozen=True)
class Entrant:
    """One model, or a model at one factor of its coarse solver.

    Attributes
    ----------
    name : str
        In tables and books.
    kind : str
    source : str
        Weights of an emulator.
    factor : int
        Of the coarse solver; 0 where there is none.
    method : str
        Of a hybrid.
    mark : str
        Of all that its scores depend on, the data set left out.
    """

    name: str
    kind: Literal["baseline", "hybrid", "emulator"]
    source: str = ""
    factor: int = 0
    method: Method = "subgrid"
    mark: str = ""


@dataclass(frozen=True)
class Main:
    """Weights that ship, or a run: what the figures are about.

    Attributes
    ----------
    name : str
    source : str
    model : str
        Of the zoo.
    factors : tuple of int
        Of the coarse solver, the default first; empty without one.
    entrants : tuple of Entrant
        One for each factor, the default first.
    """

    name: str
    source: str
    model: str
    factors: tuple[int, ...]
    entrants: tuple[Entrant, ...]

    @property
    def entrant(self) -> Entrant:
        """The one that a prediction takes by default."""
        return self.entrants[0]

    @property
    def rival(self) -> str:
        """The untrained hybrid that it must not fall below."""
        return f"hybrid_x{self.entrant.factor or 4}"


def baselines(learnt_from: Sequence[str]) -> list[Entrant]:
    """Give the baselines without a solver.

    Parameters
    ----------
    learnt_from : sequence of str
        What tells the data that the climatology is the mean of.
    """
    source = source_mark("inundate.score.baseline", "inundate.score.table")
    return [
        Entrant(
            name,
            "baseline",
            mark=mark_of({"source": source, "learnt": [*learnt_from][: name == "climatology"]}),
        )
        for name in BASELINES
    ]


def plain_hybrids() -> list[Entrant]:
    """Give the untrained hybrids."""
    source = source_mark("inundate.emulate.hybrid", "inundate.score.table")
    return [
        Entrant(name, "hybrid", factor=factor, method=method, mark=source)
        for name, factor, method in HYBRIDS
    ]


def of_run(name: str, source: str, factor: int | None = None) -> Entrant:
    """Give an emulator by its weights; by default at the first factor that it was trained with."""
    depends = {
        "source": source_mark("inundate.emulate.predict", "inundate.score.table"),
        "weights": weights_mark(source),
    }
    chosen = next(iter(_factors(source)), 0) if factor is None else factor
    return Entrant(name, "emulator", source=source, factor=chosen, mark=mark_of(depends))


def _settings(source: str) -> EmulatorSettings:
    found = Run(find_weights(source)).config
    if "model" not in found:
        raise DataError(
            f"benchmark emulator: {source} holds no settings of a model",
            hint="give a run folder made by inundate train",
        )
    return resolve_settings(EmulatorSettings, flags=found["model"])


def _factors(source: str) -> tuple[int, ...]:
    settings = _settings(source)
    return factors_of(settings) if FAMILY_OF.get(settings.model) == "hybrid" else ()


def main_models(context: Context) -> list[Main]:
    """Give the weights that ship, their default first, and the runs that were named.

    Raises
    ------
    ConfigError
        If two of them have one name.
    MissingFileError, RunError, DataError
        If one cannot be read.
    """
    shipped = shipped_names() if context.options.shipped else ()
    ordered = sorted(shipped, key=lambda name: (name != DEFAULT, name))
    found = [_main(name, name) for name in ordered]
    found += [_main(find_weights(run).resolve().name, run) for run in context.options.runs]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"benchmark emulator: {', '.join(twice)} named twice among weights that ship and --run",
            hint="rename the run's folder",
        )
    return found


def _main(name: str, source: str) -> Main:
    model, factors = _settings(source).model, _factors(source)
    if not factors:
        return Main(name, source, model, (), (of_run(name, source),))
    entrants = tuple(of_run(f"{name}_x{factor}", source, factor) for factor in factors)
    return Main(name, source, model, factors, entrants)
