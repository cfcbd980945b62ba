"""Probes of resolution: shorter frames and larger cells tell the same flood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inundate.emulate.probes.cases import Case, make_case
from inundate.emulate.probes.result import ProbeResult, at_most, not_applicable
from inundate.emulate.probes.trial import Trial

__all__ = ["cells_area", "cells_volume", "frames"]

_WET_M = 0.05  # depth from which a cell counts as flooded
_FACTOR = 2


def frames(trial: Trial) -> ProbeResult:
    """Frames of half the interval give the same depth at the times that both have."""
    subject = trial.subject
    half = trial.world.interval_s / 2
    if subject.interval_s is not None and not subject.interval_s[0] <= half:
        return not_applicable(
            "frames",
            f"{subject.name} was made for frames of {_span(subject.interval_s)} s, and half of "
            f"{trial.world.interval_s:g} s is outside that",
        )
    found, tells = {}, {}
    for case in trial.cases:
        whole = trial.depth(case.ground)
        halved = trial.depth(case.ground.in_half_frames())[1::2]
        wet = ~(np.maximum(whole, halved) < _WET_M) & case.ground.known
        apart_m = _root_mean_square(halved[wet] - whole[wet])
        depth_m = _root_mean_square(whole[wet])
        found[case.name] = apart_m / depth_m if depth_m else float(wet.any())
        tells[case.name] = (
            f"frames of {half:g} s instead of {2 * half:g} s move depth by {apart_m:.3g} m, where "
            f"it is {depth_m:.3g} m (root mean square of cells from {_WET_M:g} m)"
        )
    return at_most("frames", found, trial.bounds.frame_share, unit="of the depth", tells=tells)


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) if values.size else 0.0


def cells_volume(trial: Trial) -> ProbeResult:
    """Cells twice as large hold the same volume at all times."""
    reason = _why_not(trial)
    if reason:
        return not_applicable("cells-volume", reason)
    found, tells = {}, {}
    for case in _smooth(trial):
        fine, coarse = case.ground, case.ground.on_coarser_cells(_FACTOR)
        stored = fine.stored_m3(trial.depth(fine))  # (T,)
        other = coarse.stored_m3(trial.depth(coarse))
        frame = int(np.argmax(np.abs(other - stored)))
        found[case.name] = float(abs(other[frame] - stored[frame]) / max(stored.max(), 1e-9))
        tells[case.name] = (
            f"cells of {coarse.cell_size_m:g} m instead of {fine.cell_size_m:g} m hold "
            f"{other[frame]:,.0f} m3 instead of {stored[frame]:,.0f} m3 in frame {frame + 1}; "
            f"peak {other.max():,.0f} m3 instead of {stored.max():,.0f} m3"
        )
    bound = trial.bounds.cells_volume_share
    return at_most("cells-volume", found, bound, unit="of the peak volume", tells=tells)


def cells_area(trial: Trial) -> ProbeResult:
    """Cells twice as large flood the same area."""
    reason = _why_not(trial)
    if reason:
        return not_applicable("cells-area", reason)
    found, tells = {}, {}
    for case in _smooth(trial):
        areas = []
        for ground in (case.ground, case.ground.on_coarser_cells(_FACTOR)):
            deepest = trial.depth(ground).max(axis=0)
            areas.append(float((deepest >= _WET_M).sum()) * ground.cell_size_m**2)
        fine, coarse = areas
        found[case.name] = abs(coarse - fine) / fine if fine else float(coarse > 0)
        tells[case.name] = (
            f"cells twice as large flood {coarse / 1e4:,.2f} ha instead of {fine / 1e4:,.2f} ha "
            f"(deepest from {_WET_M:g} m)"
        )
    bound = trial.bounds.cells_area_share
    return at_most("cells-area", found, bound, unit="of the area", tells=tells)


def _smooth(trial: Trial) -> list[Case]:
    """Ground that is the same on larger cells, with edges as asked for or of both kinds."""
    case = make_case("swells", "burst", trial.world)
    if trial.world.settings is not None:
        return [case]
    closed = replace(case.ground, settings=case.ground.settings.model_copy(update=_CLOSED))
    return [case, replace(case, terrain="swells in walls", ground=closed)]


_CLOSED = {"edges": "closed"}


def _why_not(trial: Trial) -> str | None:
    subject, size = trial.subject, trial.world.cell_size_m
    if subject.cell_size_m is None or _FACTOR * size <= subject.cell_size_m[1]:
        return None
    return (
        f"{subject.name} was made for cells of {_span(subject.cell_size_m)} m, and "
        f"{_FACTOR * size:g} m is outside that"
    )


def _span(limits: tuple[float, float]) -> str:
    low, high = limits
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
