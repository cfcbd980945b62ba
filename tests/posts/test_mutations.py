"""Whatever bytes a file holds: no crash, every record counted."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import DataError
from inundate.posts import ingest
from inundate.posts.importers.formats import ImportSettings, choose
from inundate.posts.importers.html_text import plain_text
from inundate.posts.importers.records import table_rows
from inundate.posts.ingest import import_posts
from inundate.posts.spool import Spool
from inundate.posts.store import open_raw

EXAMPLES = Path(__file__).parents[1] / "data" / "posts"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".jsonl", ".csv"))


@st.composite
def damaged(draw):
    """A file of an example and its content with some bytes changed, taken out or doubled."""
    name = draw(st.sampled_from(NAMES))
    content = bytearray((EXAMPLES / name).read_bytes())
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content) - 1))
        how = draw(st.sampled_from(["flip", "cut", "double"]))
        if how == "flip":
            content[place] ^= draw(st.integers(1, 255))
        elif how == "cut":
            del content[place : place + draw(st.integers(1, 40))]
        else:
            content[place:place] = content[place : place + draw(st.integers(1, 40))]
        if not content:
            break
    return name, bytes(content)


@settings(max_examples=60, deadline=None)
@given(damaged())
def test_damaged_files_give_counted_rejects(file):
    name, content = file
    settings = ImportSettings()
    chosen = choose(EXAMPLES / name, settings)  # of the good file: the damage comes behind
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        spool = Spool(Path(folder) / "spool")
        ingest._read(path, chosen, spool, lambda _: None)
        counts = spool.state.counts
        rows = sum(piece.rows for piece in spool.state.pieces)
        assert counts.read == rows + sum(counts.dropped.values()) + sum(counts.broken.values())
        aside = spool.rejects.read_bytes().splitlines()
        assert len(aside) == sum(counts.broken.values())


@settings(max_examples=6, deadline=None)
@given(damaged())
def test_damaged_files_import_whole(file):
    name, content = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            import_posts([path], Path(folder) / "raw")
        except DataError:  # the header or all records are gone: told, see test_ingest
            return
        store = open_raw(Path(folder) / "raw")
        assert store.counts().is_conserved
        assert sum(table.num_rows for table in store.batches()) == store.counts().kept


@given(st.lists(st.sampled_from([b'a,"b', b"c", b'd"', b'"', b"x,y", b'""'])), st.data())
def test_rows_of_tables_hold_every_line_once(lines, data):
    numbered = iter(enumerate(lines, start=1))
    rows = list(table_rows(numbered, lambda _: data.draw(st.booleans())))
    assert b"\n".join(row for _, row in rows) == b"\n".join(lines)
    assert [offset for offset, _ in rows] == sorted(offset for offset, _ in rows)


@pytest.mark.parametrize("markup", ["<" * 100_000, "<a " * 50_000, "&" * 100_000, "<p>" * 50_000])
def test_no_markup_is_slow(markup):
    """Patterns that look back would take hours for these; a minute is far from both."""
    import time

    start = time.process_time()
    plain_text(markup)
    assert time.process_time() - start < 60


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("x-v2.jsonl", '"like_count": 9', '"like_count": 9' + "0" * 30, "$.public_metrics.like"),
        ("x-v2.jsonl", "2019-12-09T16:56:26.123Z", "yesterday by bob", "a time that is not ISO"),
        ("x-v1.jsonl", "Mon Dec 09 17:01", "Mon Dec bob 17:01", "a time that is not ISO"),
        ("reddit.jsonl", '"1581858000"', '"inf"', "a time outside 1970 to 2100"),
        ("reddit.jsonl", '"1581858000"', '"bob"', "a time of no known form"),
        ("jetstream-1.jsonl", "1704189605500000", "9" * 400, "$.time_us"),
        ("4cat.csv", ",3,1,9,1,", ",inf,1,9,1,", "a number that is none"),
        ("4cat.csv", ",3,1,9,1,", f",{2**70},1,9,1,", "a number that is too large"),
    ],
)
def test_odd_values_are_rejected_and_not_quoted(name, old, new, reason, tmp_path):
    content = (EXAMPLES / name).read_text()
    assert old in content
    path = tmp_path / name
    path.write_text(content.replace(old, new))
    import_posts([path], tmp_path / "raw")
    [found] = open_raw(tmp_path / "raw").counts().broken
    assert reason in found
    assert "bob" not in found
