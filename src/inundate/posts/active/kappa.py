"""How far two people agree beyond chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from inundate.core.errors import DataError

__all__ = ["Kappa", "cohen_kappa", "pairwise_kappa"]

_RESAMPLES = 2000


@dataclass(frozen=True)
class Kappa:
    """Agreement of two people.

    Parameters
    ----------
    kappa : float
        1 where they always agree, 0 where no more than by chance; NaN where both gave but one
        and the same label, of which nothing can be told.
    low, high : float
        95 % interval.
    agreement : float
        Share of posts with the same label.
    posts : int
        That both have judged.
    """

    kappa: float
    low: float
    high: float
    agreement: float
    posts: int

    def told(self) -> dict[str, Any]:
        """Give the figures as JSON."""
        return dict(self.__dict__)


def cohen_kappa(first: Sequence[str], second: Sequence[str], *, seed: int = 0) -> Kappa:
    """Give Cohen's kappa with a bootstrap interval.

    Parameters
    ----------
    first, second : sequence of str, N
        Labels of the same posts.
    seed : int
        Of the resampling.

    Raises
    ------
    DataError
        If there are none, or not as many of both.

    Examples
    --------
    >>> found = cohen_kappa(list("aabbab"), list("aabbbb"))
    >>> round(found.kappa, 3), round(found.agreement, 3)
    (0.667, 0.833)

    Source
    ------
    Cohen (1960), doi:10.1177/001316446002000104; percentile interval of Efron (1979).
    """
    if not first or len(first) != len(second):
        raise DataError(
            f"comparing judgements: {len(first)} of one person and {len(second)} of another, "
            "expected as many of both, and some",
            hint="let a second person label: --double asks for posts that others have judged",
        )
    names = sorted({*first, *second})
    place = {name: number for number, name in enumerate(names)}
    size = len(names)
    cells = np.array([place[a] * size + place[b] for a, b in zip(first, second, strict=True)])
    counts = np.bincount(cells, minlength=size * size)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(cells), counts / len(cells), size=_RESAMPLES)
    tables = np.concatenate([counts[None], drawn]).reshape(-1, size, size) / len(cells)
    kappas, agreed = _kappas(tables)
    usable = kappas[1:][np.isfinite(kappas[1:])]
    low, high = np.percentile(usable, [2.5, 97.5]) if len(usable) else (np.nan, np.nan)
    return Kappa(float(kappas[0]), float(low), float(high), float(agreed[0]), len(cells))


def _kappas(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    agreed = np.trace(tables, axis1=1, axis2=2)
    chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1)
    room = 1 - chance
    kappas = np.full(len(tables), np.nan)
    np.divide(agreed - chance, room, out=kappas, where=room > 1e-12)
    return kappas, agreed


def pairwise_kappa(
    by_post: Mapping[str, Mapping[str, str]], *, seed: int = 0
) -> dict[tuple[str, str], Kappa]:
    """Give the agreement of each two people that have decided on the same posts.

    Parameters
    ----------
    by_post : mapping
        For each post who said what; empty labels are left out.
    seed : int
    """
    people = sorted({by for said in by_post.values() for by in said})
    found = {}
    for one, other in combinations(people, 2):
        both = [
            (said[one], said[other])
            for said in by_post.values()
            if said.get(one) and said.get(other)
        ]
        if both:
            first, second = zip(*both, strict=True)
            found[one, other] = cohen_kappa(first, second, seed=seed)
    return found
