"""A prediction with its spread: mean, quantiles, probabilities and whole floods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError
from inundate.core.names import attributes
from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.core.seeds import make_rng
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.uncertain.calibration import (
    Calibration,
    Fitted,
    check_weights,
    load_calibration,
)
from inundate.emulate.uncertain.case import Spread, SpreadCase
from inundate.emulate.uncertain.copula import at_ranks
from inundate.emulate.uncertain.dressed import coupled
from inundate.emulate.uncertain.law import Array, Law, check_levels
from inundate.emulate.uncertain.settings import Method, OutputSettings
from inundate.emulate.uncertain.ways import make_way
from inundate.emulate.zoo import Emulator

__all__ = ["Calibrated", "add_spread", "open_spread"]


@dataclass(frozen=True)
class Calibrated:
    """One way to a spread, with its finishing.

    Attributes
    ----------
    name : Method
    way : Spread
    fitted : Fitted
    calibration : Calibration
    seed : int
    """

    name: Method
    way: Spread
    fitted: Fitted
    calibration: Calibration
    seed: int = 0

    def laws(self, case: SpreadCase) -> Iterator[Law]:
        """Give the law of each frame with its spread corrected, points (K, H, W), m."""
        for law in self.way.laws(case):
            yield self.fitted.finish.law(law)

    def floods(self, case: SpreadCase, count: int) -> Callable[[Law], Array]:
        """Give what draws whole floods (count, H, W), m, of one law after the other.

        Members are floods already, and a dressed ensemble follows its members. Of a law of
        single cells each flood takes ranks of its own, which go on from frame to frame.
        """
        copula = self.fitted.copula
        if copula is None:
            return lambda law: (law.points if law.is_members else coupled(law))[:count]
        shape = (case.elevation.shape[0], case.elevation.shape[1])
        ranks = [
            copula.ranks(shape, case.frames, rng=make_rng(self.seed, "flood", case.name, member))
            for member in range(count)
        ]
        return lambda law: np.stack([at_ranks(law, next(each)) for each in ranks])


def open_spread(
    run: Run,
    model: Emulator,
    settings: EmulatorSettings,
    asked: OutputSettings,
    *,
    factor: int = 0,
) -> Calibrated:
    """Make a way to a spread as it was calibrated.

    Parameters
    ----------
    run : Run
        With a calibration.
    model, settings
        The emulator.
    asked : OutputSettings
    factor : int
        Of the coarse solver that is predicted with, 0 without one.

    Raises
    ------
    RunError
        If the run has no calibration, none of that way, or one of other weights.
    ConfigError
        If what is asked for was not calibrated.
    """
    calibration = load_calibration(run)
    check_weights(calibration, model, run)
    name, fitted = calibration.of(asked.method)
    check_levels(asked.quantiles)
    if factor != calibration.factor:
        raise ConfigError(
            f"predicting with a coarse solver of factor {factor}: the spread was calibrated with "
            f"{calibration.factor}",
            hint="leave --factor out, or --uncertainty",
        )
    if name == "conformal" and asked.members is not None:
        raise ConfigError(
            f"predicting with the conformal band: {asked.members} members were asked for, and it "
            "has none",
            hint="leave --members out, or give --method hybrid-ensemble; --samples draws floods",
        )
    if name == "conformal" and not asked.samples and asked.spread_seed:
        raise ConfigError(
            "predicting with the conformal band: a spread_seed was given, and nothing is drawn",
            hint="leave --spread-seed out, or give --samples",
        )
    members = asked.members or calibration.members
    if name != "conformal" and asked.samples > members:
        raise ConfigError(
            f"drawing {asked.samples} floods out of {members} members",
            hint=f"give --members {asked.samples}",
        )
    way = make_way(
        name, fitted.band, model, settings, members=members, perturb=calibration.perturb,
        seed=asked.spread_seed,
    )  # fmt: skip
    return Calibrated(name, way, fitted, calibration, asked.spread_seed)


def add_spread(
    ds: xr.Dataset,
    case: SpreadCase,
    spread: Calibrated,
    asked: OutputSettings,
    *,
    progress: bool = True,
) -> xr.Dataset:
    """Add the law of depth to a prediction, frame by frame.

    Parameters
    ----------
    ds : Dataset
        With ``water_depth`` (time, y, x).
    case : SpreadCase
    spread : Calibrated
    asked : OutputSettings
    progress : bool
        Show how far it is.

    Returns
    -------
    Dataset
        With ``depth_mean``, the 90 % interval ``depth_low`` and ``depth_high``,
        ``depth_quantile`` and ``depth_quantile_wet`` (quantile, ...),
        ``depth_probability`` (threshold, ...) and, where floods are asked for, ``depth_sample``
        (member, ...); NaN where there is no ground. Attributes ``spread`` and
        ``spread_calibrated_on``.
    """
    finish = spread.fitted.finish
    thresholds = asked.thresholds or finish.thresholds_m
    levels = tuple(sorted(set(asked.quantiles)))
    shape = ds["water_depth"].shape
    mean = np.empty(shape, np.float32)
    ends = np.empty((2, *shape), np.float32)
    quantiles = np.empty((len(levels), *shape), np.float32)
    wet = np.empty_like(quantiles)
    chances = np.empty((len(thresholds), *shape), np.float32)
    floods = np.empty((asked.samples, *shape), np.float32)
    draw = spread.floods(case, asked.samples)
    with Progress("spread", total=case.frames, unit="frames", enabled=progress) as bar:
        for frame, law in enumerate(spread.laws(case)):
            mean[frame] = law.mean()
            ends[:, frame] = finish.ends(law)
            quantiles[:, frame] = law.quantiles(levels)
            wet[:, frame] = finish.if_wet(law).quantiles(levels)
            chances[:, frame] = finish.chances(law, thresholds)
            if asked.samples:
                floods[:, frame] = draw(law)
            bar.advance()
    missing = ~np.isfinite(case.elevation)
    for values in (mean, ends, quantiles, wet, chances, floods):
        values[..., missing] = np.nan
    plane = ("time", "y", "x")
    found = ds.assign(
        depth_mean=(plane, mean, attributes("depth_mean")),
        depth_low=(plane, ends[0], attributes("depth_low")),
        depth_high=(plane, ends[1], attributes("depth_high")),
        depth_quantile=(("quantile", *plane), quantiles, attributes("depth_quantile")),
        depth_quantile_wet=(("quantile", *plane), wet, attributes("depth_quantile_wet")),
        depth_probability=(("threshold", *plane), chances, attributes("depth_probability")),
    ).assign_coords(
        quantile=("quantile", np.asarray(levels), {"units": "1"}),
        threshold=("threshold", np.asarray(thresholds), {"units": "m"}),
    )
    if asked.samples:
        found = found.assign(
            depth_sample=(("member", *plane), floods, attributes("depth_sample"))
        ).assign_coords(
            member=("member", np.arange(asked.samples), {"standard_name": "realization"})
        )
    return found.assign_attrs(
        spread=spread.name,
        spread_calibrated_on=f"{len(spread.calibration.fitted_on['terrains'])} held-out terrains",
    )
