"""Imports lose nothing, repeat nothing, and give the same bytes however they come about."""

import gzip
import json
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import zstandard

from inundate.cli.app import main
from inundate.core.errors import DataError, MissingFileError, RunError
from inundate.posts import spool
from inundate.posts.describe import describe_store
from inundate.posts.importers.formats import ImportSettings
from inundate.posts.ingest import import_posts
from inundate.posts.schema import POSTS, POSTS_RAW, to_posts
from inundate.posts.store import create_store, open_posts, open_raw, open_store

EXAMPLES = Path(__file__).parents[1] / "data" / "posts"


def line(number, day=1, text="rain", collected="2020-03-01T00:00:00+00:00", **more):
    made = f"2020-02-{day:02d}T10:00:00.000Z"
    post = {"id": str(number), "text": text, "created_at": made, "author": {"id": "1"}, **more}
    return json.dumps(post | {"__twarc": {"retrieved_at": collected}}) + "\n"


def write(path, lines):
    path.write_text("".join(lines), encoding="utf-8")
    return path


def many(path, numbers, days=4):
    return write(path, [line(number, number % days + 1) for number in numbers])


def tree(folder):
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def posts_of(folder):
    return [post for table in open_store(folder).batches() for post in to_posts(table)]


@pytest.fixture
def small_spools(monkeypatch):
    monkeypatch.setattr(spool, "_ROWS", 7)
    monkeypatch.setattr(spool, "_BYTES", 1)


def test_a_file_twice_changes_nothing(tmp_path):
    path = many(tmp_path / "a.jsonl", range(30))
    import_posts([path], tmp_path / "raw")
    before = tree(tmp_path / "raw")
    again = import_posts([path], tmp_path / "raw")
    assert [one.status for one in again] == ["already there"]
    assert tree(tmp_path / "raw") == before
    assert not (tmp_path / "raw" / "_staging").exists()


def test_bytes_do_not_tell_how_rows_were_batched(tmp_path, small_spools, monkeypatch):
    path = many(tmp_path / "a.jsonl", range(60))
    import_posts([path], tmp_path / "small")
    monkeypatch.undo()
    import_posts([path], tmp_path / "large")
    assert tree(tmp_path / "small") == tree(tmp_path / "large")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_files_does_not_matter(order, tmp_path):
    files = [
        many(tmp_path / "a.jsonl", range(20)),
        write(tmp_path / "b.jsonl", [line(3, 4, "newer", "2021-01-01T00:00:00+00:00"), line(99)]),
        write(tmp_path / "c.jsonl", [line(3, 4, "older", "2019-01-01T00:00:00+00:00"), line(5, 2)]),
    ]
    for place in order:
        import_posts([files[place]], tmp_path / "raw")
    import_posts(files, tmp_path / "together")
    assert tree(tmp_path / "raw") == tree(tmp_path / "together")
    texts = {post.post_id: post.text for post in posts_of(tmp_path / "raw")}
    assert len(texts) == 21
    assert texts["3"] == "newer"  # the copy retrieved last
    counts = open_raw(tmp_path / "raw").counts()
    assert (counts.read, counts.kept, counts.duplicate) == (24, 21, 3)
    assert all(entry.counts.is_conserved for entry in open_raw(tmp_path / "raw").entries())


def test_two_imports_at_once(tmp_path):
    files = [many(tmp_path / "a.jsonl", range(40)), many(tmp_path / "b.jsonl", range(30, 70))]
    faults = []

    def run(paths):
        try:
            import_posts(paths, tmp_path / "raw")
        except Exception as error:  # noqa: BLE001  told by the main thread
            faults.append(error)

    threads = [threading.Thread(target=run, args=(paths,)) for paths in (files, files[::-1], files)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    import_posts(files, tmp_path / "alone")
    assert tree(tmp_path / "raw") == tree(tmp_path / "alone")


KILL = """
import os, signal, sys
from inundate.posts import ingest, spool, store
spool._ROWS, spool._BYTES = 7, 1
left = int(sys.argv[4])
owner, name = {"spool": (spool.Spool, "save"), "moves": (store.Path, "replace"),
               "rejects": (spool.Spool, "reject")}[sys.argv[3]]
whole = getattr(owner, name)
def killed(*arguments):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments)
setattr(owner, name, killed)
ingest.import_posts([sys.argv[1]], sys.argv[2])
"""


@pytest.mark.parametrize(
    ("where", "time"),
    [("spool", 3), ("moves", 3), pytest.param("rejects", 2, marks=pytest.mark.slow)],
)
def test_a_killed_import_is_resumed(where, time, tmp_path):
    lines = [line(number, number % 4 + 1) for number in range(40)]
    lines[10], lines[30] = "broken\n", '{"id": 5}\n'
    path = write(tmp_path / "a.jsonl", lines)
    import_posts([path], tmp_path / "whole")
    done = subprocess.run(
        [sys.executable, "-c", KILL, path, tmp_path / "raw", where, str(time)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "raw" / "_staging").exists()
    import_posts([path], tmp_path / "raw")
    assert tree(tmp_path / "raw") == tree(tmp_path / "whole")


def test_resume_reads_on_from_where_it_stopped(tmp_path, small_spools, monkeypatch):
    path = many(tmp_path / "a.jsonl", range(60))
    save = spool.Spool.save

    def stop(self):
        save(self)
        if self.state.counts.read == 28:
            raise KeyboardInterrupt

    monkeypatch.setattr(spool.Spool, "save", stop)
    with pytest.raises(KeyboardInterrupt) as caught:
        import_posts([path], tmp_path / "raw")
    assert "give the same command again" in caught.value.__notes__[0]
    monkeypatch.setattr(spool.Spool, "save", save)
    told = []
    import_posts([path], tmp_path / "raw", on_read=told.append)
    assert told == [35, 42, 49, 56, 60]  # it did not begin anew
    assert len(posts_of(tmp_path / "raw")) == 60


def test_broken_lines_are_counted_and_kept_aside(tmp_path):
    lines = [line(1), "{nonsense\n", "\n", '{"id": 7, "text": "a"}\n', line(2, author=5), line(3)]
    path = tmp_path / "a.jsonl"
    path.write_bytes("".join(lines).encode() + b'{"id": "8", "text": "\xff"}\n' + b"[" * 200_000)
    import_posts([path], tmp_path / "raw")
    store = open_raw(tmp_path / "raw")
    counts = store.counts()
    assert (counts.read, counts.kept) == (7, 2)
    assert counts.is_conserved
    assert counts.broken["unexpected content: $.id"] == 1
    assert counts.broken["unexpected content: $.author"] == 1
    assert counts.broken["not valid JSON"] >= 1
    [aside] = (tmp_path / "raw" / "_rejects").iterdir()
    records = [json.loads(one) for one in aside.read_text().splitlines()]
    assert len(records) == sum(counts.broken.values())
    assert records[0]["record"] == "{nonsense"
    assert records[0]["line"] == 2


def test_a_page_with_one_bad_post_keeps_the_others(examples, tmp_path):
    page = examples.v2_page()
    page["data"][1]["id"] = 5
    page["includes"]["users"].append({"id": None})
    path = write(tmp_path / "a.jsonl", [json.dumps(page) + "\n"])
    import_posts([path], tmp_path / "raw")
    counts = open_raw(tmp_path / "raw").counts()
    assert (counts.read, counts.kept) == (4, 3)
    assert counts.broken == {"unexpected content: $.id": 1}
    handles = {post.author_handle for post in posts_of(tmp_path / "raw")}
    assert handles == {"anna_example", "bob_example"}  # what is good of the includes is used


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_packed_files_and_damaged_ones(pack, tmp_path):
    lines = [line(number, text=f"rain {number * 7919 % 10007}") for number in range(3000)]
    whole = tmp_path / "a.jsonl.packed"
    packed = "".join(lines).encode()
    whole.write_bytes(pack(packed[:90_000]) + pack(packed[90_000:]))
    import_posts([whole], tmp_path / "raw")
    assert len(posts_of(tmp_path / "raw")) == 3000
    cut = tmp_path / "cut.jsonl.packed"
    cut.write_bytes(whole.read_bytes()[:-2000])
    import_posts([cut], tmp_path / "cut")
    counts = open_raw(tmp_path / "cut").counts()
    assert counts.is_conserved
    assert counts.broken == {"the packed file ends too early": 1}
    assert counts.kept > 1000  # what came before is kept
    import_posts([cut], tmp_path / "raw")  # what is in it is there already
    assert len(posts_of(tmp_path / "raw")) == 3000


def test_a_line_too_long_is_rejected(tmp_path, monkeypatch):
    from inundate.posts import ingest
    from inundate.posts.importers import stream

    monkeypatch.setattr(stream, "MAX_LINE", 1000)
    monkeypatch.setattr(ingest, "MAX_LINE", 1000)
    monkeypatch.setattr(stream, "_BLOCK", 64)
    path = write(tmp_path / "a.jsonl", [line(1), line(2, text="x" * 3000), line(3)])
    import_posts([path], tmp_path / "raw")
    assert {post.post_id for post in posts_of(tmp_path / "raw")} == {"1", "3"}
    assert sum(open_raw(tmp_path / "raw").counts().broken.values()) == 1


def test_labels_of_copies_are_joined_and_events_are_apart(tmp_path):
    head = "tweet id, tweet, label\n"
    files = [
        write(tmp_path / "one.csv", [head, "'1','rain',on-topic\n", "'1','rain',off-topic\n"]),
        write(tmp_path / "two.csv", [head, "'1','rain',unsure\n"]),
    ]
    import_posts(files, tmp_path / "raw", ImportSettings(event="Dennis"))
    [post] = posts_of(tmp_path / "raw")
    assert sorted(post.label_values) == ["off-topic", "on-topic", "unsure"]
    import_posts(files[:1], tmp_path / "raw", ImportSettings(event="Ciara"))
    assert sorted(post.event for post in posts_of(tmp_path / "raw")) == ["Ciara", "Dennis"]


@pytest.mark.parametrize("first", ["posts", "deletions"])
def test_deleted_posts_are_removed_and_do_not_come_back(first, tmp_path, examples):
    posts = write(tmp_path / "a.jsonl", [json.dumps(examples.jetstream(post, 1)) + "\n"
                                         for post in examples.BLUESKY])  # fmt: skip
    gone = json.dumps(examples.jetstream(examples.BLUESKY[0], 2, "delete")) + "\n"
    deletions = write(tmp_path / "b.jsonl", [gone])
    order = [posts, deletions] if first == "posts" else [deletions, posts]
    for path in order:
        import_posts([path], tmp_path / "raw")
    [left] = posts_of(tmp_path / "raw")
    assert left.text == "and now rain"
    counts = open_raw(tmp_path / "raw").counts()
    assert counts.dropped == {"deleted by the author": 1}
    assert counts.is_conserved
    assert examples.BLUESKY[0]["post_id"].encode() not in b"".join(tree(tmp_path / "raw").values())


def test_compliance_lines_delete(tmp_path):
    import_posts([many(tmp_path / "a.jsonl", range(5))], tmp_path / "raw")
    action = {"id": "3", "action": "delete", "created_at": "x", "reason": "deleted"}
    import_posts([write(tmp_path / "b.jsonl", [json.dumps(action) + "\n"])], tmp_path / "raw")
    assert {post.post_id for post in posts_of(tmp_path / "raw")} == {"0", "1", "2", "4"}


def test_tables_with_open_quotes_lose_one_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,words\n1,"a\nb"\n2,"never closed\n3,fine\n4,too,many\n5,"x ""y"" z"\n')
    import_posts(
        [path], tmp_path / "raw", ImportSettings(columns={"post_id": "id", "text": "words"})
    )
    texts = {post.post_id: post.text for post in posts_of(tmp_path / "raw")}
    assert {"1": "a\nb", "3": "fine", "5": 'x "y" z'}.items() <= texts.items()
    counts = open_raw(tmp_path / "raw").counts()
    assert counts.is_conserved
    assert counts.broken["3 columns, expected 2"] == 1


@pytest.mark.parametrize(
    ("pattern", "number"),
    [("*2013_Alberta_[Ff]loods*.csv", 2), pytest.param("*.csv", 29, marks=pytest.mark.slow)],
)
def test_crisislex_without_loss(pattern, number, shared_data, tmp_path):
    import csv

    files = sorted((shared_data / "text").rglob(pattern))
    imported = import_posts(files, tmp_path / "raw")
    assert len(imported) == number
    for one in imported:
        with one.path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream, skipinitialspace=True))[1:]
        assert one.entry.counts.read == len(rows)
        assert one.entry.counts.kept == len({row[0] for row in rows})
        assert one.entry.counts.is_conserved


def test_a_whole_folder_tells_what_it_skipped(tmp_path):
    shutil.copytree(EXAMPLES, tmp_path / "in")
    imported = import_posts([tmp_path / "in"], tmp_path / "raw")
    skipped = [one.path.name for one in imported if one.status == "skipped"]
    assert skipped == ["make.py"]
    assert open_raw(tmp_path / "raw").counts().is_conserved


def test_store_of_the_wrong_kind_is_refused(tmp_path):
    create_store(tmp_path / "raw", POSTS_RAW)
    with pytest.raises(DataError) as caught:
        open_posts(tmp_path / "raw")
    assert str(caught.value) == (
        f"opening {tmp_path}/raw: it holds raw posts with names and ids in clear (kind posts-raw); "
        "expected pseudonymised ones (kind posts)"
    )
    assert caught.value.hint == f"inundate posts anonymise {tmp_path}/raw -o {tmp_path}/raw-safe"
    create_store(tmp_path / "safe", POSTS)
    with pytest.raises(DataError, match="it holds pseudonymised posts"):
        import_posts([many(tmp_path / "a.jsonl", range(2))], tmp_path / "safe")
    assert (tmp_path / "raw").stat().st_mode & 0o777 == 0o700


def test_what_is_no_store(tmp_path):
    with pytest.raises(MissingFileError, match="opening posts"):
        open_store(tmp_path / "none")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="no manifest.json, so it is not a store of posts"):
        open_store(tmp_path / "folder")
    (tmp_path / "folder" / "manifest.json").write_text('{"kind": "train"}')
    with pytest.raises(DataError, match="kind 'train', expected posts-raw or posts"):
        open_store(tmp_path / "folder")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="something else is there"):
        create_store(tmp_path / "file")


def test_describe_adds_up(tmp_path):
    import_posts([many(tmp_path / "a.jsonl", range(30))], tmp_path / "raw")
    found = describe_store(tmp_path / "raw")
    assert (found["posts"], found["files"], found["conserved"]) == (30, 1, True)
    assert (found["first_day"], found["last_day"]) == ("2020-02-01", "2020-02-04")
    assert found["sources"] == {"x": 30}
    assert found["fields"]["text"] == 1
    assert found["fields"]["place_name"] == 0


def test_commands(tmp_path, capsys):
    path = many(tmp_path / "a.jsonl", range(12))
    assert main(["posts", "import", str(path), "-o", str(tmp_path / "raw"), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["read"], figures["kept"]) == (12, 12)
    assert figures["files"][0]["status"] == "imported"
    assert main(["posts", "describe", str(tmp_path / "raw"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["posts"] == 12
    assert main(["posts", "describe", str(tmp_path / "raw")]) == 0
    assert "12 posts of 1 files, kind posts-raw" in capsys.readouterr().out


def test_commands_say_what_is_wrong(tmp_path, capsys):
    odd = write(tmp_path / "a.csv", ["a,b\n", "1,2\n"])
    to = ["-o", str(tmp_path / "raw")]
    assert main(["posts", "import", str(odd), *to]) == 3
    told = capsys.readouterr().err
    assert "its first lines are no objects of a known platform" in told
    assert "--column text=NAME" in told
    assert main(["posts", "import", str(odd), "--column", "text", *to]) == 2
    assert "--column 'text': expected NAME=COLUMN" in capsys.readouterr().err
    assert main(["posts", "import", str(odd), "--column", "txt=a", *to]) == 2
    assert "'txt' is no field that a column can hold; did you mean 'text'?" in (
        capsys.readouterr().err
    )  # fmt: skip
    assert main(["posts", "import", str(odd), "--column", "text=c", *to]) == 3
    assert "no column 'c'" in capsys.readouterr().err
    assert not (tmp_path / "raw").exists()


def test_put_and_rewrite_work_on_both_kinds(tmp_path):
    import numpy as np
    import pyarrow as pa

    from inundate.posts.commit import put, rewrite
    from inundate.posts.ledger import Counts, Entry
    from inundate.posts.schema import SAFE_SCHEMA

    store = create_store(tmp_path / "safe", POSTS)
    rows = [{"post": str(number), "source": "x"} for number in range(5)]
    table = pa.Table.from_pylist(rows, schema=SAFE_SCHEMA)
    name = "source=x/day=2020-02-01/ab.parquet"
    for parts in ({name: lambda: [table], "source=x/day=unknown/ab.parquet": lambda: [table]},
                  {name: lambda: [table]}):  # fmt: skip
        entry = Entry(ingest="ab", input={}, settings={}, counts=Counts(read=5, kept=5))
        put(store, entry, parts)
        assert [part.name for part in store.parts()] == sorted(parts)
    assert set(tree(tmp_path / "safe")) == {"manifest.json", "_lock", "_ledger/ab.json", name}

    def lose(part, table):
        return np.array([post in ("1", "3") for post in table["post"].to_pylist()])

    assert rewrite(store, lose, reason="forgotten") == 2
    assert rewrite(store, lose, reason="forgotten") == 0
    counts = store.counts()
    assert (counts.kept, counts.dropped, counts.is_conserved) == (3, {"forgotten": 2}, True)
    [left] = open_posts(tmp_path / "safe").batches(["post"])
    assert left["post"].to_pylist() == ["0", "2", "4"]
