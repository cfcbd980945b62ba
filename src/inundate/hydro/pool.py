"""Workers on this machine: processes that simulate members, replaced when they die."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Protocol

from inundate.core.errors import ConfigError, InundateError, format_error
from inundate.hydro.member import Event, Job, run_job

__all__ = ["LocalPool", "Pool"]

_SHOWN_EVERY_S = 0.5
_PATIENCE_S = 30.0  # that a worker has for its checkpoint


class Pool(Protocol):
    """Workers, wherever they are."""

    @property
    def free(self) -> int:
        """How many more jobs can be worked on at once."""
        ...

    def submit(self, job: Job) -> None:
        """Give a job to a worker."""
        ...

    def events(self, timeout_s: float) -> Iterator[Event]:
        """Wait for news, for some seconds at the most, and give all there is."""
        ...


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    job: Job


class LocalPool:
    """Processes of this machine, one for each job under way.

    Parameters
    ----------
    jobs : int
        How many at once.

    Raises
    ------
    ConfigError
        If it is less than 1.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ConfigError(f"simulating members: {jobs} jobs at once, expected at least 1")
        self._jobs = jobs
        self._context = multiprocessing.get_context("spawn")  # no threads are copied half-way
        self._working: dict[int, _Worker] = {}
        self._idle: list[tuple[Any, Connection]] = []

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def free(self) -> int:
        """How many more jobs can be worked on at once."""
        return self._jobs - len(self._working)

    @property
    def processes(self) -> dict[int, int]:
        """Process that works on each member."""
        return {number: int(worker.process.pid) for number, worker in self._working.items()}

    def submit(self, job: Job) -> None:
        """Give a job to a worker, an idle one or a new one."""
        process, pipe = self._take()
        try:
            pipe.send(job)
        except OSError:  # it died while it was idle
            process, pipe = self._start()
            pipe.send(job)
        self._working[job.number] = _Worker(process, pipe, job)

    def _take(self) -> tuple[Any, Connection]:
        return self._idle.pop() if self._idle else self._start()

    def _start(self) -> tuple[Any, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def events(self, timeout_s: float) -> Iterator[Event]:
        """Wait for news, for some seconds at the most, and give all there is."""
        pipes = {worker.pipe: worker for worker in self._working.values()}
        for ready in wait(list(pipes), timeout_s) if pipes else ():
            assert isinstance(ready, Connection)
            yield self._receive(pipes[ready])

    def _receive(self, worker: _Worker) -> Event:
        try:
            event: Event = worker.pipe.recv()
        except (EOFError, OSError):  # the process is gone
            worker.process.join()
            del self._working[worker.job.number]
            worker.pipe.close()
            return Event(worker.job.number, "lost", message=_ending(worker.process.exitcode))
        if event.kind != "working":
            del self._working[worker.job.number]
            self._idle.append((worker.process, worker.pipe))
        return event

    def close(self) -> None:
        """Stop all workers; those that simulate write a checkpoint first."""
        working = [(worker.process, worker.pipe) for worker in self._working.values()]
        for process, _ in working:
            process.terminate()  # its pipe stays open, so that it is ended but once
        for _, pipe in self._idle:
            pipe.close()  # then it ends by itself
        deadline = time.monotonic() + _PATIENCE_S
        for process, pipe in working + self._idle:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
            pipe.close()
        self._working, self._idle = {}, []


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"its process was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"its process ended with code {code}"


def _work(pipe: Connection) -> None:
    """Simulate what comes through a pipe until it is closed."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C reaches the parent alone, which then ends its workers in order
    with contextlib.suppress(
        EOFError, OSError, KeyboardInterrupt
    ):  # the parent is gone, or ends us
        while True:
            pipe.send(_do(pipe.recv(), pipe))


def _do(job: Job, pipe: Connection) -> Event:
    shown, is_alone = 0.0, False

    def watch(share: float, updates: float) -> None:
        nonlocal shown, is_alone
        if is_alone or time.monotonic() - shown < _SHOWN_EVERY_S:
            return
        shown = time.monotonic()
        try:
            pipe.send(Event(job.number, "working", share=share, updates=updates))
        except OSError:  # the parent is gone: end with a checkpoint, as when it ends us
            is_alone = True
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        return Event(job.number, "done", share=1.0, result=run_job(job, watch))
    except InundateError as error:
        return Event(job.number, "failed", message=format_error(error).removeprefix("error: "))
    except Exception as error:  # noqa: BLE001  a bug in one member must not stop the others
        return Event(job.number, "failed", message=f"{type(error).__name__}: {error}")
