"""What is new in the folder: whole lines once, never raw posts."""

import json

import pytest

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
        kind = {"kind": "posts", "to": one.end} if isinstance(one, Batch) else {"kind": "refused"}
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
