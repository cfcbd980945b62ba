"""The schema, its documentation and the times of the platforms."""

import pyarrow as pa
import pytest

from inundate.posts.importers import times
from inundate.posts.schema import FIELDS, KINDS, NEVER_STORED, RAW_SCHEMA, SAFE_SCHEMA, Post

from inundate.posts.schema import to_posts, to_table  # isort: skip


def rows():
    for name, field in FIELDS.items():
        becomes = ", ".join(f"`{column}`" for column, _ in field.becomes) or "–"
        yield f"| `{name}` | {becomes} | {field.fate} | {field.doc} |"
    for what, why in NEVER_STORED:
        yield f"| {what} | {why} |"


def test_the_page_tells_every_field(repository):
    page = (repository / "docs" / "posts.md").read_text(encoding="utf-8")
    missing = [row for row in rows() if row not in page]
    assert missing == [], "put these rows into docs/posts.md"


def test_ids_and_names_never_keep_their_column():
    for name, field in FIELDS.items():
        columns = {column for column, _ in field.becomes}
        if field.fate == "dropped":
            assert columns == set(), name
        if field.fate == "pseudonymised":
            assert name not in columns, name
    assert "author_handle" not in SAFE_SCHEMA.names
    assert "place_name" not in SAFE_SCHEMA.names
    assert len(set(SAFE_SCHEMA.names)) == len(SAFE_SCHEMA.names)


def test_a_post_with_every_field_round_trips():
    values = {
        pa.string(): "a", pa.timestamp("us", tz="UTC"): 10**15 + 1, pa.bool_(): True,
        pa.int64(): 7, pa.float64(): 0.5, pa.list_(pa.string()): ["a", "b"],
        pa.list_(pa.float64()): [0.5, 1.0, 2.0, 3.0],
    }  # fmt: skip
    post = Post(**{name: values[field.arrow] for name, field in FIELDS.items()})
    assert to_posts(to_table([post])) == [post]
    assert to_table([]).schema == RAW_SCHEMA


def test_kinds_are_sorted():
    assert list(KINDS) == sorted(KINDS)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2018-10-10T20:19:24.000Z", 1539202764000000),
        ("2018-10-10T20:19:24.123456Z", 1539202764123456),
        ("2018-10-10T22:19:24+02:00", 1539202764000000),
        ("2018-10-10 20:19:24", 1539202764000000),
        ("Wed Oct 10 20:19:24 +0000 2018", 1539202764000000),
        ("Wed, 10 Oct 2018 20:19:24 GMT", 1539202764000000),
        ("", None),
        (None, None),
    ],
)
def test_times(text, micros):
    assert times.v1_time(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        "1066-10-14T09:00:00.000Z", "2999-01-01T00:00:00Z", "2018-13-10T20:19:24.000Z", "soon",
        "Wed Oct 40 20:19:24 +0000 2018",
    ],
)  # fmt: skip
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="time"):
        times.v1_time(text)


def test_seconds_and_ids():
    assert times.from_seconds(None) is None
    with pytest.raises(ValueError, match="outside 1970 to 2100"):
        times.from_seconds(1539202764000)  # milliseconds
    assert times.from_snowflake("20") is None
    assert times.from_snowflake("1a") is None
    assert times.from_snowflake("9" * 30) is None
