"""The blocks, streets, buildings and underpasses of a synthetic town."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["town_heights"]

UNDERPASS_M = 2.5
_JITTER = 0.25  # share of a block by which streets are moved
_YARDS = 0.25  # share of blocks that are one building round a yard
_PASSAGES = 0.9  # share of yards that a passage joins to the street; the others are closed sinks


def town_heights(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cell_size_m: float,
    *,
    block_m: float,
    street_m: float,
    kerb_m: float,
    built_share: float,
    building_height_m: float,
    underpasses: int,
) -> NDArray[np.float64]:
    """Give the height of a town above the ground that it stands on.

    Parameters
    ----------
    rng : Generator
    shape : tuple
        Rows and columns.
    cell_size_m : float, m
    block_m, street_m, kerb_m, built_share, building_height_m, underpasses
        See :func:`inundate.terrain.synthetic.make_urban`.

    Returns
    -------
    array (H, W), m
        0 on pavements and open ground, negative in streets, positive under buildings.
    """
    streets = [_streets(rng, cells, cell_size_m, block_m, street_m) for cells in shape]
    is_street = [_covered(bands, cells) for bands, cells in zip(streets, shape, strict=True)]
    street = is_street[0][:, None] | is_street[1][None, :]
    town = np.where(street, -kerb_m, 0.0)
    rows = _between(streets[0], shape[0])
    columns = _between(streets[1], shape[1])
    for top, bottom in rows:
        for left, right in columns:
            block = town[top:bottom, left:right]
            block += building_height_m * _buildings(rng, block.shape, built_share)
    _lower_crossings(rng, town, streets, underpasses)
    return town


def _streets(
    rng: np.random.Generator, cells: int, cell_size_m: float, block_m: float, street_m: float
) -> list[tuple[int, int]]:
    """First and last-plus-one cell of each street across one axis."""
    width = max(2, round(street_m / cell_size_m))
    spacing = max(width + 4, round((block_m + street_m) / cell_size_m))
    at = int(rng.integers(0, spacing))
    bands = []
    while at < cells:
        bands.append((at, min(at + width, cells)))
        at += max(width + 3, round(spacing * (1.0 + _JITTER * rng.uniform(-1, 1))))
    return bands


def _covered(bands: list[tuple[int, int]], cells: int) -> NDArray[np.bool_]:
    covered = np.zeros(cells, dtype=bool)
    for first, last in bands:
        covered[first:last] = True
    return covered


def _between(bands: list[tuple[int, int]], cells: int) -> list[tuple[int, int]]:
    edges = [0, *(edge for band in bands for edge in band), cells]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def _buildings(
    rng: np.random.Generator, shape: tuple[int, ...], built_share: float
) -> NDArray[np.float64]:
    """Build on one block: houses in rows with gaps, or one building round a yard."""
    built = np.zeros(shape)
    if min(shape) < 4 or built_share <= 0:
        return built
    inner = built[1:-1, 1:-1]  # a pavement of one cell all round
    if rng.uniform() < _YARDS:
        inner[:] = 1.0
        rows, columns = _middle(inner.shape, float(np.sqrt(1.0 - min(built_share, 0.9))))
        inner[rows, columns] = 0.0
        if rng.uniform() < _PASSAGES:
            inner[:, int(rng.integers(inner.shape[1]))] = 0.0
        return built
    depth = max(1, round(inner.shape[0] * min(built_share, 0.9) / 2))
    for rows in (slice(0, depth), slice(inner.shape[0] - depth, inner.shape[0])):
        at = 0
        while at < inner.shape[1]:
            front = int(rng.integers(3, 9))
            inner[rows, at : at + front] = 1.0
            at += front + int(rng.integers(1, 3))
    return built


def _middle(shape: tuple[int, ...], share: float) -> tuple[slice, slice]:
    """Slices of the middle share of each axis, at least one cell."""
    found = []
    for cells in shape:
        length = min(max(1, round(cells * share)), cells)
        first = (cells - length) // 2
        found.append(slice(first, first + length))
    return found[0], found[1]


def _lower_crossings(
    rng: np.random.Generator,
    town: NDArray[np.float64],
    streets: list[list[tuple[int, int]]],
    underpasses: int,
) -> None:
    """Sink the streets towards some of their crossings, with ramps."""
    crossings = [(row, column) for row in streets[0] for column in streets[1]]
    chosen = rng.permutation(len(crossings))[:underpasses]
    for index in chosen:
        (top, bottom), (left, right) = crossings[int(index)]
        ramp = 3 * (right - left)
        c0, c1 = max(left - ramp, 0), min(right + ramp, town.shape[1])
        column = np.arange(c0, c1)
        beside = np.maximum(np.maximum(left - column, column - right + 1), 0)
        town[top:bottom, c0:c1] -= UNDERPASS_M * np.clip(1 - beside / (ramp + 1), 0, 1)
