import json
import os
import signal
import threading
import time

import pytest

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.posts.serve import archive
from inundate.posts.serve.archive import classify_archive, pieces_of
from inundate.posts.serve.labels import beside, open_labels
from inundate.posts.shift.opening import model_id, open_model


@pytest.fixture
def labels_of(tmp_path, rule):
    model = open_model(rule)

    def make(name="labels"):
        return open_labels(tmp_path / name, model_id(rule), name=model.name, classes=model.classes)

    return make


def expected(store):
    rows = [row for table in store.batches(["post", "text"]) for row in table.to_pylist()]
    return {row["post"]: "on-topic" if "flood" in row["text"] else "off-topic" for row in rows}


def written(labels):
    table = labels.read()
    return dict(zip(table["post"].to_pylist(), table["label"].to_pylist(), strict=True))


def test_every_post_of_a_store_is_answered_once(store, rule, labels_of):
    done = []
    labels = labels_of()
    served = classify_archive(store, rule, labels, on_done=done.append)
    assert written(labels) == expected(store)
    assert (served.posts, served.labels) == (60, {"on-topic": 20, "off-topic": 40})
    assert sum(done) == 60
    before = {file: file.read_bytes() for file in labels.files()}
    again = classify_archive(store, rule, labels)
    assert (again.posts, again.known) == (0, 60)
    assert {file: file.read_bytes() for file in labels.files()} == before
    assert beside(store.path).name == "safe-labels"


def test_long_parts_are_cut(store, rule, labels_of, monkeypatch):
    for module in ("archive", "labels"):
        monkeypatch.setattr(f"inundate.posts.serve.{module}.ROW_GROUP", 7)
    monkeypatch.setattr(archive, "read_batches", _by(7))
    assert [piece.rows for piece in pieces_of(store)] == [7, 7, 6] * 3
    labels = labels_of()
    assert classify_archive(store, rule, labels).posts == 60
    assert written(labels) == expected(store)


def _by(rows):
    from inundate.posts.parquet import read_batches

    return lambda path, columns=None: read_batches(path, columns, rows)


def test_stopped_run_goes_on_where_it_stopped(store, rule, labels_of):
    class Stop(Exception):
        pass

    def stop(_):
        raise Stop

    labels = labels_of()
    with pytest.raises(Stop):
        classify_archive(store, rule, labels, on_done=stop)
    assert len(labels.files()) == 1
    served = classify_archive(store, rule, labels)
    assert (served.posts, served.known) == (40, 20)
    assert written(labels) == expected(store)


def test_absent_part_is_told(store_of, rule, labels_of):
    store = store_of(6, 2)
    store.parts()[1].path.unlink()
    with pytest.raises(DataError, match="the ledger names it, and it is absent"):
        classify_archive(store, rule, labels_of())


def test_no_jobs_is_no_number(store, rule, labels_of):
    with pytest.raises(ConfigError, match="0 jobs, expected at least 1"):
        classify_archive(store, rule, labels_of(), jobs=0)


def test_piece_at_which_workers_always_die_ends_the_run(store):
    tries = {}
    piece = pieces_of(store)[:1]
    archive._count_tries(piece, tries)
    archive._count_tries(piece, tries)
    with pytest.raises(RunError, match="workers died 3 times at it or beside it"):
        archive._count_tries(piece, tries)


@pytest.mark.slow  # starts processes that import the package anew
def test_killed_worker_loses_nothing(store_of, rule, labels_of):
    store = store_of(90, 9)
    labels = labels_of()
    killed = []

    def kill_one(_):
        if not killed:
            killed.append(_a_child())
            os.kill(killed[0], signal.SIGKILL)

    served = classify_archive(store, rule, labels, jobs=2, on_done=kill_one)
    assert killed
    assert written(labels) == expected(store)
    assert served.posts == 90


def _a_child():
    from multiprocessing import active_children

    return next(child.pid for child in active_children() if child.pid is not None)


@pytest.mark.slow  # starts a cluster of two processes
def test_killed_worker_of_a_cluster_loses_nothing(store_of, rule, labels_of):
    distributed = pytest.importorskip("distributed")
    store = store_of(90, 9)
    labels = labels_of()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        worker = next(iter(cluster.workers.values()))
        killer = threading.Thread(target=_kill_soon, args=(worker.process.process.pid, labels))
        killer.start()
        served = classify_archive(store, rule, labels, cluster=cluster.scheduler_address)
        killer.join()
    assert served.posts == 90
    assert written(labels) == expected(store)


def _kill_soon(pid, labels):
    for _ in range(600):
        if labels.files():
            break
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)


def test_workers_of_a_cluster_answer_every_post(store, rule, labels_of):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        labels = labels_of()
        assert classify_archive(store, rule, labels, cluster=address).posts == 60
        assert written(labels) == expected(store)
        part = store.parts()[0].path
        away = part.with_suffix(".away")
        part.rename(away)
        try:
            with pytest.raises(DataError, match="the ledger names it, and it is absent"):
                classify_archive(store, rule, labels_of("other"), cluster=address)
        finally:
            away.rename(part)
    with pytest.raises(ConfigError, match="expected the address of a Dask scheduler"):
        classify_archive(store, rule, labels_of("third"), cluster="nowhere")


def test_model_file_tells_the_model(store, rule, labels_of):
    labels = labels_of()
    told = json.loads((labels.folder / "model.json").read_text())
    assert told == {
        "model": model_id(rule), "name": "keyword", "classes": ["off-topic", "on-topic"]
    }  # fmt: skip
