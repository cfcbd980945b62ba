"""The formats that a red team plants identifiers in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from inundate.cli.privacy_bench.archive_more import (
    bluesky,
    communalytic_row,
    fourcat_row,
    mastodon,
    reddit,
    t6_row,
    table,
)
from inundate.cli.privacy_bench.archive_x import x_academic, x_twarc, x_v1, x_v2
from inundate.cli.privacy_bench.archives import Archives

__all__ = ["FORMATS", "write_archives"]

_4CAT = ["id", "thread_id", "timestamp", "author", "author_fullname", "body", "subject", "mentions",
         "images", "a_new_column"]  # fmt: skip
FORMATS: dict[str, tuple[str, Callable[[Archives, int], Iterator[str]]]] = {
    "x-v2": ("jsonl", x_v2),
    "x-twarc": ("jsonl", x_twarc),
    "x-academic": ("jsonl", x_academic),
    "x-v1": ("jsonl", x_v1),
    "mastodon": ("jsonl", mastodon),
    "bluesky": ("jsonl", bluesky),
    "reddit": ("jsonl", reddit),
    "4cat": ("csv", table(_4CAT, fourcat_row)),
    "crisislex": ("csv", table(["tweet id", "tweet", "label"], t6_row)),
    "communalytic": ("csv", table(
        ["tweet_id", "date", "text", "userid", "username", "name", "new"], communalytic_row)),
}  # fmt: skip
"""Name of a format to the ending of its files and what makes its lines."""


def write_archives(a: Archives, folder: Path, number: int) -> list[Path]:
    """Write one file a format, with so many posts together, and some broken lines.

    Returns
    -------
    list of Path
        The names of the files hold a handle, as people's files do.
    """
    folder.mkdir(parents=True)
    found = []
    for place, (name, (ending, make)) in enumerate(FORMATS.items()):
        share = number // len(FORMATS) + (place < number % len(FORMATS))
        # what stands before the hyphen is the event to those who know CrisisLex
        path = folder / f"Flood-{a.secrets.word('name of a file')}-{name}.{ending}"
        lines = list(make(a, share))
        if ending == "jsonl":
            lines.append('{"broken": "' + a.secrets.word("broken line", 12))
            lines.append(json.dumps({"id": {"x": a.secrets.word("broken line", 12)}}))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found.append(path)
    return found
