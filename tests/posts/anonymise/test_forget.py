"""Who asks to be forgotten is gone everywhere, and does not come back."""

import json

import pytest

from inundate.core.errors import ConfigError
from inundate.posts.anonymise.forget import forget_author
from inundate.posts.anonymise.key import draw_key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.anonymise.tokens import Pseudonyms
from inundate.posts.anonymise.verify import verify_posts
from inundate.posts.store import open_posts, open_raw


@pytest.fixture
def store(lines, safe):
    posts = [
        {"id": "11", "text": "mine", "author_id": "1", "author": {"id": "1", "username": "qwerzu"}},
        {"id": "12", "text": "@qwerzu hi", "author_id": "2", "author": {"id": "2"},
         "in_reply_to_user_id": "1", "referenced_tweets": [{"type": "replied_to", "id": "11"}],
         "entities": {"mentions": [{"id": "1", "username": "qwerzu"}]}},
        {"id": "13", "text": "other @zuqwer", "author_id": "3", "author": {"id": "3"}},
    ]  # fmt: skip
    path = lines(posts)
    with path.open("a") as stream:
        stream.write('{"broken": "qwerzu"\n{"broken": "somebody"\n')
    return safe(path)[0]


def rows_of(store):
    return [row for table in open_posts(store.path).batches() for row in table.to_pylist()]


def test_an_author_is_forgotten(store, key, tmp_path):
    token = Pseudonyms(key).one("author", "x", "1")
    assert token in json.dumps(rows_of(store), default=str)
    done = forget_author(
        store.path, key, source="x", author_id="1", handle="Qwerzu", raw=tmp_path / "raw"
    )
    assert (done.posts, done.raw_posts) == (1, 1)
    left = rows_of(store)
    assert sorted(row["text"] for row in left) == ["<user> hi", "other <user>"]
    assert token not in json.dumps(left, default=str)
    assert open_posts(store.path).counts().dropped == {"forgotten on request": 1}
    assert verify_posts(store.path, key=key)[1] == []
    raw = json.dumps([row for t in open_raw(tmp_path / "raw").batches() for row in t.to_pylist()],
                     default=str)  # fmt: skip
    assert "qwerzu" not in raw
    assert '"author_id": "1"' not in raw
    rejects = b"".join(path.read_bytes() for path in (tmp_path / "raw/_rejects").iterdir())
    assert b"qwerzu" not in rejects
    assert b"somebody" in rejects
    report = json.loads((store.path / "report.json").read_text())
    assert (report["posts"], report["forgotten"]) == (2, 1)


def test_the_forgotten_do_not_come_back(store, key, tmp_path, lines, safe):
    forget_author(store.path, key, source="x", author_id="1")
    more = [{"id": "14", "text": "again", "author_id": "1", "author": {"id": "1"}},
            {"id": "15", "text": "new", "author_id": "3", "author": {"id": "3"}}]  # fmt: skip
    again, rows = safe(lines(more, "b.jsonl"))
    assert sorted(row["text"] for row in rows) == ["<user> hi", "new", "other <user>"]
    assert again.counts().read == 5
    assert again.counts().dropped == {"forgotten on request": 2}
    assert verify_posts(again.path, key=key)[1] == []
    assert anonymise_posts(tmp_path / "raw", again.path, key).status == "already there"


def test_another_key_finds_nobody(store):
    with pytest.raises(ConfigError, match="it was made with another key"):
        forget_author(store.path, draw_key(), source="x", author_id="1")
