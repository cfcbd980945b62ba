"""Predictors that are broken on purpose: the solver with one fault each.

``MUTANTS`` lists, for each probe, those that it must catch.
"""

from dataclasses import replace

import numpy as np

from inundate.emulate.probes.predictors import solver_predictor as solve
from inundate.emulate.probes.trial import Subject


def puddle(ground):
    """Water in the lowest places, whether it rains or not."""
    lowest = ground.elevation <= np.nanquantile(ground.elevation, 0.02)
    return solve(ground) + 0.02 * lowest.astype(np.float32)


def never_dry(ground):
    """A network whose last bias is 2 mm."""
    return solve(ground) + np.float32(2e-3)


def negative(ground):
    """A correction that is not held at 0."""
    return solve(ground) - np.float32(0.01)


def not_a_number(ground):
    """One cell that no longer computes."""
    depth = solve(ground).copy()
    row, column = np.argwhere(ground.known)[len(depth) * 7]
    depth[-1, row, column] = np.nan
    return depth


def tires(ground):
    """The more rain in all, the smaller the share of it that stands."""
    total_mm = ground.rain_rate.mean() * len(ground.rain_rate) * ground.interval_s / 3600
    return solve(ground) / np.float32((1 + total_mm / 20) ** 2)


def doubled(ground):
    """Rain in mm h-1 read as a rate twice as large."""
    return solve(ground.under(2 * ground.rain_rate))


def peak_always(ground):
    """The map of greatest depths in every frame."""
    depth = solve(ground)
    return np.broadcast_to(depth.max(axis=0), depth.shape)


def grows(ground):
    """Depth that goes on rising when the rain has ended, on less water than fell."""
    depth = solve(ground)
    share = np.linspace(0.2, 0.9, len(depth), dtype=np.float32)
    return share[:, None, None] * depth


def one_frame_early(ground):
    """Rain stamped with the start of its interval."""
    return solve(ground.under(np.roll(ground.rain_rate, -1, axis=0)))


def whole_storm(ground):
    """Depth scaled by a statistic of the whole storm, rain to come included."""
    heaviest = ground.rain_rate.max()
    return solve(ground) * np.float32(heaviest / (heaviest + 20))


def above_sea(ground):
    """Absolute height as an input."""
    return solve(ground) * np.exp(-ground.elevation / 500).astype(np.float32)


def low_only(ground):
    """No flood above 100 m: the training had none."""
    return solve(ground) * (ground.elevation < 100)


def drifts_east(ground):
    """A kernel that is off by one cell in one direction."""
    depth = solve(ground)
    east = np.concatenate([depth[..., :1], depth[..., :-1]], axis=-1)
    return np.where(ground.known, np.nan_to_num(0.9 * depth + 0.1 * east), np.nan)


def along_rows(ground):
    """Water evened out along x and not along y: mirroring does not show it, turning does."""
    depth = np.nan_to_num(solve(ground))
    west, east = np.roll(depth, 1, axis=-1), np.roll(depth, -1, axis=-1)
    return np.where(ground.known, (west + 2 * depth + east) / 4, np.nan).astype(np.float32)


def tile_norm(ground, tile_cells):
    """Depth scaled by a mean over the tile, as group norm does."""
    depth = solve(ground).copy()
    _, rows, columns = ground.shape
    for top in range(0, rows, tile_cells):
        for left in range(0, columns, tile_cells):
            piece = depth[:, top : top + tile_cells, left : left + tile_cells]
            piece /= 1 + np.nanmean(piece)
    return depth


def no_context(ground, tile_cells):
    """Each tile by itself: no water comes from beside it."""
    depth = np.empty(ground.shape, np.float32)
    _, rows, columns = ground.shape
    for top in range(0, rows, tile_cells):
        for left in range(0, columns, tile_cells):
            window = slice(top, top + tile_cells), slice(left, left + tile_cells)
            piece = replace(
                ground,
                elevation=ground.elevation[window],
                roughness=ground.roughness[window],
                rain_rate=ground.rain_rate[:, *window],
            )
            depth[:, *window] = solve(piece)
    return depth


def counts_frames(ground):
    """Every frame is 5 minutes."""
    return solve(replace(ground, interval_s=300.0))


def counts_cells(ground):
    """Every cell is 10 m wide, and so holds its water by number, not by area."""
    return solve(ground) * np.float32(10.0 / ground.cell_size_m)


def no_narrow(ground):
    """A network that loses the two outermost cells of a flood, whatever their size."""
    depth = np.nan_to_num(solve(ground))
    for axis in (1, 2):
        shifted = [np.roll(depth, shift, axis=axis) for shift in (-2, -1, 1, 2)]
        depth = np.minimum.reduce([depth, *shifted])
    return np.where(ground.known, depth, np.nan)


def same_storm(ground):
    """Rain ignored: 5 mm h-1 whatever falls."""
    return solve(ground.under(np.full_like(ground.rain_rate, 5.0)))


def flat(ground):
    """Terrain ignored: the rain so far stands where it fell."""
    fallen_m = np.cumsum(ground.rain_rate, axis=0) * ground.interval_s / 3.6e6
    return np.where(ground.known, fallen_m, np.nan).astype(np.float32)


class Learnt:
    """A map learnt by heart for each pixel: the terrain that is given is not looked at."""

    def __init__(self):
        self.ground = None

    def __call__(self, ground):
        self.ground = self.ground or ground
        kept = replace(ground, elevation=self.ground.elevation, roughness=self.ground.roughness)
        return np.where(ground.known, np.nan_to_num(solve(kept)), np.nan)


def tiled(name, function):
    """A solver whose whole maps are right and whose tiles are not."""
    return Subject(name, solve, tiled=function)


MUTANTS = {
    "no-rain": [puddle, never_dry],
    "finite": [negative, not_a_number],
    "more-rain": [tires],
    "within-rain": [doubled, peak_always],
    "dry-down": [grows],
    "causality": [one_frame_early, whole_storm],
    "datum": [above_sea, low_only],
    "turns": [drifts_east, along_rows],
    "seams": [tiled("tile_norm", tile_norm), tiled("no_context", no_context)],
    "frames": [counts_frames],
    "cells-volume": [counts_cells],
    "cells-area": [no_narrow],
    "rain-matters": [same_storm],
    "terrain-matters": [flat, Learnt()],
}
