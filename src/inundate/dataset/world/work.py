"""Share samples out to processes, the longest first, and tell what each batch has made."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path

from inundate.core.errors import RunError
from inundate.dataset.world.library import Library, open_library
from inundate.dataset.world.make import Maker, Report
from inundate.dataset.world.plan import Plan

__all__ = ["batches", "make_all"]

_BATCH_S = 3.0  # of one core: ground is made once a batch, and the bar moves once a batch

_maker: Maker | None = None  # of this process, when it is a worker


def batches(plan: Plan, numbers: Sequence[int]) -> list[list[int]]:
    """Group samples of one terrain into batches of a few seconds, the longest first."""
    wanted = set(numbers)
    found: list[list[int]] = []
    for own in plan.of_terrain().values():
        batch: list[int] = []
        for number in own:
            if number not in wanted:
                continue
            if batch and _cost(plan, [*batch, number]) > _BATCH_S:
                found.append(batch)
                batch = []
            batch.append(number)
        if batch:
            found.append(batch)
    return sorted(found, key=lambda batch: (-_cost(plan, batch), batch))


def _cost(plan: Plan, batch: Sequence[int]) -> float:
    return sum(plan.cost_s(number) for number in batch)


def make_all(
    plan: Plan,
    numbers: Sequence[int],
    *,
    store: Path,
    sources: Path,
    library: Library,
    workers: int,
) -> Generator[list[Report], None, None]:
    """Make samples and give the reports of each batch once it is stored.

    Parameters
    ----------
    plan : Plan
    numbers : sequence of int
        Samples to make.
    store : Path
        Zarr group with the arrays already made.
    sources : Path
        Where the library is kept for workers.
    library : Library
        The same one, for this process.
    workers : int
        With one, this process does the work.

    Raises
    ------
    RunError
        If a worker dies.
    """
    queue = batches(plan, numbers)
    if workers == 1 or len(queue) < 2:
        maker = Maker(plan, library, store)
        for batch in queue:
            yield [maker.make(number) for number in batch]
        return
    pool = ProcessPoolExecutor(
        min(workers, len(queue)),
        mp_context=multiprocessing.get_context("spawn"),  # no threads are copied half-way
        initializer=_begin,
        initargs=(plan, sources, store),
    )
    try:
        for done in as_completed([pool.submit(_work, batch) for batch in queue]):
            yield done.result()
    except BrokenProcessPool as error:
        raise RunError(
            f"building {store}: a worker process died, perhaps for want of memory",
            hint="the same command goes on; fewer --workers need less memory",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(plan: Plan, sources: Path, store: Path) -> None:
    global _maker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _maker = Maker(plan, open_library(sources), store)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)  # nobody would read what we make


def _work(batch: list[int]) -> list[Report]:
    assert _maker is not None
    return [_maker.make(number) for number in batch]
