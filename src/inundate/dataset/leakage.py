"""Whether the test part holds what training saw: a place, a ground, a storm, a sample."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import GridError
from inundate.core.grid import Bounds, Grid, transform_bounds
from inundate.dataset.finding import Finding, some
from inundate.dataset.samples import Array, Row, Samples
from inundate.dataset.settings import DatasetSettings
from inundate.dataset.split import Split
from inundate.dataset.tally import Tally

__all__ = ["check_copies", "check_names", "check_places", "check_storms"]

_SEEN = ("train", "valid")
_SAME_GROUND = 0.02  # difference as a share of the relief, below which two grounds are one
_WORTH_A_LOOK = 0.1  # the same of a few cells, above which no full comparison is made
_SAME_RAIN = 1e-3  # likewise of the greatest mean rate
_POINTS = 16  # a side of the coarse look that comes before a full comparison


def check_names(samples: Samples) -> Iterator[Finding]:
    """Look for blocks and storms in two parts, and for a split that was changed afterwards."""
    for what in ("block", "storm"):
        seen = {getattr(row, what) for row in samples.rows if row.split in _SEEN}
        both = sorted(seen & {getattr(row, what) for row in samples.rows if row.split == "test"})
        if both:
            yield Finding(
                "split", "error",
                f"{len(both)} {what}(s) both in training and in the test: {some(both)}",
                {f"{what}s": both},
            )  # fmt: skip
    split = Split(**json.loads(samples.attrs["split"]))
    odd = [row.name for row in samples.rows if split.of(row.block, row.storm) != row.split]
    if odd or split.hash() != samples.attrs["split_hash"]:
        yield Finding(
            "split", "error",
            f"the stored split (hash {samples.attrs['split_hash']}) is not the one in use: "
            f"its hash is {split.hash()}, {len(odd)} sample(s) stand elsewhere",
            {"samples": odd, "hash": split.hash(), "stored_hash": samples.attrs["split_hash"]},
        )  # fmt: skip


def check_places(samples: Samples) -> Iterator[Finding]:
    """Look for test blocks on, beside, or of the same ground as a block seen in training."""
    blocks = {row.block: row for row in samples.rows if row.split in (*_SEEN, "test")}
    seen = [row for row in blocks.values() if row.split in _SEEN]
    test = [row for row in blocks.values() if row.split == "test"]
    if not seen or not test:
        return
    near, elsewhere = _near(samples, seen, test)
    if near:
        pairs = [f"{a} and {b} ({_cells(d)})" for a, b, d in near]
        yield Finding(
            "places", "error",
            f"{len(near)} pair(s) of a block seen in training and a test block overlap or lie "
            f"closer than {_least_gap(samples)} cells: {some(pairs)}",
            {"pairs": [{"seen": a, "test": b, "cells_between": d} for a, b, d in near]},
        )  # fmt: skip
    if elsewhere:
        yield Finding(
            "places", "warning",
            f"{len(elsewhere)} pair(s) of blocks share coordinates but not their ground: "
            f"{some([f'{a} and {b}' for a, b in elsewhere])}; fit for synthetic terrains only",
            {"pairs": [{"seen": a, "test": b} for a, b in elsewhere]},
        )  # fmt: skip
    alike = _alike(samples, seen, test)
    if alike:
        yield Finding(
            "ground", "error",
            f"{len(alike)} test block(s) have the ground of a block seen in training under "
            f"another name: {some([f'{b} is {a}' for a, b, _ in alike])}",
            {"pairs": [{"seen": a, "test": b, "difference": d} for a, b, d in alike]},
        )  # fmt: skip


def check_storms(tallies: Sequence[Tally]) -> Iterator[Finding]:
    """Look for one rain under two names, on both sides of the split."""
    rates: dict[str, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    for one in tallies:
        rates[one.row.storm][one.row.block] = one.rate
    seen = sorted({one.row.storm for one in tallies if one.row.split in _SEEN})
    test = sorted({one.row.storm for one in tallies if one.row.split == "test"} - set(seen))
    pairs = [(a, b) for a in seen for b in test if _same_rain(rates[a], rates[b])]
    if pairs:
        yield Finding(
            "storms", "error",
            f"{len(pairs)} test storm(s) are a training storm under another name: "
            f"{some([f'{b} is {a}' for a, b in pairs])}",
            {"pairs": [{"seen": a, "test": b} for a, b in pairs]},
        )  # fmt: skip


def check_copies(tallies: Sequence[Tally]) -> Iterator[Finding]:
    """Look for samples whose ground, rain and water are all the same."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for one in tallies:
        groups[one.content].append(one.row)
    copies = [rows for rows in groups.values() if len(rows) > 1]
    if not copies:
        return
    crossing = any(
        {row.split for row in rows} & set(_SEEN) and "test" in {row.split for row in rows}
        for rows in copies
    )
    texts = [" = ".join(row.name for row in rows) for rows in copies]
    yield Finding(
        "copies", "error" if crossing else "warning",
        f"{len(copies)} sample(s) are stored more than once: {some(texts)}",
        {"groups": [[row.name for row in rows] for rows in copies]},
    )  # fmt: skip


def _least_gap(samples: Samples) -> int:
    """Cells to lie between: the gap of the settings; blocks that touch are never apart."""
    return max(1, DatasetSettings(**json.loads(samples.attrs["settings"])).gap_cells)


def _cells(distance: float) -> str:
    return f"{distance:g} cells between" if distance >= 0 else "overlapping"


def _near(
    samples: Samples, seen: Sequence[Row], test: Sequence[Row]
) -> tuple[list[tuple[str, str, float]], list[tuple[str, str]]]:
    """Pairs too close, and pairs at one place whose grounds are different ones."""
    crs = Grid(**seen[0].grid).crs
    first = np.array([_bounds(Grid(**row.grid), crs) for row in seen])  # (S, 4)
    near: list[tuple[str, str, float]] = []
    elsewhere: list[tuple[str, str]] = []
    for row in test:
        left, bottom, right, top = _bounds(Grid(**row.grid), crs)
        along = np.maximum(first[:, 0] - right, left - first[:, 2])
        across = np.maximum(first[:, 1] - top, bottom - first[:, 3])
        cells = np.round(np.maximum(along, across) / row.grid["dx"], 3)
        for place in np.flatnonzero(cells < _least_gap(samples)).tolist():
            if cells[place] < 0 and _other_ground(samples, seen[place], row):
                elsewhere.append((seen[place].block, row.block))
            else:
                near.append((seen[place].block, row.block, float(cells[place])))
    return near, elsewhere


def _bounds(grid: Grid, crs: str) -> Bounds:
    return grid.bounds if grid.crs == crs else transform_bounds(grid.bounds, grid.crs, crs)


def _other_ground(samples: Samples, first: Row, second: Row) -> bool:
    """Whether two blocks at one place hold different grounds where they overlap."""
    one, two = Grid(**first.grid), Grid(**second.grid)
    if one.crs != two.crs or one.dx != two.dx or one.dy != two.dy:
        return False  # not comparable cell by cell: the same place is then the same ground
    a, b = one.bounds, two.bounds
    shared = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    try:
        (_, here), (_, there) = one.crop(shared), two.crop(shared)
    except GridError:
        return False
    mine, other = samples.ground(first)[here], samples.ground(second)[there]
    return mine.shape == other.shape and _difference(mine, other) > _SAME_GROUND


def _alike(
    samples: Samples, seen: Sequence[Row], test: Sequence[Row]
) -> list[tuple[str, str, float]]:
    coarse = {row.block: _coarse(samples.ground(row)) for row in (*seen, *test)}
    found = []
    for row in test:
        for other in seen:
            same_shape = (row.grid["height"], row.grid["width"]) == (
                other.grid["height"], other.grid["width"],
            )  # fmt: skip
            if (
                not same_shape
                or _difference(coarse[row.block], coarse[other.block]) > _WORTH_A_LOOK
            ):
                continue
            full = _difference(samples.ground(row), samples.ground(other))
            if full <= _SAME_GROUND:
                found.append((other.block, row.block, round(full, 6)))
    return found


def _coarse(ground: Array) -> Array:
    rows, columns = (np.linspace(0, size - 1, _POINTS).round().astype(int) for size in ground.shape)
    return np.asarray(ground[np.ix_(rows, columns)])


def _difference(first: Array, second: Array) -> float:
    """Difference of two grounds as a share of their relief; heights count from their mean."""
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return float("inf")
    one, two = first[known].astype(np.float64), second[known].astype(np.float64)
    one, two = one - one.mean(), two - two.mean()
    apart = float(np.sqrt(np.mean((one - two) ** 2)))
    relief = float(max(one.std(), two.std()))
    return apart / relief if relief > 0 else 0.0


def _same_rain(
    first: dict[str, NDArray[np.float64]], second: dict[str, NDArray[np.float64]]
) -> bool:
    """Whether the mean rates agree, on blocks that both fell on, else on any two."""
    shared = sorted(first.keys() & second.keys())
    pairs = (
        [(first[block], second[block]) for block in shared]
        if shared
        else [(a, b) for a in first.values() for b in second.values()]
    )
    return (all if shared else any)(_same_course(a, b) for a, b in pairs)


def _same_course(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    top = max(first.max(), second.max())
    if first.shape != second.shape or top <= 0:
        return False
    return bool(np.abs(first - second).max() <= _SAME_RAIN * top)
