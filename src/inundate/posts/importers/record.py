"""What an importer is: a parser of one record, and how it says that a record is no post."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Protocol

import msgspec

from inundate.posts.importers.times import Unreadable
from inundate.posts.schema import Post

__all__ = [
    "NOT_PUBLIC",
    "OPTED_OUT",
    "UNREADABLE",
    "Broken",
    "Consent",
    "Deletion",
    "Dropped",
    "Importer",
    "Item",
    "Whole",
    "decode_error",
]

NOT_PUBLIC = "not public"
OPTED_OUT = "author opted out"
# what a parser may raise over a record, whatever bytes that holds
UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)

Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that a store can hold."""


@dataclass(frozen=True)
class Consent:
    """Whose posts are taken; the rules of the platforms are the default."""

    unindexed: bool = False
    """Also authors who do not want to be found in searches (Mastodon, Bluesky)."""
    unlisted: bool = False
    """Also posts that are public but kept out of timelines (Mastodon)."""


@dataclass(frozen=True)
class Dropped:
    """A post that is left out on purpose."""

    reason: str


@dataclass(frozen=True)
class Deletion:
    """A notice that a post was deleted."""

    source: str
    post_id: str


@dataclass(frozen=True)
class Broken:
    """A record, or a post within one, that cannot be read; the reason holds none of its text."""

    reason: str
    raw: bytes = field(default=b"", repr=False)


Item = Post | Dropped | Deletion | Broken


class Importer(Protocol):
    """Reads one format.

    Attributes
    ----------
    name : str
        As in ``--format`` and in :attr:`Post.format`.
    """

    name: str

    def parse(self, record: bytes) -> Iterable[Item]:
        """Give the posts of one record: a line, or a row of a table.

        Raises
        ------
        msgspec.MsgspecError, UnicodeDecodeError
            If the record as a whole cannot be read.
        """
        ...


def decode_error(error: Exception) -> str:
    """Say in a few words why a record could not be read, without any of its content.

    Examples
    --------
    >>> decode_error(msgspec.DecodeError("Input data was truncated"))
    'not valid JSON'
    """
    if isinstance(error, msgspec.ValidationError):  # names a field and types, no values
        return f"unexpected content: {str(error).split(' - at ')[-1].strip('`')}"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, msgspec.DecodeError):
        return "not UTF-8" if "utf-8" in str(error).lower() else "not valid JSON"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error) if isinstance(error, Unreadable) else "unexpected content"
