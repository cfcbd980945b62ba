"""Score the ways to a spread on one ensemble, each of its runs being the truth in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.emulator_bench.entrants import Entrant
from inundate.cli.emulator_bench.ledger import Scored
from inundate.cli.emulator_bench.scoring import Table
from inundate.core.run import Run
from inundate.dataset.samples import Sample, Samples
from inundate.emulate.prepared import terrain_channels
from inundate.emulate.train import load_emulator
from inundate.emulate.uncertain.calibration import Calibration, load_calibration
from inundate.emulate.uncertain.case import SpreadCase, case_of_sample
from inundate.emulate.uncertain.climatology import LawClimatology
from inundate.emulate.uncertain.law import Law
from inundate.emulate.uncertain.output import Calibrated, open_spread
from inundate.emulate.uncertain.settings import Method, OutputSettings
from inundate.score.aggregate import gather
from inundate.score.entry import Entry
from inundate.score.extent import THRESHOLDS_M
from inundate.score.probability import Probability
from inundate.score.sample import Forecast, Observed

__all__ = ["CLIMATOLOGY", "Job", "Way", "score_ensemble"]

Array = NDArray[np.float32]
CLIMATOLOGY = "climatology"
_ENDS = (0.05, 0.5, 0.95)
_STATISTICS = (Probability(THRESHOLDS_M),)


@dataclass(frozen=True)
class Way:
    """A way to a spread of some weights.

    Attributes
    ----------
    name : str
        In tables.
    source : str
        Weights.
    method : str
    mark : str
        Of weights, calibration and source.
    """

    name: str
    source: str
    method: Method
    mark: str = ""


@dataclass(frozen=True)
class Job:
    """One ensemble, and who is scored on it.

    Attributes
    ----------
    dataset : str
    base : int
        Sample with the inputs.
    truths : tuple of int
        Samples whose water is the truth in turn.
    ways : tuple of Way
    sure : tuple of Entrant
        Who gives one depth.
    plain : bool
        Score the climatology.
    climatology : LawClimatology, optional
    cost : float
        Cells and frames, in millions.
    """

    dataset: str
    base: int
    truths: tuple[int, ...]
    ways: tuple[Way, ...]
    sure: tuple[Entrant, ...]
    plain: bool
    climatology: LawClimatology | None = None
    cost: float = 1.0


def score_ensemble(job: Job) -> list[tuple[str, dict[str, Any]]]:
    """Give the scores on each truth in JSON form, with who made them."""
    samples = Samples(job.dataset)
    base = samples.read(job.base)
    truths = [samples.read(number) for number in job.truths]
    observed = [
        Observed.of(one.water_depth, interval_s=one.interval_s, valid=one.valid) for one in truths
    ]
    found: list[tuple[str, dict[str, Any]]] = []

    def take(name: str, forecast: Forecast) -> None:
        for one, truth in zip(truths, observed, strict=True):
            found.append((name, _scored(name, forecast, one, truth).to_json()))

    table = Table(base, _terrain(base, job.sure), {})
    for entrant in job.sure:
        take(entrant.name, Forecast(table.predict(entrant)[0]))
    if job.climatology is not None:
        law = job.climatology.law(base.row.regime, base.row.frames)
        take(CLIMATOLOGY, _everywhere(law, base.water_depth.shape))
    cases: dict[str, SpreadCase] = {}
    for way in job.ways:
        run, settings, model, calibration = _opened(way.source)
        if way.source not in cases:
            cases = {way.source: case_of_sample(model, settings, base)}
        asked = OutputSettings(method=way.method)
        spread = open_spread(run, model, settings, asked, factor=calibration.factor)
        take(way.name, _forecast(spread, cases[way.source]))
    return found


def _terrain(sample: Sample, sure: Sequence[Entrant]) -> Array | None:
    if not any(one.kind == "emulator" for one in sure):
        return None
    edges = str(sample.row.settings["edges"])
    return terrain_channels(sample.elevation, sample.roughness, sample.grid, edges)


def _scored(name: str, forecast: Forecast, sample: Sample, truth: Observed) -> Scored:
    row = sample.row
    predicted = forecast.against(truth, name=f"{name} of {row.name}")
    entry = Entry(row.terrain, row.block, row.storm, row.regime, truth.digest)
    entry.models[name] = gather(_STATISTICS, predicted, truth)
    return Scored(row.name, entry)


def _forecast(spread: Calibrated, case: SpreadCase) -> Forecast:
    """Gather the frames: members where there are some, quantiles, the interval, the chances."""
    points, middle, ends, chances = [], [], [], []
    levels: Sequence[float] | None = None
    for law in spread.laws(case):
        points.append(law.points)
        levels = law.levels
        middle.append(law.quantiles(_ENDS))
        ends.append(spread.fitted.finish.ends(law))
        chances.append(spread.fitted.finish.chances(law, THRESHOLDS_M))
    stacked, narrow = np.stack(points, axis=1), np.stack(middle, axis=1)
    return Forecast(
        depth=narrow[1],
        members=stacked if levels is None else None,
        quantiles=narrow if levels is None else stacked,
        levels=_ENDS if levels is None else levels,
        probability=np.stack(chances, axis=1),
        interval=np.stack(ends, axis=1),
    )


def _everywhere(law: Law, shape: tuple[int, ...]) -> Forecast:
    """Spread a law of each frame (K, T) over the raster."""

    def wide(values: Array) -> Array:
        return np.broadcast_to(values[..., None, None], (*values.shape, *shape[1:]))

    return Forecast(
        depth=wide(law.median()),
        quantiles=wide(law.points),
        levels=law.levels,
        probability=np.stack([wide(law.chance(threshold)) for threshold in THRESHOLDS_M]),
    )


@lru_cache(maxsize=8)
def _opened(source: str) -> tuple[Run, Any, Any, Calibration]:
    run, settings, model = load_emulator(source)
    return run, settings, model, load_calibration(run)
