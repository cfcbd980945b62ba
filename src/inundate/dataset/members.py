"""Whether perturbed runs belong to the sample that they perturb."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inundate.dataset.finding import Finding, Severity, some
from inundate.dataset.samples import Row, Samples

__all__ = ["check_members"]


def check_members(samples: Samples) -> Iterator[Finding]:
    """Look for members without their sample, with other inputs, or with its very water."""
    first = {(r.block, r.storm): n for n, r in enumerate(samples.rows) if not r.member}
    alone, other, same = [], [], []
    for number, row in enumerate(samples.rows):
        if not row.member:
            continue
        base = first.get((row.block, row.storm))
        if base is None:
            alone.append(row.name)
        elif not _alike(row, samples.rows[base]):
            other.append(row.name)
        else:
            mine, its = samples.read(number), samples.read(base)
            if not np.array_equal(mine.rain_rate, its.rain_rate, equal_nan=True):
                other.append(row.name)
            elif np.array_equal(mine.water_depth, its.water_depth, equal_nan=True):
                same.append(row.name)
    told: tuple[tuple[list[str], Severity, str], ...] = (
        (alone, "error", "have no unperturbed sample"),
        (other, "error", "have another split, settings or rain than their unperturbed sample"),
        (same, "warning", "have exactly the water of their unperturbed sample"),
    )
    for names, severity, text in told:
        if names:
            yield Finding(
                "members", severity, f"{len(names)} perturbed sample(s) {text}: {some(names)}",
                {"samples": names},
            )  # fmt: skip


def _alike(one: Row, other: Row) -> bool:
    keys = ("split", "frames", "place", "grid", "settings", "rain_mm", "start")
    return all(getattr(one, key) == getattr(other, key) for key in keys)
