"""Fit every way to a spread on held-out terrains, and say which is best there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.core.seeds import make_rng
from inundate.dataset.samples import Samples
from inundate.dataset.world.perturb import PerturbSettings
from inundate.emulate.predict import factors_of
from inundate.emulate.train import load_emulator
from inundate.emulate.uncertain.bins import cell_bins
from inundate.emulate.uncertain.calibration import (
    Calibration,
    Fitted,
    checkpoint_of,
    weights_hash,
)
from inundate.emulate.uncertain.conformal import Band, fit_band
from inundate.emulate.uncertain.copula import Copula, Normals, fit_copula, normal_scores
from inundate.emulate.uncertain.draw import Cells, draw_cells, ensembles_of, own_samples
from inundate.emulate.uncertain.dressed import dressed
from inundate.emulate.uncertain.ends import PLAIN_ENDS
from inundate.emulate.uncertain.finish import (
    Finish,
    check_thresholds,
    fit_finish,
    mean_crps,
    scaled,
)
from inundate.emulate.uncertain.law import LEVELS, Law
from inundate.emulate.uncertain.settings import METHODS, Method, SpreadSettings
from inundate.emulate.uncertain.ways import available, check_methods, member_ways
from inundate.score.sample import WET_M

__all__ = ["PART", "choose", "fit_spread"]

PART = "valid"
"""The part of a data set that is calibrated on; never the one that is scored."""
_DEFAULTS = SpreadSettings()


def fit_spread(
    run: Path | str,
    *,
    dataset: Path | str | None = None,
    methods: tuple[Method, ...] | None = None,
    settings: SpreadSettings = _DEFAULTS,
    progress: bool = True,
) -> Calibration:
    """Fit the ways to a spread of a run and store them in it.

    Parameters
    ----------
    run : Path
        A trained run, or exported weights.
    dataset : Path, optional
        Another data set than the run's own. Its validation terrains must not be ones that the run
        was trained on.
    methods : tuple of str, optional
        By default all that the emulator has.
    settings : SpreadSettings
    progress : bool
        Show how far it is.

    Raises
    ------
    ConfigError
        If the emulator lacks a way, or thresholds do not rise.
    DataError
        If the run's data set has changed, or there are fewer than two validation terrains with
        ensembles.
    """
    found, model_settings, model = load_emulator(run)
    methods = tuple(m for m in METHODS if m in (methods or available(model_settings)))
    check_methods(methods, model_settings)
    check_thresholds(settings.thresholds_m)
    samples = Samples(dataset) if dataset is not None else own_samples(found, what="calibrating")
    ensembles = ensembles_of(samples, PART)
    perturb = settings.perturb or _perturb_of(samples)
    ways = member_ways(
        methods, model, model_settings, members=settings.members, perturb=perturb,
        seed=settings.seed,
    )  # fmt: skip
    cells = draw_cells(
        samples, ensembles, model, model_settings, {str(name): way for name, way in ways.items()},
        cells=settings.cells, seed=settings.seed, progress=progress,
    )  # fmt: skip
    _check_terrains(samples, cells)
    folds = _folds(cells, settings)
    fitted = {name: _fit_way(name, cells, folds, settings) for name in methods}
    default, best = choose({name: made.valid for name, made in fitted.items()})
    calibration = Calibration(
        ways=fitted,
        default=default,
        best=best,
        members=settings.members,
        seed=settings.seed,
        perturb=perturb,
        checkpoint=checkpoint_of(found),
        weights=weights_hash(model),
        factor=(factors_of(model_settings) or (0,))[0],
        fitted_on={
            "dataset": samples.path.name,
            "part": PART,
            "split_hash": samples.attrs["split_hash"],
            "terrains": list(cells.names),
            "ensembles": len(ensembles),
            "runs": sum(len(one.truths) for one in ensembles),
            "cells": int(cells.depth.size),
            "unit": settings.unit,
            "folds": int(folds.max()) + 1,
        },
    )
    calibration.save(Run(found.path))
    return calibration


def _perturb_of(samples: Samples) -> PerturbSettings:
    """Give how far apart the members of a data set's ensembles are."""
    world = json.loads(str(samples.attrs.get("world", "{}")))
    return PerturbSettings(**world.get("settings", {}).get("perturb", {}))


def _check_terrains(samples: Samples, cells: Cells) -> None:
    if len(cells.names) < 2:
        raise DataError(
            f"calibrating on {samples.path}: ensembles on {len(cells.names)} validation terrain, "
            "expected at least 2, so that one can be left out",
            hint="inundate dataset build --world makes more",
        )


def _folds(cells: Cells, settings: SpreadSettings) -> NDArray[np.intp]:
    """Give the fold of each cell: that of its terrain."""
    count = len(cells.names)
    order = make_rng(settings.seed, "folds").permutation(count)
    of_terrain = np.empty(count, np.intp)
    of_terrain[order] = np.arange(count) % min(settings.folds, count)
    return of_terrain[cells.terrain]


def _fit_way(
    name: Method, cells: Cells, folds: NDArray[np.intp], settings: SpreadSettings
) -> Fitted:
    scores = []
    for fold in range(int(folds.max()) + 1):
        band, finish = _fit(name, cells.only(folds != fold), settings)
        scores.append(_left_out(name, cells.only(folds == fold), band, finish))
    band, finish = _fit(name, cells, settings)
    copula = None
    if name == "conformal" and band is not None:  # floods of other ways are, or follow, members
        copula = _copula(cells, band, finish, settings.seed)
    return Fitted(finish, _pooled(scores), band, copula)


def _fit(name: Method, cells: Cells, settings: SpreadSettings) -> tuple[Band | None, Finish]:
    band = None
    if name in ("conformal", "dressed-ensemble"):
        band = fit_band(cells.depth, cells.truth, cells.bins, cells.terrain, unit=settings.unit)
    law = _law(name, cells, band)
    return band, fit_finish(
        law, cells.truth, cells.weight, settings.thresholds_m, terrain=cells.terrain
    )


def _law(name: Method, cells: Cells, band: Band | None) -> Law:
    if band is None:
        return Law(cells.points[name])
    law = band.law(cells.depth, cells.bins)
    if name == "dressed-ensemble":
        return dressed(law, Law(cells.points["hybrid-ensemble"]))
    return law


def _left_out(name: Method, cells: Cells, band: Band | None, finish: Finish) -> dict[str, Any]:
    """Score terrains that were not fitted on, by what is delivered: quantiles and chances."""
    law = finish.law(_law(name, cells, band))
    quantiles = Law(law.quantiles(LEVELS), LEVELS)
    crps = mean_crps(quantiles, cells.truth)
    sure = mean_crps(Law(cells.depth[None], (0.5,)), cells.truth)  # of one depth: its error
    truth, weight = cells.truth, cells.weight
    known = np.isfinite(truth)
    wet = known & (truth > np.float32(WET_M))
    inside = known & _within(finish.ends(law), truth)
    inside_law = known & _within(quantiles.quantiles(PLAIN_ENDS), truth)
    inside_wet = _within(finish.if_wet(law).quantiles(PLAIN_ENDS), truth)
    said = known & (quantiles.median() > np.float32(WET_M))
    chances = finish.chances(law)
    terrains = sorted(set(cells.terrain.tolist()))
    mine = {t: cells.terrain == t for t in terrains}
    return {
        "crps": {cells.names[t]: _mean(crps[m], weight[m]) for t, m in mine.items()},
        "mae": {cells.names[t]: _mean(sure[m], weight[m]) for t, m in mine.items()},
        "wet_conditional": float((inside_wet & wet).astype(np.float64).dot(weight).sum()),
        "wet": float((wet * weight).sum()),
        "wet_inside": float((inside & wet).astype(np.float64).dot(weight).sum()),
        "wet_law": float((inside_law & wet).astype(np.float64).dot(weight).sum()),
        "said": float((said * weight).sum()),
        "said_inside": float((inside_law & said).astype(np.float64).dot(weight).sum()),
        "reliability": [
            _reliability(chances[row], truth >= np.float32(t), known, weight)
            for row, t in enumerate(finish.thresholds_m)
        ],
        "thresholds_m": list(finish.thresholds_m),
    }


def _within(ends: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.bool_]:
    low, high = ends
    return np.asarray((low <= truth) & (truth <= high))


def _mean(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    return float(np.average(values, weights=weight))


def _reliability(
    chance: NDArray[np.float32],
    happened: NDArray[np.bool_],
    known: NDArray[np.bool_],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give weight, predicted and observed in ten bins of the chance, (3, 10)."""
    bins = np.minimum((chance * 10 + 1e-6).astype(np.intp), 9)
    count, seen = known.sum(axis=0) * weight, (happened & known).sum(axis=0) * weight
    return np.stack(
        [np.bincount(bins, weights=w, minlength=10) for w in (count, count * chance, seen)]
    )


def _pooled(scores: list[dict[str, Any]]) -> dict[str, Any]:
    crps: dict[str, float] = {}
    mae: dict[str, float] = {}
    for one in scores:
        crps |= one["crps"]
        mae |= one["mae"]
    total = {
        key: sum(one[key] for one in scores)
        for key in ("wet", "wet_inside", "wet_law", "wet_conditional", "said", "said_inside")
    }
    reliability = np.sum([np.stack(one["reliability"]) for one in scores], axis=0)  # (N, 3, 10)
    count, chance, seen = np.moveaxis(reliability, 1, 0)
    error = np.abs(chance - seen).sum(axis=-1) / count.sum(axis=-1)
    mean_crps_m, mean_mae = (float(np.mean(list(each.values()))) for each in (crps, mae))
    return {
        "crps_m": mean_crps_m,
        "mae_m": mean_mae,
        "crps_over_mae": mean_crps_m / mean_mae if mean_mae > 0 else None,
        "coverage_90": total["wet_inside"] / total["wet"] if total["wet"] else None,
        "coverage_90_law": total["wet_law"] / total["wet"] if total["wet"] else None,
        "coverage_90_if_wet": total["wet_conditional"] / total["wet"] if total["wet"] else None,
        "coverage_90_said": total["said_inside"] / total["said"] if total["said"] else None,
        "calibration_error": {
            f"{t:g}": float(e) for t, e in zip(scores[0]["thresholds_m"], error, strict=True)
        },
        "crps_by_terrain_m": crps,
    }


def choose(valid: Mapping[Method, Mapping[str, Any]]) -> tuple[Method, Method]:
    """Give the default way and the one with the lowest CRPS.

    The default is the simplest whose mean CRPS is within one standard error of the lowest, the
    difference taken terrain by terrain.

    Parameters
    ----------
    valid : mapping of Method to mapping
        Scores with ``crps_m`` and ``crps_by_terrain_m``.
    """
    best = min(valid, key=lambda name: valid[name]["crps_m"])
    lowest = valid[best]["crps_by_terrain_m"]
    for name in METHODS:
        if name not in valid:
            continue
        mine = valid[name]["crps_by_terrain_m"]
        off = np.array([mine[terrain] - lowest[terrain] for terrain in lowest])
        error = float(off.std(ddof=1) / np.sqrt(off.size)) if off.size > 1 else 0.0
        if float(off.mean()) <= error:
            return name, best
    return best, best


def _copula(cells: Cells, band: Band, finish: Finish, seed: int) -> Copula:
    """Fit how errors of neighbouring cells belong together, on the whole frames."""
    sums = Normals.empty()
    rng = make_rng(seed, "ranks")
    for kept in cells.maps:
        laws = [
            scaled(band.law(depth, cell_bins(depth, kept.elevation, kept.slopes)), finish.scale)
            for depth in kept.depth
        ]
        for truth in kept.truth:
            sums.add([normal_scores(law, one, rng) for law, one in zip(laws, truth, strict=True)])
    return fit_copula(sums)
