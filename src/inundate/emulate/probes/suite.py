"""All probes by name, and the one function that asks them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from inundate.core.errors import ConfigError, InundateError, nearest
from inundate.core.progress import Progress
from inundate.emulate.probes import invariance, resolution, shuffles, water
from inundate.emulate.probes.bounds import Bounds
from inundate.emulate.probes.cases import Case, World, make_cases
from inundate.emulate.probes.ground import Predictor
from inundate.emulate.probes.own import guarded
from inundate.emulate.probes.predictors import solver_predictor
from inundate.emulate.probes.result import ProbeReport, ProbeResult, failed
from inundate.emulate.probes.trial import Subject, Trial

__all__ = ["PROBES", "Probe", "run_probes", "world_for"]

Probe = Callable[[Trial], ProbeResult]

PROBES: dict[str, Probe] = {
    "finite": water.finite,
    "no-rain": water.no_rain,
    "more-rain": water.more_rain,
    "within-rain": water.within_rain,
    "dry-down": water.dry_down,
    "causality": invariance.causality,
    "datum": invariance.datum,
    "turns": invariance.turns,
    "seams": invariance.seams,
    "frames": resolution.frames,
    "cells-volume": resolution.cells_volume,
    "cells-area": resolution.cells_area,
    "rain-matters": shuffles.rain_matters,
    "terrain-matters": shuffles.terrain_matters,
}
"""Every probe by name; the first line of its docstring says what it holds."""


def run_probes(
    predictor: Predictor,
    *,
    probes: Sequence[str] = tuple(PROBES),
    bounds: Bounds | None = None,
    world: World | None = None,
    cases: Sequence[Case] | None = None,
    progress: bool = True,
) -> ProbeReport:
    """Ask a predictor what every flood obeys.

    Parameters
    ----------
    predictor : Predictor
        A function of a ground, or a :class:`Subject` that says what it was made for.
    probes : sequence of str
        Names of :data:`PROBES`.
    bounds : Bounds, optional
        That they are held to.
    world : World, optional
        Size, cells, rain and physics; by default what the predictor was made for.
    cases : sequence of Case, optional
        By default every usual terrain under every storm of that world.
    progress : bool
        Show how far it is.

    Returns
    -------
    ProbeReport

    Raises
    ------
    ConfigError
        If a probe is not known, or a case has no rain or edges that let water in.

    Examples
    --------
    >>> from inundate.emulate.probes.predictors import solver_predictor
    >>> world = World(shape=(16, 24), frames=6)
    >>> report = run_probes(solver_predictor, probes=["no-rain"], world=world, progress=False)
    >>> report.results[0].passed
    True
    """
    _check_known(probes)
    subject = _subject(predictor)
    world = world or world_for(subject)
    cases = make_cases(world) if cases is None else list(cases)
    _check_cases(cases)
    trial = Trial(
        subject, truth=solver_predictor, world=world, cases=cases, bounds=bounds or Bounds()
    )
    started = time.perf_counter()
    results = []
    with Progress("probe", total=len(probes), unit="probes", enabled=progress) as bar:
        for name in probes:
            results.append(_ask(name, trial))
            bar.advance()
    return ProbeReport(
        subject.name,
        results,
        cases=[case.name for case in cases],
        cells=world.shape,
        seconds=time.perf_counter() - started,
    )


def _check_known(probes: Sequence[str]) -> None:
    for name in probes:
        if name not in PROBES:
            close = nearest(name, PROBES)
            raise ConfigError(
                f"probing: probe {name!r} is not known; expected one of {', '.join(PROBES)}",
                hint=f"did you mean {close!r}?" if close else None,
            )


def _check_cases(cases: Sequence[Case]) -> None:
    if not cases:
        raise ConfigError("probing: no cases, expected at least one terrain under a storm")
    for case in cases:
        levels = [k for k, v in case.ground.settings.edge_kinds().items() if v == "level"]
        if levels:
            raise ConfigError(
                f"probing on {case.name}: the {levels[0]} edge lets water in (level), expected "
                "open or closed edges, where all water is rain"
            )
        if not case.ground.fallen_m3[-1] > 0:
            raise ConfigError(f"probing on {case.name}: no rain falls on it, expected some")


def _subject(predictor: Predictor) -> Subject:
    if isinstance(predictor, Subject):
        return predictor
    name = str(getattr(predictor, "__name__", type(predictor).__name__))
    return Subject(name, guarded(name, predictor))


def _ask(name: str, trial: Trial) -> ProbeResult:
    try:
        return PROBES[name](trial)
    except InundateError as error:  # a predictor that gives nothing has not passed
        return failed(name, str(error))


def world_for(subject: Subject, base: World | None = None) -> World:
    """Give a world within the range that a predictor was made for.

    Parameters
    ----------
    subject : Subject
        Says its range.
    base : World, optional
        What is taken where the range allows it.
    """
    world = base or World()
    size, interval, rain = world.cell_size_m, world.interval_s, world.rain_mm
    if subject.cell_size_m is not None:
        low, high = subject.cell_size_m
        # room for cells twice as large, where the range has it
        size = min(max(size, low), max(low, high / 2))
    if subject.interval_s is not None:
        low, high = subject.interval_s
        interval = min(max(interval, min(2 * low, high)), high)
    return replace(
        world,
        cell_size_m=size,
        interval_s=interval,
        rain_mm=subject.rain_mm or rain,
        settings=subject.settings or world.settings,
    )
