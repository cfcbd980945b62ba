"""Prepare many samples, over processes: the coarse solver takes most of the time."""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inundate.dataset.samples import Samples
from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.prepared import Prepared, prepare_sample

__all__ = ["prepare_samples"]


def prepare_samples(
    samples: Samples, numbers: Sequence[int], *, factors: Sequence[int], workers: int = 1
) -> Iterator[tuple[int, Prepared]]:
    """Prepare samples; those over one ground share its terrain channels.

    Parameters
    ----------
    samples : Samples
    numbers : sequence of int
        Numbers of the samples.
    factors : sequence of int
        Of the coarse solver; none leaves it out.
    workers : int
        Processes; the result does not depend on it.

    Yields
    ------
    (int, Prepared)
        Grouped by ground, in the order in which the grounds first come.
    """
    grounds: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        grounds[samples.rows[number].place].append(number)
    jobs = [(samples.path, group, tuple(factors)) for group in grounds.values()]
    if workers <= 1:
        for job in jobs:
            yield from _prepare(job)
        return
    # spawned processes start without threads that a fork would leave in an odd state
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        for found in pool.map(_prepare, jobs):
            yield from found


def _prepare(job: tuple[Path, list[int], tuple[int, ...]]) -> list[tuple[int, Prepared]]:
    path, numbers, factors = job
    samples = Samples(path)
    terrain: NDArray[np.float32] | None = None
    found = []
    for number in numbers:
        made = prepare_sample(samples.read(number), factors=factors, terrain=terrain)
        terrain = made.terrain[: len(TERRAIN_CHANNELS)]
        found.append((number, made))
    return found
