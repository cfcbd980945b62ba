"""Whatever bytes a file holds, they are read, counted as broken, or refused with a reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import DataError
from inundate.posts.labelled import rows
from inundate.posts.labelled.rows import decode, read_table
from inundate.posts.labelled.table import open_labelled

GOOD = (
    "id,text,label\n"
    + "".join(f'{n},"water in street {n}, again",{n % 2}\n' for n in range(20))
).encode()  # fmt: skip
LINES = (
    '{"text": "water in the street", "label": "a"}\n{"text": "no sun", "label": "b"}\n' * 8
).encode()


def opened(path):
    try:
        return open_labelled(path)
    except DataError:
        return None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mangled_files(tmp_path_factory, data):
    good, name = data.draw(st.sampled_from([(GOOD, "a.csv"), (LINES, "a.jsonl"), (GOOD, "a.tsv")]))
    mangled = bytearray(good)
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(mangled)))
        mangled[place : place + data.draw(st.integers(0, 9))] = data.draw(
            st.sampled_from([b'"', b"\x00", b"\n", b"\r", b",", b"\t", b"\xff\xfe", b"\x1f\x8b",
                             b"{", b"\xe2\x80\xa8", b"\x1c", b"[", b"'", b"\x85", b";;;"])
        )  # fmt: skip
    path = tmp_path_factory.mktemp("mangled") / name
    path.write_bytes(bytes(mangled))
    posts = opened(path)
    if posts is not None:
        assert len(posts) + sum(posts.origin["dropped"].values()) == sum(
            file["rows"] for file in posts.origin["files"]
        )
        assert posts.labels.dtype == np.int64


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "a.csv"
    path.write_bytes(data)
    opened(path)


@settings(max_examples=50, deadline=None)
@given(
    cells=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"),
                    min_size=1, max_size=20).filter(str.strip),
            st.sampled_from(["a", "b"]),
        ),
        min_size=2,
        max_size=12,
    )
)  # fmt: skip
def test_what_a_library_writes_is_read_as_it_is(tmp_path_factory, cells):
    import csv

    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "text", "label"), *((n, *c) for n, c in
                                                                  enumerate(cells))])  # fmt: skip
    posts = open_labelled(path, text="text", label="label")
    # blanks after a comma are not part of a cell, as in CrisisLex T26
    assert [text.lstrip(" ") for text, _ in cells] == [text.lstrip(" ") for text in posts.texts]
    assert [label for _, label in cells] == [posts.classes[label] for label in posts.labels]


@pytest.mark.parametrize("line", ['a "quote,1\n', '"a,1\n', '"\n', "\n", ",\n", '""","\n'])
def test_work_is_linear(tmp_path, monkeypatch, line):
    read = []

    def counted(record, delimiter):
        read.append(len(record))
        return cells_of(record, delimiter)

    cells_of = rows._cells
    monkeypatch.setattr(rows, "_cells", counted)

    def characters(lines):
        read.clear()
        read_table(tmp_path / "a.csv", "text,label\n" + line * lines, "utf-8")
        return sum(read)

    # counted, not timed: a collection of garbage in between is no fault of the reader
    assert characters(4_000) <= 5 * characters(1_000) + 1_000


def test_decode_knows_what_it_read():
    assert decode(b"\xef\xbb\xbfa") == ("a", "utf-8")
    assert decode("ä".encode("utf-16")) == ("ä", "utf-16")
    assert decode(b"\x93a\x94") == ("“a”", "cp1252")
    assert decode(b"\x81") == ("\ufffd", "cp1252")
