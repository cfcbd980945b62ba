"""One member of many simulations: the function that a worker runs, wherever it is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

from inundate.hydro.case import Case, is_finished, run_case, summarise
from inundate.hydro.part import BusyError
from inundate.hydro.work import CHECKPOINT_EVERY_S, Watch

__all__ = ["Event", "Job", "run_job"]

_WAIT_S = 2.0  # between two looks at an output that another process still holds


@dataclass(frozen=True)
class Job:
    """A case as it is handed to a worker.

    Attributes
    ----------
    number : int
        Of the member.
    case : Case
        What to simulate; its paths are absolute.
    overwrite : bool
        Make it again although it is there.
    checkpoint_every_s : float
        Seconds of work between checkpoints.
    """

    number: int
    case: Case
    overwrite: bool = False
    checkpoint_every_s: float = CHECKPOINT_EVERY_S


@dataclass(frozen=True)
class Event:
    """What a worker, or its end, tells.

    Attributes
    ----------
    number : int
        Of the member.
    kind : {"working", "done", "failed", "lost"}
        ``lost`` if the worker is gone: the member may be run again.
    share : float
        Share of the member that is done.
    updates : float
        Cell updates that the worker has made for it.
    result : dict, optional
        Of a member that is done, as :func:`~inundate.hydro.case.summarise`.
    message : str
        Of a member that failed, or how the worker ended.
    """

    number: int
    kind: Literal["working", "done", "failed", "lost"]
    share: float = 0.0
    updates: float = 0.0
    result: dict[str, Any] | None = None
    message: str = ""


def run_job(job: Job, watch: Watch | None = None) -> dict[str, Any]:
    """Simulate a member, or tell it if it is there already.

    A member that another process is still writing, such as one that was believed dead, is waited
    for, so that nothing is made twice.

    Parameters
    ----------
    job : Job
        What to do.
    watch : callable, optional
        As for :func:`~inundate.hydro.simulate.simulate`.

    Returns
    -------
    dict
        As :func:`~inundate.hydro.case.summarise`.

    Raises
    ------
    InundateError
        As :func:`~inundate.hydro.case.run_case`.
    """
    while True:
        if not job.overwrite and is_finished(job.case):
            return summarise(job.case.output)
        try:
            return run_case(
                job.case, overwrite=job.overwrite, checkpoint_every_s=job.checkpoint_every_s,
                progress=False, watch=watch,
            )  # fmt: skip
        except BusyError:
            time.sleep(_WAIT_S)
