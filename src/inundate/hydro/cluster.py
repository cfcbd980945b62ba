"""Workers on other machines: a Dask cluster that is there, or one that Slurm starts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field

from inundate.core.config import Settings, resolve_settings
from inundate.core.errors import ConfigError, InundateError, RunError, format_error, require_extra
from inundate.core.files import check_input
from inundate.hydro.member import Event, Job, run_job

__all__ = ["DaskPool", "SlurmSettings", "open_cluster", "slurm_cluster"]

_CONNECT_S = 30.0


class SlurmSettings(Settings):
    """Table ``[slurm]``: the jobs that hold the workers."""

    jobs: int = Field(ge=1, description="jobs to start")
    cores: int = Field(default=1, ge=1, description="cores of a job")
    processes: int = Field(
        default=1, ge=1, description="members simulated at once by a job, each by a process"
    )
    memory: str = Field(description="memory of a job, such as 8GB")
    walltime: str = Field(default="01:00:00", description="longest time of a job, hours:min:s")
    queue: str | None = Field(default=None, description="partition")
    account: str | None = Field(default=None, description="account that is charged")
    interface: str | None = Field(default=None, description="network interface, such as ib0")
    local_directory: str | None = Field(default=None, description="fast disk of a node")
    log_directory: str | None = Field(default=None, description="where jobs write their logs")
    prologue: tuple[str, ...] = Field(
        default=(), description="lines run first, such as to activate an environment"
    )
    directives: tuple[str, ...] = Field(default=(), description="further #SBATCH lines")


def slurm_cluster(path: Path | str) -> tuple[Any, int]:
    """Describe a Slurm cluster as Dask starts it; no job is started yet.

    Parameters
    ----------
    path : Path
        TOML file with the table ``[slurm]``, see :class:`SlurmSettings`.

    Returns
    -------
    cluster : dask_jobqueue.SLURMCluster
        Its scheduler runs here.
    jobs : int
        To start.

    Raises
    ------
    MissingFileError, ConfigError
        If the file is absent or wrong.
    MissingExtraError
        If dask-jobqueue is absent.
    """
    settings = resolve_settings(SlurmSettings, toml=check_input(path), table="slurm")
    library = require_extra("cluster", "dask_jobqueue", what="starting workers by Slurm")
    cluster = library.SLURMCluster(
        cores=settings.cores,
        processes=settings.processes,
        memory=settings.memory,
        walltime=settings.walltime,
        queue=settings.queue,
        account=settings.account,
        interface=settings.interface,
        local_directory=settings.local_directory,
        log_directory=settings.log_directory,
        job_script_prologue=list(settings.prologue),
        job_extra_directives=list(settings.directives),
        scheduler_options={"dashboard_address": None},
    )
    return cluster, settings.jobs


@contextmanager
def open_cluster(name: str) -> Iterator[DaskPool]:
    """Connect to workers.

    Parameters
    ----------
    name : str
        Address of a Dask scheduler (``tcp://host:8786``), or a TOML file with ``[slurm]``.

    Yields
    ------
    DaskPool

    Raises
    ------
    ConfigError
        If it is neither.
    MissingExtraError
        If Dask is absent.
    RunError
        If nobody answers.
    """
    library = require_extra("cluster", "distributed", what="simulating on a cluster")
    if Path(name).suffix == ".toml":
        cluster, jobs = slurm_cluster(name)
        with cluster, library.Client(cluster) as client:
            cluster.scale(jobs=jobs)
            yield DaskPool(client)
        return
    if "://" not in name:
        raise ConfigError(
            f"cluster {name!r}: expected the address of a Dask scheduler such as "
            "tcp://host:8786, or a .toml file with [slurm]"
        )
    try:
        client = library.Client(name, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise RunError(
            f"cluster {name}: no Dask scheduler answers ({type(error).__name__}: {error})",
            hint="start one with `dask scheduler`, and workers with `dask worker ADDRESS`",
        ) from error
    with client:
        yield DaskPool(client)


class DaskPool:
    """Workers of a Dask cluster; each thread of a worker takes one job.

    No more jobs are submitted than can be worked on, so a worker that dies takes only those with
    it that it worked on.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._futures: dict[Any, int] = {}
        self._tries = 0

    @property
    def client(self) -> Any:
        """The connection, for work that is no simulation."""
        return self._client

    @property
    def free(self) -> int:
        """How many more jobs can be worked on at once; one is always kept waiting."""
        threads = sum(self._client.nthreads().values())
        return max(int(threads), 1) - len(self._futures)

    def check(self, threads: int) -> None:
        """Check that members of several threads do not share a process.

        Raises
        ------
        ConfigError
            If they would: the solver's threads belong to a process.
        """
        most = max(self._client.nthreads().values(), default=1)
        if threads > 1 and most > 1:
            raise ConfigError(
                f"simulating members: {threads} threads each on workers of {most} threads, "
                "expected one of the two to be 1",
                hint="start workers with `dask worker --nthreads 1`, or set threads = 1",
            )

    def submit(self, job: Job) -> None:
        """Give a job to the scheduler."""
        self._tries += 1
        key = f"inundate-{job.number}-{self._tries}"
        future = self._client.submit(run_job, job, key=key, pure=False, retries=0)
        self._futures[future] = job.number

    def events(self, timeout_s: float) -> Iterator[Event]:
        """Wait for news, for some seconds at the most, and give all there is."""
        deadline = time.monotonic() + timeout_s
        while True:
            done = [future for future in self._futures if future.done()]
            if done or time.monotonic() >= deadline:
                break
            time.sleep(min(0.05, timeout_s))
        for future in done:
            yield self._event(self._futures.pop(future), future)

    def _event(self, number: int, future: Any) -> Event:
        if future.status == "finished":
            return Event(number, "done", share=1.0, result=future.result())
        if future.status in ("cancelled", "lost"):
            return Event(number, "lost", message=f"its task was {future.status}")
        error = future.exception()
        if isinstance(error, InundateError):
            return Event(number, "failed", message=format_error(error).removeprefix("error: "))
        if type(error).__name__ == "KilledWorker":
            return Event(number, "lost", message="its workers died")
        return Event(number, "failed", message=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Take back what has not begun; what is under way comes to its end."""
        for future in self._futures:
            future.cancel()
        self._futures = {}
