"""``inundate posts classify``."""

import io
import json
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from inundate.cli.app import main
from inundate.posts.anonymise.forget import forget_author
from inundate.posts.serve.labels import models_of


@pytest.fixture
def run(capsys):
    def call(*words):
        code = main(["posts", "classify", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def lines_of(store):
    rows = [row for table in store.batches(["post", "text"]) for row in table.to_pylist()]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_store_is_classified_and_forgets_with_it(run, store_of, rule, key):
    store = store_of()
    code, out, _ = run("--model", rule, "--from", store.path, "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["posts"], told["labels"]) == (60, {"off-topic": 40, "on-topic": 20})
    assert told["output"] == str(store.path) + "-labels"
    code, out, _ = run("--model", rule, "--from", store.path)
    assert "0 posts classified by keyword" in out
    assert "60 had an answer" in out
    forgot = forget_author(store.path, key, source="x", author_id="author3")
    [labels] = models_of(told["output"])
    assert forgot.posts > 5
    assert len(labels.read()) == 60 - forgot.posts


def test_lines_of_a_file_and_of_standard_input(run, store, rule, tmp_path, monkeypatch):
    file = tmp_path / "safe.jsonl"
    file.write_text(lines_of(store) + "{\n")
    code, out, _ = run("--model", rule, "--from", file, "-o", tmp_path / "l")
    assert code == 0
    assert "60 posts classified by keyword" in out
    assert "1 broken (no JSON)" in out
    assert "on-topic                            20   33.3%" in out
    assert "posts/s, latency" in out
    stream = SimpleNamespace(buffer=io.BytesIO(lines_of(store).encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    code, out, _ = run("--model", rule, "--from", "-", "-o", "-", "--batch", "7")
    rows = [json.loads(one) for one in out.splitlines()]
    assert code == 0
    assert len(rows) == 60
    assert set(rows[0]) == {"post", "label", "probability", "probabilities", "model"}


def test_folder_is_followed_until_nothing_comes(run, store, rule, tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a.jsonl").write_text(lines_of(store))
    code, out, _ = run(
        "--model", rule, "--from", tmp_path / "f", "-o", tmp_path / "l",
        "--follow", "--idle-s", "0.01", "--json",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["posts"] == 60


def test_interrupted_run_says_how_it_goes_on(run, store, rule, tmp_path, monkeypatch):
    from inundate.posts.serve import stream

    (tmp_path / "p.jsonl").write_text(lines_of(store))
    true = stream.answer
    calls = []

    def answer(*told):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return true(*told)

    monkeypatch.setattr(stream, "answer", answer)
    words = ("--model", rule, "--from", tmp_path / "p.jsonl", "-o", tmp_path / "l", "--batch", "9")
    code, _, err = run(*words)
    assert code == 130
    assert "what was answered is kept; the same command goes on" in err
    monkeypatch.setattr(stream, "answer", true)
    code, out, _ = run(*words, "--json")
    told = json.loads(out)
    assert (told["posts"], told["known"]) == (51, 9)


@pytest.mark.slow  # starts the command twice
def test_killed_stream_goes_on_where_it_stopped(rule, tmp_path):
    letters = "abcdefghijklmnop"
    number = 60_000
    with (tmp_path / "p.jsonl").open("w") as file:
        for row in range(number):
            post = "".join(letters[(row >> (4 * place)) & 15] for place in range(32))
            file.write(json.dumps({"post": post, "text": f"flood {row}"}) + "\n")
    words = [sys.executable, "-m", "inundate", "posts", "classify", "--model", str(rule),
             "--from", str(tmp_path / "p.jsonl"), "-o", str(tmp_path / "l"), "--json"]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("l/model=*/stream-*.parquet")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["known"] >= 16_384
    assert told["posts"] + told["known"] == number
    [labels] = models_of(tmp_path / "l")
    assert len(labels.read()) == number


def test_raw_stores_and_raw_lines_are_refused(run, store, rule, tmp_path):
    code, _, err = run("--model", rule, "--from", store.path.parent / "raw")
    assert code == 3
    assert "it holds raw posts with names and ids in clear" in err
    (tmp_path / "raw.jsonl").write_text('{"id": "1", "text": "x", "author_id": "2"}\n')
    code, _, err = run("--model", rule, "--from", tmp_path / "raw.jsonl", "-o", tmp_path / "l")
    assert code == 3
    assert "keys that no pseudonymised post has (author_id, id)" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "STORE", "-o", "-"], "-o -: the answers about a store are kept"),
        (["--from", "STORE", "--batch", "3"], "--batch: of no use for a store"),
        (["--from", "STORE", "--follow"], "--follow: of no use for a store"),
        (["--from", "a.jsonl", "--jobs", "2", "-o", "l"], "--jobs, --cluster: of use for a store"),
        (["--from", "a.jsonl"], "--from a.jsonl: no output, expected -o with a folder"),
        (["--from", "-", "-o", "l", "--follow"], "--follow: of no use for standard input"),
        (["--from", "a.jsonl", "-o", "l", "--idle-s", "3"], "--idle-s: of use with --follow alone"),
        (["--from", "a.jsonl", "-o", "l", "--queue", "0"], "queue"),
    ],
)
def test_flags_that_do_nothing_are_refused(run, store, rule, words, message):
    told = [str(store.path) if word == "STORE" else word for word in words]
    code, _, err = run("--model", rule, *told)
    assert code == 2
    assert message in err
