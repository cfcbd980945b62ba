"""Which posts are in a collection: an index on disk, so that memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["GONE", "Ident", "Seen"]

GONE = "gone"
"""Version of a post that has been deleted."""
_UNSURE = "unsure"  # of a post whose newest version may not have been written

_TABLES = """
create table if not exists posts (
    id text primary key, author text, version text,
    page integer not null, changed integer not null
) without rowid;
create index if not exists posts_author on posts (author);
create table if not exists threads (
    id text primary key, page integer not null, done integer
) without rowid;
"""


class Ident(NamedTuple):
    """What names a post."""

    post: str
    author: str | None = None
    version: str | None = None
    """Changes when the post is edited."""
    thread: str | None = None
    """Name of its thread, where that has answers to be collected."""


class Seen:
    """Posts that were written, and threads that are to be collected.

    Rows carry the number of the page that brought them; those of pages that the collection does
    not know of, since it was killed before, are taken back by :meth:`forget_after`.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = truncate")
        # not synced to the disk: after a crash of the machine it is made anew from the pages
        self._db.execute("pragma synchronous = off")
        self._db.execute("pragma cache_size = -4096")  # KiB
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __len__(self) -> int:
        return int(self._db.execute("select count(*) from posts").fetchone()[0])

    def known(self, posts: Iterable[str]) -> dict[str, str | None]:
        """Give those of some posts that are there, with their versions."""
        found: dict[str, str | None] = {}
        for post in posts:
            row = self._db.execute("select version from posts where id = ?", (post,)).fetchone()
            if row is not None:
                found[post] = row[0]
        return found

    def after(self, post: str, most: int) -> list[str]:
        """Give posts that are not deleted, in the order of their names, behind one of them."""
        rows = self._db.execute(
            "select id from posts where id > ? and version is not ? order by id limit ?",
            (post, GONE, most),
        )
        return [row[0] for row in rows]

    def of_author(self, author: str) -> list[str]:
        """Give the posts of an author that are not deleted."""
        rows = self._db.execute(
            "select id from posts where author = ? and version is not ? order by id", (author, GONE)
        )
        return [row[0] for row in rows]

    def add(
        self,
        page: int,
        idents: Sequence[Ident],
        *,
        gone: Iterable[str] = (),
        done: Iterable[str] = (),
    ) -> None:
        """Add what a page has brought.

        Parameters
        ----------
        page : int
            Its number.
        idents : sequence of Ident
        gone : iterable of str
            Deleted posts; they stay known, since nothing of them may come back.
        done : iterable of str
            Threads that have been collected.
        """
        self._db.execute("begin")
        self._db.executemany(
            "insert into posts values (?, ?, ?, ?, ?) on conflict (id) "
            "do update set version = excluded.version, changed = excluded.changed",
            [(one.post, one.author, one.version, page, page) for one in idents],
        )
        self._db.executemany(
            "insert or ignore into threads values (?, ?, null)",
            [(ident.thread, page) for ident in idents if ident.thread],
        )
        self._db.executemany(
            "update posts set version = ?, changed = ? where id = ?",
            [(GONE, page, post) for post in gone],
        )
        self._db.executemany("update threads set done = ? where id = ?", [(page, d) for d in done])
        self._db.execute("commit")

    def open_threads(self, most: int) -> list[str]:
        """Give threads that are still to be collected, in a fixed order."""
        rows = self._db.execute(
            "select id from threads where done is null order by page, id limit ?", (most,)
        )
        return [row[0] for row in rows]

    def forget_after(self, page: int) -> None:
        """Take back what pages behind this one have brought."""
        self._db.execute("begin")
        self._db.execute("delete from posts where page > ?", (page,))
        self._db.execute(
            "update posts set version = ?, changed = 0 where changed > ?", (_UNSURE, page)
        )
        self._db.execute("delete from threads where page > ?", (page,))
        self._db.execute("update threads set done = null where done > ?", (page,))
        self._db.execute("commit")
