"""Do jobs in other processes, or in this one where there is one worker, as they get done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TypeVar

from inundate.core.errors import RunError

__all__ = ["each", "one_thread"]

Job = TypeVar("Job")
Found = TypeVar("Found")


def each(
    work: Callable[[Job], Found], jobs: Sequence[Job], workers: int
) -> Iterator[tuple[Job, Found]]:
    """Do jobs and give each with its result, in the order in which they get done.

    Parameters
    ----------
    work : callable
        Of a module, so that another process finds it.
    jobs : sequence
    workers : int
        Processes, each with one thread; with one this process does the work.

    Raises
    ------
    RunError
        If a process dies.
    """
    if workers == 1 or len(jobs) < 2:
        with one_thread():
            for job in jobs:
                yield job, work(job)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)),
        mp_context=multiprocessing.get_context("spawn"),  # no threads are copied half-way
        initializer=_begin,
    )
    try:
        waiting = {pool.submit(work, job): job for job in jobs}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    except BrokenProcessPool as error:
        raise RunError(
            "benchmark emulator: a worker process died, perhaps for want of memory",
            hint="what is finished is kept; run it again, with --workers 1 if need be",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread for a while: small networks are no faster on more."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _begin() -> None:
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)  # nobody would read what we make
