"""Posts that may be labelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from inundate.core.errors import DataError
from inundate.posts.serve.items import Reading, read_file_records
from inundate.posts.store import open_posts

__all__ = ["PoolPost", "read_pool"]

_COLUMNS = ("post", "text", "event", "author", "lang")


class PoolPost(msgspec.Struct, frozen=True, gc=False):
    """A post to be judged."""

    id: str
    """Its pseudonym."""
    text: str
    event: str = ""
    author: str = ""
    lang: str = ""


def read_pool(path: Path | str) -> list[PoolPost]:
    """Read posts of a pseudonymised store, or of lines with the columns of one.

    Posts without words are left out; of several with one pseudonym the first is taken.

    Parameters
    ----------
    path : Path

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If posts are raw, or there are none.
    """
    place = Path(path)
    if (place / "manifest.json").is_file():
        store = open_posts(place)
        rows: Iterator[dict[str, Any]] = (
            row for table in store.batches(_COLUMNS) for row in table.to_pylist()
        )
    else:
        rows = read_file_records(place, Reading())
    posts = [PoolPost(*(str(row.get(name) or "") for name in _COLUMNS)) for row in rows]
    found = {post.id: post for post in reversed(posts) if post.text.strip()}
    if not found:
        raise DataError(f"labelling {place}: no posts with words in it")
    return list(reversed(found.values()))
