"""Score one ground under its storms: what storms share is made once, baselines once for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.emulator_bench.entrants import Entrant
from inundate.cli.emulator_bench.ledger import Scored
from inundate.core.config import resolve_settings
from inundate.dataset.samples import Sample, Samples
from inundate.emulate.hybrid import HybridState, hybrid_arrays, pour_state
from inundate.emulate.models.mode_e import ModeE, closure
from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.pour import pad_to_blocks
from inundate.emulate.predict import predict_prepared
from inundate.emulate.prepared import Prepared, prepare_sample, terrain_channels
from inundate.emulate.scene import Scene, padded
from inundate.emulate.train import load_emulator
from inundate.emulate.trained_range import gate_of
from inundate.hydro.settings import SimulateSettings
from inundate.score.aggregate import gather
from inundate.score.case import Baseline, Case
from inundate.score.depth import DepthErrors
from inundate.score.entry import Entry
from inundate.score.extent import THRESHOLDS_M, Extent
from inundate.score.peak import PeakErrors
from inundate.score.sample import Forecast, Observed

__all__ = ["STATISTICS", "Block", "Table", "case_of", "score_block", "set_gate"]

Array = NDArray[np.float32]

# no fractions skill score: it costs as much as all the others and no figure is made of it
STATISTICS = (
    DepthErrors("frames"),
    DepthErrors("peak"),
    PeakErrors(),
    Extent(THRESHOLDS_M, "frames"),
    Extent(THRESHOLDS_M, "peak"),
)
"""What is summed of each sample."""


@dataclass(frozen=True)
class Block:
    """A ground, its storms, and who is scored on each.

    Attributes
    ----------
    dataset : str
    wanted : mapping of int to sequence of Entrant
        By number of the sample.
    fitted : mapping of str to Baseline
        Baselines, those that learn fitted.
    cost : float
        Cells and frames.
    """

    dataset: str
    wanted: Mapping[int, Sequence[Entrant]]
    fitted: Mapping[str, Baseline] = field(default_factory=dict)
    cost: float = 1.0


def score_block(block: Block) -> list[tuple[str, dict[str, Any]]]:
    """Give the scores of a block in JSON form, each with the name of its entrant."""
    samples = _samples(block.dataset)
    found: list[tuple[str, dict[str, Any]]] = []
    terrain: Array | None = None
    for number, entrants in block.wanted.items():
        sample = samples.read(number)
        if terrain is None and any(one.kind == "emulator" for one in entrants):
            edges = str(sample.row.settings["edges"])
            terrain = terrain_channels(sample.elevation, sample.roughness, sample.grid, edges)
        table = Table(sample, terrain, block.fitted)
        found += [(one.name, table.score(one).to_json()) for one in entrants]
    return found


def case_of(sample: Sample) -> Case:
    """Give what a baseline is told of a sample."""
    known = np.isfinite(sample.elevation)
    return Case(
        elevation=sample.elevation,
        rain_rate=np.where(known, sample.rain_rate, 0.0).astype(np.float32),
        interval_s=sample.interval_s,
        cell_size_m=sample.grid.dx,
        regime=sample.row.regime,
        place=sample.row.block,
        observed=sample.water_depth,
    )


def set_gate(
    model: Any,
    manifest: Mapping[str, Any],
    prepared: Prepared,
    cell_size_m: float,
    physics: SimulateSettings,
) -> float | None:
    """Let a model correct as much as a prediction would; give that share, None without a gate."""
    if not isinstance(model, ModeH):
        return None
    model.gate = gate_of(manifest["trained_on"], prepared, cell_size_m, physics).share
    return float(model.gate)


class Table:
    """One sample, and what its entrants share.

    Parameters
    ----------
    sample : Sample
    terrain : array (C, H, W), optional
        Terrain channels without soil; needed for emulators.
    fitted : mapping of str to Baseline
    """

    def __init__(
        self, sample: Sample, terrain: Array | None, fitted: Mapping[str, Baseline]
    ) -> None:
        self.sample, self.terrain, self.fitted = sample, terrain, fitted
        self.truth = Observed.of(
            sample.water_depth, interval_s=sample.interval_s, valid=sample.valid
        )
        self.physics = resolve_settings(SimulateSettings, flags=sample.row.settings)
        self._states: dict[tuple[str, int], HybridState] = {}
        self._prepared: dict[int, Prepared] = {}

    def score(self, entrant: Entrant) -> Scored:
        """Predict and take the sums."""
        began = time.perf_counter()
        depth, facts = self.predict(entrant)
        facts = {**facts, "seconds": round(time.perf_counter() - began, 4)}
        row = self.sample.row
        predicted = Forecast(depth).against(self.truth, name=f"{entrant.name} of {row.name}")
        entry = Entry(row.terrain, row.block, row.storm, row.regime, self.truth.digest)
        entry.models[entrant.name] = gather(STATISTICS, predicted, self.truth)
        return Scored(row.name, entry, facts)

    def predict(self, entrant: Entrant) -> tuple[Array, dict[str, float]]:
        """Give the depth (T, H, W) in m, and facts of it."""
        ask: dict[str, Callable[[Entrant], tuple[Array, dict[str, float]]]] = {
            "baseline": self._baseline,
            "hybrid": self._hybrid,
            "emulator": self._emulator,
        }
        return ask[entrant.kind](entrant)

    def _baseline(self, entrant: Entrant) -> tuple[Array, dict[str, float]]:
        return self.fitted[entrant.name].predict(case_of(self.sample)), {}

    def _hybrid(self, entrant: Entrant) -> tuple[Array, dict[str, float]]:
        state = self._state(entrant.factor, entrant.method)
        depth = pour_state(state, self.sample.elevation)
        return depth, {"pour_error": _pour_error(state, depth, self.sample)}

    def _emulator(self, entrant: Entrant) -> tuple[Array, dict[str, float]]:
        manifest, settings, model = _loaded(entrant.source)
        prepared = self._ready(entrant.factor)
        facts: dict[str, float] = {}
        share = set_gate(model, manifest, prepared, self.sample.grid.dx, self.physics)
        if share is not None:
            facts["gate"] = share
        depth = predict_prepared(model, settings, prepared, factor=entrant.factor or None)
        if isinstance(model, ModeE):
            facts["closure"] = _closure(model, prepared, int(settings.block))
        return depth, facts

    def _state(self, factor: int, method: Any) -> HybridState:
        key = (method, factor)
        if key not in self._states:
            sample = self.sample
            self._states[key] = hybrid_arrays(
                sample.elevation, sample.rain_rate, roughness=sample.roughness,
                interval_s=sample.interval_s, cell_size_m=sample.grid.dx, factor=factor,
                settings=self.physics, method=method,
            )  # fmt: skip
        return self._states[key]

    def _ready(self, factor: int) -> Prepared:
        if factor not in self._prepared:
            self._prepared[factor] = prepare_sample(
                self.sample,
                factors=(factor,) if factor else (),
                terrain=self.terrain,
                hybrids=[self._state(factor, "subgrid")] if factor else [],
            )
        return self._prepared[factor]


def _pour_error(state: HybridState, depth: Array, sample: Sample) -> float:
    """Give the errors of the blocks' poured volumes, added up without sign, over the rain.

    Of the frame in which they are largest.
    """
    factor = state.factor
    filled = pad_to_blocks(np.nan_to_num(depth), factor, fill=0.0)
    frames, height, width = filled.shape
    blocks = filled.reshape(frames, height // factor, factor, width // factor, factor)
    poured = blocks.sum(axis=(2, 4), dtype=np.float64)
    off = np.abs(poured - state.coarse.astype(np.float64) * factor**2).sum(axis=(1, 2))
    known = np.isfinite(sample.elevation)
    rate = sample.rain_rate[:, known].sum(dtype=np.float64)  # mm h-1 over cells and frames
    rain = rate * sample.interval_s / 3.6e6
    return float(off.max() / rain)


def _closure(model: ModeE, prepared: Prepared, block: int) -> float:
    scene = Scene(padded(prepared, model.align), "series", block)
    whole = (slice(0, scene.shape[0]), slice(0, scene.shape[1]))
    inputs = scene.inputs(list(range(scene.frames)), whole)
    return closure(model, {name: values[None] for name, values in inputs.items()}).error


@lru_cache(maxsize=2)
def _samples(path: str) -> Samples:
    return Samples(path)


@lru_cache(maxsize=96)  # a few megabytes each
def _loaded(source: str) -> tuple[dict[str, Any], Any, Any]:
    run, settings, model = load_emulator(source)
    return run.manifest, settings, model
