"""Posts that may be labelled."""

from __future__ import annotations

from pathlib import Path

import msgspec

from inundate.core.errors import DataError
from inundate.posts.serve.items import Reading, read_files
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
        rows = (row for table in store.batches(_COLUMNS) for row in table.to_pylist())
        posts = [PoolPost(*(row[name] or "" for name in _COLUMNS)) for row in rows]
    else:
        posts = [PoolPost(item.post, item.text) for item in read_files(place, Reading())]
    found = {post.id: post for post in reversed(posts) if post.text.strip()}
    if not found:
        raise DataError(f"labelling {place}: no posts with words in it")
    return list(reversed(found.values()))
