"""Probes of what must change nothing: later rain, the height datum, turning the map, tiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inundate.emulate.probes.bounds import THIN_M
from inundate.emulate.probes.cases import make_case
from inundate.emulate.probes.ground import Array, Ground, turn_back
from inundate.emulate.probes.result import ProbeResult, at_most, not_applicable
from inundate.emulate.probes.trial import Trial, apart

__all__ = ["causality", "datum", "seams", "turns"]

_DATUM_M = 100.0
_WAYS = {
    "a quarter turn": (1, False),
    "a half turn": (2, False),
    "three quarter turns": (3, False),
    "mirroring": (0, True),
}
_LEAST_TILE = 32  # cells; smaller tiles cost much and show nothing more
_STRANGE_MM_H = 30.0  # rain of a future that was never forecast


def causality(trial: Trial) -> ProbeResult:
    """Change rain that has not fallen yet: nothing changes."""
    found, tells = {}, {}
    for case in trial.cases:
        frames = case.ground.shape[0]
        before = trial.depth(case.ground)
        for now in (frames // 3, 2 * frames // 3):
            after = trial.depth(_other_future(case.ground, now))
            name = f"{case.name}, rain after frame {now} changed"
            moved = apart(after[:now], before[:now])[:, case.ground.known]
            found[name] = float(moved.max())
            cells = int((moved.max(axis=0) > trial.bounds.future_m).sum())
            tells[name] = (
                f"depth up to that frame moves by {found[name]:.3g} m, more than the bound in "
                f"{cells} cells"
            )
    return at_most("causality", found, trial.bounds.future_m, unit="m", tells=tells)


def _other_future(ground: Ground, now: int) -> Ground:
    rain = ground.rain_rate.copy()
    rain[now:] = 2 * rain[now:][::-1] + _STRANGE_MM_H
    return ground.under(rain)


def datum(trial: Trial) -> ProbeResult:
    """Move the height datum: nothing changes."""
    found, tells = {}, {}
    for case in trial.cases:
        raised = trial.depth(case.ground.raised(_DATUM_M))
        moved = apart(raised, trial.depth(case.ground))[:, case.ground.known]
        found[case.name] = float(moved.max())
        tells[case.name] = (
            f"on ground {_DATUM_M:g} m higher, depth moves by {moved.max():.3g} m at most"
        )
    return at_most("datum", found, trial.bounds.datum_m, unit="m", tells=tells)


def turns(trial: Trial) -> ProbeResult:
    """Turn or mirror the map: the depth turns with it."""
    bounds = trial.bounds
    found, tells = {}, {}
    for case in trial.cases:
        if len(set(case.ground.settings.edge_kinds().values())) > 1:
            return not_applicable("turns", "the edges differ from side to side and do not turn")
        before = trial.depth(case.ground)
        for way, (quarters, mirrored) in _WAYS.items():
            turned = trial.depth(case.ground.turned(quarters, mirrored=mirrored))
            back = turn_back(turned, quarters, mirrored=mirrored)
            moved = _wet_apart(back, before, case.ground)
            name = f"{case.name}, {way}"
            found[name] = float(np.quantile(moved, bounds.turn_share))
            within = float((moved <= bounds.turn_m).mean())
            tells[name] = (
                f"depth moves by {moved.max():.3g} m at most, by {np.quantile(moved, 0.99):.3g} m "
                f"in 99 % of the wet; {within:.1%} of it within {bounds.turn_m:g} m"
            )
    unit = "m" if bounds.turn_share == 1 else f"m, {bounds.turn_share:.4g} of the wet"
    return at_most("turns", found, bounds.turn_m, unit=unit, tells=tells)


def _wet_apart(first: Array, second: Array, ground: Ground) -> Array:
    """Give how far two depths are apart, (N,), where either has more than a film."""
    moved = apart(first, second)[:, ground.known]
    deepest = np.maximum(first, second)[:, ground.known]
    wet = moved[~(deepest <= THIN_M)]  # what is no number counts as wet
    return wet if wet.size else np.zeros(1, np.float32)


def seams(trial: Trial) -> ProbeResult:
    """Work in tiles: their size changes nothing."""
    subject = trial.subject
    if subject.tiled is None:
        return not_applicable("seams", f"{subject.name} does not work in tiles")
    side = -(-_LEAST_TILE // subject.least_tile) * subject.least_tile
    rows, columns = trial.world.shape
    # some tiles must not see the whole map, or there would be nothing to find
    wide = max(columns, -(-(subject.reach_cells + 3 * side) // side) * side)
    world = replace(trial.world, shape=(rows, wide))
    found, tells = {}, {}
    for terrain in ("urban", "valley"):
        case = make_case(terrain, "burst", world)
        whole = trial.depth(case.ground)
        tiled = trial.checked(subject.tiled(case.ground, side), case.ground)
        moved = apart(tiled, whole)[:, case.ground.known]
        found[case.name] = float(moved.max())
        tells[case.name] = (
            f"{rows} x {wide} cells in tiles of {side}: depth moves by {moved.max():.3g} m at most"
        )
    return at_most("seams", found, trial.bounds.seam_m, unit="m", tells=tells)
