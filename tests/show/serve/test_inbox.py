"""What is new in the folder: whole lines once, never raw posts."""

import json
import sys

import numpy as np
import pytest

from inundate.core.errors import MissingExtraError
from inundate.posts.locate.located import Located, write_located
from inundate.show.serve.inbox import Batch, Inbox, Refused

from .folder import add_posts, letters, make_folder, post


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "live")


def read(inbox):
    """Take everything, as the worker does."""
    found = []
    for one in inbox.posts():
        found.append(one)
        kind = {"kind": "refused"}
        if isinstance(one, Batch):
            kind = {"kind": "posts", "to": one.end, "last": one.is_last}
        inbox.take({**kind, "file": one.name})
    return found


def names(batches):
    return [one["post"] for batch in batches for one in batch.posts]


def test_lines_come_once_and_only_whole(folder):
    inbox = Inbox(folder)
    data = add_posts(folder, "a.jsonl", [post(1), post(2)], cut=5)
    assert names(read(inbox)) == [letters(1)]
    assert read(inbox) == []
    with (folder / "posts" / "a.jsonl").open("ab") as stream:
        stream.write(data[-5:])
    assert names(read(inbox)) == [letters(2)]
    assert read(inbox) == []


def test_many_lines_come_in_pieces(folder):
    add_posts(folder, "a.jsonl", [post(n) for n in range(450)])
    found = read(Inbox(folder))
    assert [len(batch.posts) for batch in found] == [200, 200, 50]
    assert [batch.start for batch in found[1:]] == [batch.end for batch in found[:-1]]


def test_piece_that_was_not_noted_comes_again(folder):
    add_posts(folder, "a.jsonl", [post(n) for n in range(250)])
    inbox = Inbox(folder)
    assert len(list(inbox.posts())) == 1
    assert len(read(inbox)) == 2


def test_raw_posts_are_refused_and_not_quoted(folder):
    line = {"id_str": "1", "user": {"screen_name": "secret_name"}, "text": "secret words"}
    (folder / "posts" / "raw.jsonl").write_text(json.dumps(line) + "\n")
    inbox = Inbox(folder)
    (found,) = read(inbox)
    assert isinstance(found, Refused)
    assert "keys that no pseudonymised post has (id_str, user)" in found.why
    assert "secret" not in found.why
    assert read(inbox) == []


def test_broken_lines_are_counted(folder):
    add_posts(folder, "a.jsonl", [post(1)])
    with (folder / "posts" / "a.jsonl").open("ab") as stream:
        stream.write(b'no json\n\xff\xfe\n[1]\n{"post": "' + letters(2).encode() + b'"}\n')
    (found,) = read(Inbox(folder))
    assert found.broken == {"no JSON": 2, "no object": 1, "no text": 1}


def test_file_that_shrank_or_has_no_lines_is_refused(folder):
    inbox = Inbox(folder)
    add_posts(folder, "a.jsonl", [post(1)])
    read(inbox)
    (folder / "posts" / "a.jsonl").write_text("")
    (folder / "posts" / "b.jsonl").write_bytes(b"x" * (2**20 + 1))
    assert [(one.name, one.why) for one in read(inbox)] == [
        ("posts/a.jsonl", "it is shorter than what was read of it"),
        ("posts/b.jsonl", "a line of more than 1 MB"),
    ]


def test_links_hidden_and_other_files_are_passed_over(folder, tmp_path):
    outside = tmp_path / "outside.jsonl"
    outside.write_text(json.dumps(post(1)) + "\n")
    (folder / "posts" / "link.jsonl").symlink_to(outside)
    (folder / "posts" / ".part.jsonl").write_bytes(outside.read_bytes())
    (folder / "posts" / "notes.txt").write_bytes(outside.read_bytes())
    (folder / "posts" / "folder.jsonl").mkdir()
    assert read(Inbox(folder)) == []


def test_files_that_left_are_forgotten(folder):
    inbox = Inbox(folder)
    add_posts(folder, "a.jsonl", [post(1)])
    add_posts(folder, "b.jsonl", [post(2)])
    read(inbox)
    (folder / "posts" / "a.jsonl").unlink()
    inbox.forget_gone()
    assert set(inbox.offsets) == {"posts/b.jsonl"}


def located(count):
    numbers = np.arange(count)
    texts = tuple(f"post {number}" for number in numbers)
    nothing = np.full(count, np.nan)
    return Located(
        post=texts, time=np.datetime64("2030-06-14T15:00:00", "us") + numbers, text=texts,
        language=("en",) * count, latitude=np.where(numbers == 1, np.nan, 52.5985),
        longitude=np.where(numbers == 1, np.nan, -1.9982),
        radius_m=np.where(numbers == 1, np.nan, 80.0), place=("",) * count,
        method=tuple("none" if number == 1 else "gazetteer" for number in numbers),
        why=("because",) * count, story=numbers, water=np.array([1, -1] * (count // 2), np.int8),
        probability=np.where(numbers == 0, 0.9, nothing), label=("wet",) * count,
        severity_m=nothing,
    )  # fmt: skip


def test_located_posts_come_in_pieces_and_once(folder):
    write_located(located(450), folder / "posts" / "a.geojson")
    inbox = Inbox(folder)
    assert len(list(inbox.posts())) == 1  # not noted: it comes again
    found = read(inbox)
    assert [(batch.start, batch.end, batch.is_last) for batch in found] == [
        (0, 200, False), (200, 400, False), (400, 450, True),
    ]  # fmt: skip
    assert names(found) == list(located(450).post)
    first, second = found[0].posts[:2]
    assert first["probability"] == 0.9
    assert first["time"] == "2030-06-14T15:00:00.000Z"
    assert second["latitude"] is None
    assert second["probability"] is None
    assert read(inbox) == []


def test_located_posts_that_cannot_be_read_are_refused_once_they_rest(folder):
    (folder / "posts" / "a.geojson").write_text('{"type": ')
    write_located(located(0), folder / "posts" / "b.geojson")
    inbox = Inbox(folder)
    assert read(inbox) == []
    found = read(inbox)
    assert [one.name for one in found] == ["posts/a.geojson", "posts/b.geojson"]
    assert all(isinstance(one, Refused) and one.why for one in found)
    assert read(inbox) == []


def test_missing_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "msgspec", None)
    add_posts(folder, "a.jsonl", [post(1)])
    with pytest.raises(MissingExtraError, match="reading posts needs the package 'msgspec'"):
        list(Inbox(folder).posts())
