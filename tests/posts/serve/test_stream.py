import gzip
import io
import json
import threading
import time

import numpy as np
import pytest
from stand_in import Bayes, made_up

from inundate.core.errors import DataError, MissingFileError, RunError
from inundate.posts.serve.flow import Flow
from inundate.posts.serve.items import Item, Reading, read_files, read_stream
from inundate.posts.serve.labels import models_of, open_labels, prune_labels
from inundate.posts.serve.stream import ServeSettings, classify_stream
from inundate.posts.shift.abstaining import Abstaining


def token(number):
    letters = "abcdefghijklmnop"
    return "".join(letters[(number >> (4 * place)) & 15] for place in range(32))


def line(number, text="water", **more):
    return json.dumps({"post": token(number), "text": text, **more}).encode()


@pytest.fixture(scope="module")
def model():
    found = Bayes()
    found.fit(made_up(100))
    return found


@pytest.fixture
def labels(tmp_path):
    return open_labels(tmp_path / "l", "id1", name="bayes", classes=("off-topic", "on-topic"))


def items(numbers, text="water rising"):
    return [Item(token(number), text, time.monotonic()) for number in numbers]


def test_answers_are_written_and_a_second_run_adds_nothing(model, labels):
    posts = items(range(100)) + items(range(50))
    served = classify_stream(posts, model, labels)
    assert (served.posts, served.known, served.dropped) == (100, 50, 0)
    table = labels.read()
    assert sorted(table["post"].to_pylist()) == sorted(token(number) for number in range(100))
    assert set(table["label"].to_pylist()) == {"on-topic"}
    told = np.stack(table["probabilities"].to_numpy())
    assert np.allclose(told, model.probabilities(["water rising"]), atol=1e-6)
    files = labels.files()
    again = classify_stream(posts, model, labels)
    assert (again.posts, again.known) == (0, 150)
    assert labels.files() == files


def test_batches_are_full_or_wait_only_so_long(model):
    found = Bayes(words=model.words)

    def slowly():
        yield from items(range(10))
        time.sleep(0.4)
        yield from items(range(10, 13))

    classify_stream(slowly(), found, None, ServeSettings(batch=4, wait_ms=50))
    assert sum(found.calls) == 13
    assert found.calls[:2] == [4, 4]
    assert max(found.calls) <= 4
    assert len(found.calls) >= 4


def test_reading_waits_for_who_classifies():
    read = []

    def source():
        for number in range(100):
            read.append(number)
            yield number

    flow = Flow(source(), length=5)
    batches = flow.batches(2, 0.01)
    first = next(batches)
    time.sleep(0.3)
    assert first == [0, 1]
    assert len(read) <= 2 + 5 + 1
    assert [*first, *(one for batch in batches for one in batch)] == list(range(100))
    assert flow.dropped == 0


def test_drops_are_counted_when_asked_for():
    flow = Flow(iter(range(1000)), length=10, drop=True)
    for item in flow._items:  # all comes before anything is taken
        flow._put(item)
    assert flow.dropped == 990


def test_end_of_a_dropping_flow_always_arrives():
    flow = Flow(iter(range(1000)), length=10, drop=True)
    got = [one for batch in flow.batches(3, 0.01) for one in batch]
    assert len(got) + flow.dropped == 1000


def test_error_of_reading_is_raised_and_what_was_answered_stays(model, labels):
    def broken():
        yield from items(range(7))
        raise DataError("line 8 is raw")

    with pytest.raises(DataError, match="line 8 is raw"):
        classify_stream(broken(), model, labels)
    assert len(labels.posts()) == 7


def test_idle_answers_are_written_while_nothing_comes(model, labels):
    go_on = threading.Event()

    def source():
        yield from items(range(3))
        for _ in range(100):
            if labels.files():
                go_on.set()
                break
            time.sleep(0.05)
        yield from items(range(3, 5))

    classify_stream(source(), model, labels, ServeSettings(write_s=0.1, wait_ms=20))
    assert go_on.is_set()
    assert len(labels.posts()) == 5


def test_not_sure_is_no_label(labels):
    inner = Bayes()
    inner.fit(made_up(200))
    model = Abstaining(inner, thresholds=(0.9, 0.9))
    served = classify_stream([*items([1]), *items([2], "unheard of")], model, labels)
    assert served.labels == {"on-topic": 1, "not sure": 1}
    rows = {row["post"]: row for row in labels.read().to_pylist()}
    assert rows[token(2)]["label"] is None
    assert rows[token(2)]["probability"] == pytest.approx(0.5, abs=0.2)


def test_many_small_files_become_one(model, labels):
    for number in range(40):
        classify_stream(items([number]), model, labels)
    assert len(labels.files()) < 20
    assert len(labels.read()) == 40


def test_dropped_post_that_comes_again_is_answered(model, labels):
    flow_over = threading.Event()

    def source():
        yield from items(range(40))  # more than the queue takes at once
        flow_over.wait(0.5)
        yield from items(range(40))

    served = classify_stream(source(), model, labels, ServeSettings(queue=3, drop=True, batch=2))
    posts = labels.posts()
    assert served.dropped > 0
    assert served.posts >= len(posts)
    assert served.posts + served.known + served.dropped == 80
    assert len(labels.read()) == len(posts)


def test_interrupt_keeps_what_was_answered(model, labels):
    def stop(_):
        raise KeyboardInterrupt

    served = classify_stream(items(range(200)), model, labels, on_table=stop)
    assert served.interrupted
    assert len(labels.posts()) == served.posts == 64


def test_figures_have_latency_and_rate(model):
    told = classify_stream(items(range(20)), model, None).figures()
    assert told["posts"] == 20
    assert told["posts_per_s"] > 0
    assert 0 < told["latency_p50_ms"] <= told["latency_p99_ms"]
    assert "latency_p50_ms" not in classify_stream([], model, None).figures()


def test_broken_lines_are_counted_and_passed_over():
    reading = Reading()
    lines = [line(1), b"{", b"[1]", b"", json.dumps({"post": token(2)}).encode(), line(3)]
    found = list(read_stream(lines, "stdin", reading))
    assert [item.post for item in found] == [token(1), token(3)]
    assert reading.read == 5
    assert reading.broken == {"no JSON": 1, "no object": 1, "no text": 1}


@pytest.mark.parametrize(
    ("record", "what"),
    [
        ({"id": "12", "text": "x", "author_id": "7"}, r"keys that no pseudonymised post has \("),
        ({"post": token(1), "text": "x", "author_handle": "bob"}, r"\(author_handle\)"),
        ({"post": "1234567890", "text": "x"}, "no pseudonym of 32 letters under 'post'"),
        ({"text": "x"}, "no pseudonym of 32 letters"),
        ({"data": [{"id": "1"}], "includes": {}}, r"\(data, includes\)"),
    ],
)
def test_raw_posts_are_refused(record, what):
    lines = [line(1), json.dumps(record).encode()]
    with pytest.raises(DataError, match="reading stdin, line 2: .*" + what) as error:
        list(read_stream(lines, "stdin", Reading()))
    assert "anonymise" in error.value.hint
    assert "bob" not in str(error.value)


def test_files_and_folders_are_read(tmp_path):
    (tmp_path / "b.jsonl").write_bytes(line(2) + b"\n" + line(3))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line(1) + b"\n"))
    (tmp_path / "notes.txt").write_text("no posts")
    found = [item.post for item in read_files(tmp_path, Reading())]
    assert found == [token(1), token(2), token(3)]
    assert [item.post for item in read_files(tmp_path / "b.jsonl", Reading())] == found[1:]
    with pytest.raises(MissingFileError, match="reading posts of"):
        list(read_files(tmp_path / "c.jsonl", Reading()))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no file .* in this folder, expected at least one"):
        list(read_files(tmp_path / "empty", Reading()))
    (tmp_path / "bad.gz").write_bytes(gzip.compress(line(1) * 50)[:-9])
    with pytest.raises(DataError, match="the packed file"):
        list(read_files(tmp_path / "bad.gz", Reading()))


def test_collections_are_refused(tmp_path):
    from inundate.posts.collect.state import COLLECTION, KIND

    (tmp_path / COLLECTION).write_text(json.dumps({"kind": KIND}))
    with pytest.raises(DataError, match="a collection of raw posts; expected posts of a pseud"):
        list(read_files(tmp_path, Reading()))


def test_files_that_grow_are_followed_by_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr("inundate.posts.serve.items._POLL_S", 0.001)
    file = tmp_path / "a.jsonl"
    whole = line(2) + b"\n"
    file.write_bytes(line(1) + b"\n" + whole[:20])
    steps = [lambda: file.write_bytes(file.read_bytes() + whole[20:]),
             lambda: (tmp_path / "b.jsonl").write_bytes(line(3) + b"\n")]  # fmt: skip

    def is_over():
        if not steps:
            return True
        steps.pop(0)()
        return False

    found = [item.post for item in read_files(tmp_path, Reading(), follow=True, is_over=is_over)]
    assert found == [token(1), token(2), token(3)]


def test_half_files_of_a_killed_run_are_no_labels(model, labels):
    classify_stream(items(range(3)), model, labels)
    half = labels.folder / ".stream-0123.part-4567.parquet"
    half.write_bytes(b"PAR1")
    assert len(labels.read()) == 3
    classify_stream(items(range(5)), model, labels)
    assert not half.exists()
    assert len(labels.posts()) == 5


def test_other_folders_are_not_written_to(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="writing labels to .*: something else is there"):
        open_labels(tmp_path / "x", "id", name="m", classes=("a", "b"))
    (tmp_path / "x" / "manifest.json").write_text('{"kind": "posts"}')
    with pytest.raises(RunError, match=r"something else is there \(kind posts\)"):
        models_of(tmp_path / "x")


def test_labels_of_other_classes_are_refused(labels, tmp_path):
    with pytest.raises(DataError, match="labels of the classes off-topic, on-topic, expected a, b"):
        open_labels(tmp_path / "l", "id1", name="bayes", classes=("a", "b"))


def test_labels_of_posts_that_are_gone_go_too(model, labels, tmp_path):
    classify_stream(items(range(30)), model, labels)
    other = open_labels(tmp_path / "l", "id2", name="b", classes=("off-topic", "on-topic"))
    classify_stream(items(range(10)), model, other)
    assert prune_labels(tmp_path / "l", [token(number) for number in range(5, 30)]) == 10
    assert [len(one.read()) for one in models_of(tmp_path / "l")] == [25, 5]
    assert token(0) not in labels.posts()


def test_stdin_of_lines(model):
    stream = io.BytesIO(line(1) + b"\n" + line(2) + b"\n")
    assert len(list(read_stream(stream, "standard input", Reading()))) == 2
