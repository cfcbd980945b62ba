"""Members on Dask workers; a worker that is killed loses nothing."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import zarr

from inundate.core.errors import ConfigError, MissingFileError, RunError
from inundate.core.store import write_dataset
from inundate.hydro import cluster as module
from inundate.hydro.case import run_case
from inundate.hydro.cluster import DaskPool, open_cluster, slurm_cluster
from inundate.hydro.conduct import conduct, make_manifest
from inundate.hydro.ensemble import EnsembleSettings, plan_members
from inundate.hydro.member import Event
from inundate.hydro.part import part_folder
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import to_rain_dataset

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

SETTINGS = SimulateSettings(sample_every_s=150.0, max_step_s=0.02, run_on_min=0)
ENSEMBLE = EnsembleSettings(draws=2, elevation_noise_m=0.05)


@pytest.fixture
def plan(tmp_path, storm, terrain):
    write_dataset(to_rain_dataset(storm), tmp_path / "wet.zarr")
    write_dataset(terrain.to_dataset(), tmp_path / "dem.zarr")
    cases = plan_members(
        [tmp_path / "wet.zarr"], [tmp_path / "dem.zarr"], tmp_path / "out", SETTINGS, ENSEMBLE
    )
    return cases, make_manifest(cases, tmp_path / "out", ENSEMBLE)


class KillingPool(DaskPool):
    """Kills the worker that works on the first member with a checkpoint."""

    killed: str | None = None

    def events(self, timeout_s):
        yield from super().events(0.1)
        if self.killed is None:
            for number, case in self.cases.items():
                if list(part_folder(case.output).glob("checkpoint-*.json")):
                    self._kill(number)
                    return

    def _kill(self, number):
        for address, keys in self._client.processing().items():
            if any(key.startswith(f"inundate-{number}-") for key in keys):
                pid = self._client.run(os.getpid, workers=[address])[address]
                os.kill(pid, signal.SIGKILL)
                self.killed = address

    def submit(self, job):
        self.cases = {**getattr(self, "cases", {}), job.number: job.case}
        super().submit(job)


@pytest.mark.filterwarnings("ignore")  # of Dask, about ports and its own shutdown
def test_a_killed_worker(tmp_path, plan):
    cases, manifest = plan
    local = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        memory_limit=None, local_directory=str(tmp_path / "dask"),
    )  # fmt: skip
    with local, open_cluster(local.scheduler_address) as connected:
        pool = KillingPool(connected._client)
        conduct(cases, manifest, pool, checkpoint_every_s=0.0, progress=False)
    assert pool.killed is not None
    assert [member.state for member in manifest.members] == ["done"] * 2
    stores = sorted(path.name for path in (tmp_path / "out").glob("*.zarr"))
    assert stores == [f"{member.name}.zarr" for member in manifest.members]
    assert not list((tmp_path / "out").glob(".*.part"))
    # each is what it is when it is made by itself
    for case in cases:
        alone = replace(case, output=tmp_path / "alone.zarr")
        run_case(alone, overwrite=True, progress=False)
        a, b = (zarr.open_group(c.output, mode="r") for c in (case, alone))
        for name in a.array_keys():
            np.testing.assert_array_equal(a[name][...], b[name][...], err_msg=name)


class Future:
    """A task that has come to an end."""

    def __init__(self, status, error=None):
        self.status, self._error = status, error

    def done(self):
        return True

    def result(self):
        return {"cells": 1}

    def exception(self):
        return self._error


class Client:
    """Workers that are always done."""

    def __init__(self, *futures, threads=(1, 1)):
        self.futures, self.threads = list(futures), threads

    def nthreads(self):
        return dict(enumerate(self.threads))

    def submit(self, *_, **__):
        return self.futures.pop(0)


class KilledWorker(Exception):
    """As Dask calls it."""


def test_ends_of_tasks(plan):
    cases, _ = plan
    futures = [
        Future("finished"), Future("error", RunError("no place", hint="make some")),
        Future("error", KilledWorker("x")), Future("error", KeyError("y")), Future("cancelled"),
    ]  # fmt: skip
    pool = DaskPool(Client(*futures))
    for number in range(5):
        pool.submit(module.Job(number, cases[0]))
    found = list(pool.events(0.0))
    assert found == [
        Event(0, "done", share=1.0, result={"cells": 1}),
        Event(1, "failed", message="no place\n  hint: make some"),
        Event(2, "lost", message="its workers died"),
        Event(3, "failed", message="KeyError: 'y'"),
        Event(4, "lost", message="its task was cancelled"),
    ]
    assert pool.free == 2


def test_threads_of_members_and_of_workers():
    DaskPool(Client(threads=(1, 1))).check(8)
    DaskPool(Client(threads=(4,))).check(1)
    with pytest.raises(ConfigError, match="2 threads each on workers of 4 threads"):
        DaskPool(Client(threads=(1, 4))).check(2)


def test_an_address_that_is_none():
    with (
        pytest.raises(ConfigError, match="cluster 'here': expected the address of a Dask"),
        open_cluster("here"),
    ):
        pass


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr(module, "_CONNECT_S", 0.2)
    with (
        pytest.raises(RunError, match="no Dask scheduler answers"),
        open_cluster("tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.filterwarnings("ignore")
def test_jobs_of_slurm(tmp_path):
    pytest.importorskip("dask_jobqueue", reason="the extra 'cluster' is not installed")
    path = tmp_path / "slurm.toml"
    path.write_text(
        '[slurm]\njobs = 3\ncores = 4\nprocesses = 4\nmemory = "8GB"\nqueue = "short"\n'
        'account = "flood"\nwalltime = "02:30:00"\nprologue = ["module load python"]\n'
        'directives = ["--exclusive"]\n'
    )
    cluster, jobs = slurm_cluster(path)
    with cluster:
        script = cluster.job_script()
    assert jobs == 3
    for line in ("-p short", "-A flood", "--cpus-per-task=4", "-t 02:30:00", "--exclusive"):
        assert f"#SBATCH {line}" in script
    assert "module load python" in script
    assert "--nworkers 4" in script


@pytest.mark.parametrize(("text", "message"), [
    ("[slurm]\njobs = 0\n", "2 settings are wrong"), ("[slurm]\nmemroy = '1GB'\n", "memroy"),
])  # fmt: skip
def test_a_slurm_file_that_is_wrong(tmp_path, text, message):
    path = tmp_path / "slurm.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        slurm_cluster(path)
    with pytest.raises(MissingFileError):
        slurm_cluster(tmp_path / "none.toml")
