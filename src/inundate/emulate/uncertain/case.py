"""What a way to a spread is told: one storm on one terrain, and the emulator's own depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inundate.core.grid import Grid
from inundate.dataset.samples import Sample
from inundate.emulate.predict import factors_of, predict_prepared
from inundate.emulate.prepared import Prepared, prepare_sample
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.uncertain.law import Array, Law
from inundate.emulate.zoo import Emulator
from inundate.hydro.settings import SimulateSettings

__all__ = ["Spread", "SpreadCase", "case_of_sample"]


@dataclass(frozen=True, eq=False)
class SpreadCase:
    """One storm on one terrain.

    Attributes
    ----------
    name : str
        Other names draw other random numbers.
    elevation, roughness : array (H, W)
        m and s m-1/3; NaN where there is no ground.
    rain_rate : array (T, H, W), mm h-1
    grid : Grid
    interval_s : float
    settings : SimulateSettings
        Of the simulation that is emulated.
    prepared : Prepared
        Inputs of the emulator.
    depth : array (T, H, W), m
        What the emulator predicts without a spread; NaN where there is no ground.
    """

    name: str
    elevation: Array
    roughness: Array
    rain_rate: Array
    grid: Grid
    interval_s: float
    settings: SimulateSettings
    prepared: Prepared
    depth: Array

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.depth.shape[0])


class Spread(Protocol):
    """A way to a law of depth, made for one case; asked frame by frame, to bound memory."""

    def laws(self, case: SpreadCase) -> Iterator[Law]:
        """Give the law of each frame over the raster, points (K, H, W) in m.

        Where there is no ground a law holds any depth that is finite.
        """


def case_of_sample(model: Emulator, settings: EmulatorSettings, sample: Sample) -> SpreadCase:
    """Make the case of a stored sample; its water is not looked at."""
    prepared = prepare_sample(sample, factors=factors_of(settings)[:1])
    known = np.isfinite(sample.elevation)
    return SpreadCase(
        name=f"{sample.row.block}@{sample.row.storm}",
        elevation=sample.elevation,
        roughness=sample.roughness,
        rain_rate=np.where(known, sample.rain_rate, 0.0).astype(np.float32),
        grid=sample.grid,
        interval_s=sample.interval_s,
        settings=SimulateSettings(**sample.row.settings),
        prepared=prepared,
        depth=predict_prepared(model, settings, prepared),
    )
