"""The folder of a collection: one writer, whole pages, an index that can be made anew."""

import gzip
import json
import os
import stat

import pytest
from ways import Way

from inundate.core.errors import DataError, RunError
from inundate.posts.collect import folder as folder_module
from inundate.posts.collect.folder import Collection, Step, collection_files
from inundate.posts.collect.seen import GONE, Ident, Seen
from inundate.posts.collect.state import Counts, Gap, State, read_state


def idents_of(line):
    return [Ident(post) for post in json.loads(line)]


def opened(path, source="test", **settings):
    return Collection(path, source, settings, idents_of)


def step(*posts, **more):
    line = json.dumps(posts).encode()
    counts = Counts(read=len(posts), posts=len(posts))
    idents = [Ident(post) for post in posts]
    return Step(cursor={"at": posts[-1]}, lines=[line], idents=idents, counts=counts, **more)


def posts_in(path):
    found = []
    for file in collection_files(path):
        with gzip.open(file, "rt") as stream:
            found += [post for line in stream for post in json.loads(line)]
    return found


def test_pages_are_there_when_the_ledger_tells_so(tmp_path):
    with opened(tmp_path / "c") as collection:
        collection.commit(step("a", "b", times=[5, 3]))
        assert posts_in(tmp_path / "c") == ["a", "b"]
        collection.commit(step("c", rest=Gap.of(1, 2, "more", open=True)))
    state = read_state(tmp_path / "c")
    assert state.cursor == {"at": "c"}
    assert (state.page, state.files[0].lines, state.counts.posts) == (2, 2, 3)
    assert (state.first, state.last) == (
        "1970-01-01T00:00:00.000003Z", "1970-01-01T00:00:00.000005Z"
    )  # fmt: skip
    assert posts_in(tmp_path / "c") == ["a", "b", "c"]


def test_nobody_else_may_read_it(tmp_path):
    with opened(tmp_path / "c"):
        assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o700


def test_one_process_at_a_time(tmp_path):
    with opened(tmp_path / "c"), pytest.raises(RunError) as caught:
        opened(tmp_path / "c")
    assert str(caught.value) == f"collecting into {tmp_path / 'c'}: another process is doing so"
    with opened(tmp_path / "c"):
        pass  # the lock is given back


def test_a_folder_that_is_something_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RunError) as caught:
        opened(tmp_path)
    assert str(caught.value) == (
        f"collecting into {tmp_path}: it holds thesis.tex, and is no collection"
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "Input data was truncated"),
        (b'{"kind": "posts"}', "missing required field"),
        (
            b'{"kind": "posts-raw", "version": 1, "source": "x", "settings": {}, "started": "", '
            b'"updated": ""}',
            "found posts-raw version 1, expected posts-collection version 1",
        ),
    ],
)
def test_a_ledger_that_is_none(tmp_path, content, says):
    (tmp_path / "collection.json").write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_state(tmp_path)


def test_no_ledger(tmp_path):
    with pytest.raises(DataError) as caught:
        collection_files(tmp_path)
    assert str(caught.value) == f"reading the collection {tmp_path}: it has no collection.json"


def test_what_the_ledger_does_not_know_is_cut_off(tmp_path):
    with opened(tmp_path / "c") as collection:
        collection.commit(step("a"))
    with (tmp_path / "c" / "pages-000001.jsonl.gz").open("ab") as stream:
        stream.write(b"half a page")
    (tmp_path / "c" / "pages-000002.jsonl.gz").write_bytes(b"x")
    with opened(tmp_path / "c") as collection:
        collection.commit(step("b"))
    assert posts_in(tmp_path / "c") == ["a", "b"]
    assert not (tmp_path / "c" / "pages-000002.jsonl.gz").exists()


@pytest.mark.parametrize("damage", ["shorter", "absent"])
def test_a_file_that_lost_something(tmp_path, damage):
    with opened(tmp_path / "c") as collection:
        collection.commit(step("a"))
    file = tmp_path / "c" / "pages-000001.jsonl.gz"
    size = file.stat().st_size
    os.truncate(file, 3) if damage == "shorter" else file.unlink()
    with pytest.raises(DataError) as caught:
        opened(tmp_path / "c")
    left = 3 if damage == "shorter" else 0
    assert str(caught.value) == (
        f"going on with the collection {tmp_path / 'c'}: pages-000001.jsonl.gz has {left} bytes, "
        f"the ledger tells {size}"
    )


@pytest.mark.parametrize("damage", ["absent", "garbage", "short"])
def test_the_index_is_made_anew(tmp_path, damage):
    with opened(tmp_path / "c") as collection:
        collection.commit(step("a", "b"))
        collection.commit(step("c"))
    index = tmp_path / "c" / "seen.sqlite"
    if damage == "absent":
        index.unlink()
    elif damage == "garbage":
        index.write_bytes(b"no database" * 1000)
    else:
        seen = Seen(index)
        seen.forget_after(1)
        seen.close()
    with opened(tmp_path / "c") as collection:
        assert set(collection.seen.known(["a", "b", "c", "d"])) == {"a", "b", "c"}


def test_a_new_file_after_so_many_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_module, "FILE_BYTES", 60)
    with opened(tmp_path / "c") as collection:
        for number in range(9):
            collection.commit(step(f"post {number}"))
    names = [file.name for file in collection_files(tmp_path / "c")]
    assert names[:2] == ["pages-000001.jsonl.gz", "pages-000002.jsonl.gz"]
    assert posts_in(tmp_path / "c") == [f"post {number}" for number in range(9)]


def test_the_index_takes_back_what_is_not_in_the_ledger(tmp_path):
    seen = Seen(tmp_path / "seen.sqlite")
    seen.add(1, [Ident("a", "anna", "v1", "t1"), Ident("b", "anna", "v1")])
    seen.add(2, [Ident("b", "anna", "v2"), Ident("c", "cora")], gone=["a"], done=["t1"])
    assert seen.known("abc") == {"a": GONE, "b": "v2", "c": None}
    assert seen.of_author("anna") == ["b"]
    assert seen.open_threads(9) == []
    seen.forget_after(1)
    assert seen.of_author("anna") == ["a", "b"]
    # neither version of b may be written yet: it will be taken for an edit, and written again
    assert seen.known("abc") == {"a": "unsure", "b": "unsure"}
    assert seen.open_threads(9) == ["t1"]
    seen.close()


def test_the_same_pages_make_the_same_files(tmp_path, retry, environment):
    for name in ("one", "two"):
        with Way("mastodon-tag", 60) as way:
            way.run(tmp_path / name, retry, environment)
    content = {file.read_bytes() for file in tmp_path.glob("*/pages-*.gz")}
    assert len(content) == 1


def test_counts_are_conserved():
    counts = Counts(read=6, posts=2, duplicates=1, not_wanted=1)
    assert not counts.is_conserved
    counts.drop("author opted out")
    counts.drop("author opted out")
    assert counts.is_conserved
    other = Counts(faults={"timeout": 2})
    other.add(counts)
    assert other.dropped == {"author opted out": 2}
    assert State(source="x", settings={}, started="", updated="", counts=other).counts.read == 6
