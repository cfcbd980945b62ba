"""Verify sees whatever has no place in a pseudonymised store."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inundate.cli.app import main
from inundate.core.provenance import hash_path
from inundate.posts.anonymise.key import draw_key
from inundate.posts.anonymise.verify import verify_posts
from inundate.posts.store import open_posts


@pytest.fixture
def store(lines, safe):
    point = {"coordinates": {"coordinates": [-0.3367, 53.7457]}}
    return safe(lines([
        {"id": str(number), "text": "rain", "created_at": "2020-02-01T10:00:00Z", "geo": point,
         "author_id": str(number), "author": {"id": str(number)}}
        for number in range(6)
    ]))[0]  # fmt: skip


def change(store, name, values, **writing):
    """Put other values into a column of the first part, and into the ledger its new hash."""
    part = store.parts()[0]
    table = pq.ParquetFile(part.path).read()
    place = table.schema.get_field_index(name)
    column = pa.array(values, table.schema.field(name).type)
    table = table.set_column(place, table.schema.field(name), column)
    writing = {"write_statistics": ["created_bin"], **writing}
    pq.write_table(table, part.path, compression="zstd", **writing)
    for path in store.ledger.glob("*.json"):
        text = path.read_text()
        path.write_text(text.replace(part.entry.parts[part.name].hash, hash_path(part.path)))


def checks(store, **more):
    return {finding.check for finding in verify_posts(store.path, **more)[1]}


def test_nothing_is_wrong(store, key, tmp_path):
    figures, found = verify_posts(store.path, key=key, raw=tmp_path / "raw")
    assert found == []
    assert figures == {"store": str(store.path), "posts": 6, "files": 1, "key": True}


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [("author", "1204084171334832128", "author: no pseudonym"),
     ("mentions", ["bob"], "mentions: no pseudonym"),
     ("created_bin", 1_580_551_201, "created_bin: finer than its bin"),
     ("likes_bin", 47, "likes_bin: no bin"),
     ("latitude", 53.7457, "latitude: no centre of a cell"),
     ("text", "ask @bob", "text: identifiers"),
     ("media_alts", ["bob@example.com"], "media_alts: identifiers")],
)  # fmt: skip
def test_values_that_do_not_belong(name, value, check, store):
    change(store, name, [value] * 6)
    assert check in checks(store)


def test_files_that_do_not_belong(store):
    (store.path / "raw.jsonl").write_text("@bob")
    assert checks(store) == {"files"}


def test_a_changed_or_absent_part(store):
    part = store.parts()[0].path
    content = part.read_bytes()
    part.write_bytes(content[:-20] + b"x" + content[-19:])
    assert "is not what was written" in "".join(f.text for f in verify_broken(store))
    part.unlink()
    assert "absent" in "".join(f.text for f in verify_posts(store.path)[1])


def verify_broken(store):
    """Only the files: a damaged part cannot be read further."""
    from inundate.posts.anonymise.verify import _files

    return list(_files(open_posts(store.path)))


def test_statistics_of_texts_are_seen(store):
    change(store, "text", ["rain"] * 6, write_statistics=True)
    assert checks(store) == {"statistics"}


def test_another_key_and_lost_posts(store, tmp_path, lines):
    from inundate.posts.ingest import import_posts

    assert checks(store, key=draw_key()) == {"key"}
    more = lines([{"id": "99", "text": "x", "author": {"id": "1"}, "author_id": "1"}], "b.jsonl")
    import_posts([more], tmp_path / "raw")
    assert checks(store, raw=tmp_path / "raw") == {"raw"}


def test_commands(tmp_path, lines, capsys):
    posts = [
        {"id": str(n), "text": "@bob x", "author_id": "7", "author": {"id": "7"}} for n in (1, 2)
    ]
    raw, safe, key = tmp_path / "raw", tmp_path / "safe", tmp_path / "keys" / "a.key"

    def run(*words):
        code = main([str(word) for word in words])
        return code, capsys.readouterr()

    run("posts", "import", lines(posts), "-o", raw, "--json")
    code, said = run("posts", "anonymise", raw, "-o", safe, "--key", key, "--json")
    told = json.loads(said.out)
    assert (code, told["posts"], told["key"], told["status"]) == (0, 2, "drawn", "made")
    code, said = run("posts", "anonymise", raw, "-o", safe, "--key", key)
    assert "2 posts, already there" in said.out
    assert run("posts", "verify", safe, "--key", key, "--raw", raw)[0] == 0
    code, said = run("posts", "anonymise", raw, "-o", safe, "--key", safe / "a.key")
    assert code == 2
    assert "would be handed on with it" in said.err
    code, said = run("posts", "anonymise", raw, "-o", safe, "--key", key, "--rotate", "--json")
    assert json.loads(said.out)["key"] == "exchanged"
    code, said = run(
        "posts", "forget", safe, "--key", key, "--author", "7", "--source", "x", "--json"
    )
    assert json.loads(said.out) == {"store": str(safe), "posts": 2, "raw_posts": None}
    (safe / "x").touch()
    code, said = run("posts", "verify", safe, "--json")
    assert code == 3
    assert json.loads(said.out)["findings"][0]["check"] == "files"
    assert run("posts", "forget", safe, "--key", key)[0] == 2
    assert run("posts", "forget", safe, "--key", key, "--destroy-key")[0] == 2
    assert run("posts", "forget", "--key", key, "--destroy-key")[0] == 0
    assert not key.exists()
    code, said = run("posts", "verify", safe, "--key", key)
    assert code == 3
    assert "no such file" in said.err


def test_the_report(store):
    report = json.loads((store.path / "report.json").read_text())
    assert report["posts"] == 6
    by_known = {row["known"]: row for row in report["crowds"]}
    assert by_known["day and place"] == {
        "known": "day and place", "columns": ["day", "latitude", "longitude"], "posts": 6,
        "alone": 0.0, "below_k": 0.0, "least": 6,
    }  # fmt: skip
    text = (store.path / "report.md").read_text()
    page = (store.path / "report.html").read_text()
    for words in ("pseudonymised, not anonymous", "search engine", "No time of deletion"):
        assert words in text
        assert words in page
    for field in ("author_handle", "place_name", "text"):
        assert f"| {field} |" in text
        assert f"<td>{field}</td>" in page
