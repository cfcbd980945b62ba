"""Read a raw store once to learn what is common: the values that enough authors share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.cells import CellFloor, points_of
from inundate.posts.anonymise.coarsen import client_class
from inundate.posts.anonymise.distinct import Distinct, Frequent, codes_of
from inundate.posts.anonymise.handles import BareWords, HandleBook, canonical_column, name_alone
from inundate.posts.anonymise.links import HOST, domain_of
from inundate.posts.anonymise.reorder import CommonWords
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.anonymise.tokens import Pseudonyms
from inundate.posts.parquet import read_batches
from inundate.posts.store import Part

__all__ = ["SHARED", "Survey", "author_codes", "language", "mapped", "survey_posts"]

SHARED = ("lang", "client", "community", "place_country", "hashtags", "urls")
"""Columns whose rare values are not shown."""
_READ = (
    "post_id", "author_id", "author_handle", "mention_ids", "mention_handles", "latitude",
    "longitude", "place_box", *SHARED,
)  # fmt: skip


@dataclass(frozen=True)
class Survey:
    """What is common in a store.

    Parameters
    ----------
    common : dict
        By column of :data:`SHARED`, the values that enough authors share, coarsened.
    cells : CellFloor
    handles : HandleBook
    bare : array of string
        Handles that texts hold as a word.
    words : CommonWords, optional
        Words that enough authors use; for paraphrase-safe texts alone.
    """

    common: dict[str, Frequent]
    cells: CellFloor
    handles: HandleBook
    bare: pa.Array
    words: CommonWords | None


def language(tag: str) -> str:
    """Give the language of a tag, without script, region and the rest.

    Examples
    --------
    >>> language("en-GB")
    'en'
    """
    return tag.replace("_", "-").partition("-")[0].lower()


_COARSE: dict[str, Callable[[str], str]] = {
    "lang": language,
    "client": client_class,
    "hashtags": str.casefold,
    "urls": domain_of,
    "place_country": str.upper,
    "community": str.lower,
}


def mapped(name: str, column: pa.Array) -> pa.Array:
    """Give the coarse values of a column of :data:`SHARED`; null where nothing is left."""
    if name == "urls":  # of many links few hosts are left to be looked at
        column = pc.replace_substring_regex(column, HOST, r"\1")
    coded = column.dictionary_encode()
    make = _COARSE[name]
    coarse = [make(value) or None for value in coded.dictionary.to_pylist()]
    return pa.array(coarse, pa.string()).take(coded.indices)


def author_codes(authors: pa.Array, posts: pa.Array) -> np.ndarray:
    """Give a code for each post's author; where none is known, the post is its own author."""
    return codes_of(pc.coalesce(authors, posts))[0]


def survey_posts(
    parts: Iterable[Part], settings: AnonymiseSettings, tokens: Pseudonyms, folder: Path
) -> Survey:
    """Learn what is common.

    Parameters
    ----------
    parts : iterable of Part
        Of a raw store.
    settings : AnonymiseSettings
    tokens : Pseudonyms
    folder : Path
        For temporary files, which are needed as long as the survey is.
    """
    parts = list(parts)
    counts = {name: Distinct(settings.k) for name in SHARED}
    floor = CellFloor(settings.cells, settings.k)
    book, bare = HandleBook(folder / "accounts"), BareWords(folder / "words", settings.k)
    words = CommonWords(settings.k, tokens) if settings.text == "paraphrase-safe" else None
    for source, table in _tables(parts, _READ if words is None else (*_READ, "text")):
        authors = _authors(table, np.arange(table.num_rows))
        for name, count in counts.items():
            count.add(*_used(table, name, authors))
        points = points_of(table, settings.cells)
        floor.add(points, authors[points.rows])
        bare.learn(_learn_handles(book, source, table, tokens))
        if words is not None:
            writers = pc.coalesce(table["author_id"], table["post_id"]).combine_chunks()
            words.add(table["text"].combine_chunks(), writers)
    for learned in (floor, book, bare):
        learned.settle()
    if len(bare):
        for _, table in _tables(parts, ("post_id", "author_id", "hashtags", *_TEXTS)):
            rows = np.arange(table.num_rows)
            texts = [_flat(table[name].combine_chunks(), rows) for name in _TEXTS]
            tags = _flat(table["hashtags"].combine_chunks(), rows)
            bare.add(texts, tags, partial(_authors, table))
    common = {name: count.frequent() for name, count in counts.items()}
    return Survey(common, floor, book, bare.rare(), words)


def _authors(table: pa.Table, rows: np.ndarray) -> np.ndarray:
    """Give the codes of the authors of some posts (M,)."""
    places, inverse = np.unique(rows, return_inverse=True)
    chosen = table.select(["author_id", "post_id"]).take(pa.array(places)).combine_chunks()
    authors, posts = (chosen[name].combine_chunks() for name in ("author_id", "post_id"))
    return author_codes(authors, posts)[inverse]


def _tables(parts: Iterable[Part], columns: tuple[str, ...]) -> Iterator[tuple[str, pa.Table]]:
    """Read parts, small ones of a platform together."""
    waiting: list[pa.Table] = []
    before, rows = "", 0
    for part in parts:
        for table in read_batches(part.path, columns, _TOGETHER):
            if waiting and (part.source != before or rows + table.num_rows > _TOGETHER):
                yield before, pa.concat_tables(waiting).combine_chunks()
                waiting, rows = [], 0
            before = part.source
            waiting.append(table)
            rows += table.num_rows
    if waiting:
        yield before, pa.concat_tables(waiting).combine_chunks()


_TOGETHER = 16_384  # rows


_TEXTS = ("text", "title", "media_alts", "poll_options")


def _flat(column: pa.Array, of_rows: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """Give the values of lists, if a column holds these, and what belongs to each one's row."""
    if not pa.types.is_list(column.type):
        return column, of_rows
    return column.flatten(), of_rows[np.asarray(pc.list_parent_indices(column))]


def _used(table: pa.Table, name: str, authors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    column, authors = _flat(table[name].combine_chunks(), authors)
    codes, there = codes_of(mapped(name, column))
    return codes[there], authors[there]


def _learn_handles(book: HandleBook, source: str, table: pa.Table, tokens: Pseudonyms) -> pa.Array:
    """Take the pairs of handle and id of authors and mentions; give the handles."""
    community = table["community"].combine_chunks()
    mentions = table["mention_handles"].combine_chunks()
    pairs = [
        (table["author_id"].combine_chunks(), table["author_handle"].combine_chunks(), community),
        (table["mention_ids"].combine_chunks().flatten(), mentions.flatten(),
         community.take(pc.list_parent_indices(mentions))),
    ]  # fmt: skip
    found = []
    for ids, handles, hosts in pairs:
        known = pc.is_valid(handles)
        given = _distinct_pairs(ids.filter(known), handles.filter(known), hosts.filter(known))
        spelled = canonical_column(given["handle"], source, given["host"])
        names = pa.array(spelled, pa.string())
        found.append(names)
        # the name alone is looked for too, where a server's name is part of the handle
        alone = name_alone(given["handle"])
        found.append(alone.filter(pc.not_equal(alone, names)))
        has_id = pc.is_valid(given["id"])
        spelled = [one for one, there in zip(spelled, has_id.to_pylist(), strict=True) if there]
        if spelled:
            ids = given["id"].drop_null().to_pylist()
            book.add(source, spelled, tokens.digests("author", source, ids))
    return pc.unique(pa.concat_arrays(found))


def _distinct_pairs(ids: pa.Array, handles: pa.Array, hosts: pa.Array) -> dict[str, pa.Array]:
    table = pa.table({"id": ids, "handle": handles, "host": hosts})
    once = table.group_by(["id", "handle", "host"], use_threads=False).aggregate([])
    return {name: once[name].combine_chunks() for name in ("id", "handle", "host")}
