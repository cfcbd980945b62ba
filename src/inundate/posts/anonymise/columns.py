"""Turn raw posts into pseudonymised ones, column by column; what is not named here is dropped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.accounts import canonical
from inundate.posts.anonymise.cells import points_of
from inundate.posts.anonymise.coarsen import (
    COUNT_BINS,
    FOLLOWER_BINS,
    bin_counts,
    bin_times,
    years,
)
from inundate.posts.anonymise.handles import canonical_column
from inundate.posts.anonymise.reorder import hashed_texts, reordered_texts
from inundate.posts.anonymise.scrub import Finder
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.anonymise.survey import Survey, mapped
from inundate.posts.anonymise.tokens import Pseudonyms, letters
from inundate.posts.schema import SAFE_SCHEMA

__all__ = ["OTHER", "Anonymiser"]

OTHER = "other"
"""Stands for languages, clients and communities that too few authors share."""
_TOKENS = {
    "post": {
        "post": "post_id",
        "conversation": "conversation_id",
        "reply_to": "reply_to_id",
        "refers_to": "refers_to_id",
    },
    "author": {
        "author": "author_id",
        "reply_to_author": "reply_to_author_id",
        "refers_to_author": "refers_to_author_id",
    },
}
_KEPT = (
    "source", "format", "kind", "author_is_bot", "media_kinds", "place_kind", "is_sensitive",
    "is_edited", "event", "label_names", "label_values",
)  # fmt: skip
_COUNTS = ("reposts", "replies", "likes", "quotes", "views")
_BINNED = {"created_bin": "created_at", "server_bin": "server_time"}
_DAY = 1440  # minutes


class Anonymiser:
    """Turns raw posts of a platform into pseudonymised ones.

    Parameters
    ----------
    settings : AnonymiseSettings
    tokens : Pseudonyms
    survey : Survey
        Of the whole store.
    names : callable, optional
        Finds names of persons in texts.
    """

    def __init__(
        self,
        settings: AnonymiseSettings,
        tokens: Pseudonyms,
        survey: Survey,
        names: Finder | None = None,
    ) -> None:
        self.settings, self.tokens, self.survey = settings, tokens, survey
        self._scrubber = settings.scrubber(names, domains=survey.common["urls"], bare=survey.bare)

    def convert(self, table: pa.Table, source: str) -> pa.Table:
        """Convert posts.

        Parameters
        ----------
        table : Table
            With the raw schema.
        source : str
            Their platform.

        Returns
        -------
        Table
            In the same order, with the schema of a pseudonymised store.
        """
        raw = {name: table[name].combine_chunks() for name in table.schema.names}
        made: dict[str, pa.Array] = {name: raw[name] for name in _KEPT}
        for kind, fields in _TOKENS.items():
            tokens = self.tokens.columns(kind, source, [raw[name] for name in fields.values()])
            made.update(zip(fields, tokens, strict=True))
        for name, field in _BINNED.items():
            made[name] = bin_times(raw[field], self.settings.time_bin_minutes)
        made["collected_day"] = bin_times(raw["collected_at"], _DAY)
        made["author_year"] = years(raw["author_created_at"])
        made["author_followers_bin"] = bin_counts(raw["author_followers"], FOLLOWER_BINS)
        for name in _COUNTS:
            made[f"{name}_bin"] = bin_counts(raw[name], COUNT_BINS)
        for name in ("lang", "client", "community"):
            made[name] = self._shared(name, raw[name], OTHER)
        made["place_country"] = self._shared("place_country", raw["place_country"], None)
        made["hashtags"] = self._lists(raw["hashtags"], self._tags)
        made["domains"] = self._lists(raw["urls"], lambda v: self._shared("urls", v, None))
        made["text"], handles = self._text(raw["text"], source)
        made["title"], _ = self._text(raw["title"], source)
        for name in ("media_alts", "poll_options"):
            made[name] = self._lists(raw[name], lambda v: self._text(v, source)[0])
        made["mentions"] = self._mentions(raw, handles, source)
        place = self.survey.cells.coarsen(points_of(table, self.settings.cells), table.num_rows)
        made["latitude"], made["longitude"], made["geo_cell_degrees"] = place
        columns = [made[field.name].cast(field.type) for field in SAFE_SCHEMA]
        return pa.Table.from_arrays(columns, schema=SAFE_SCHEMA)

    def _shared(self, name: str, column: pa.Array, rare: str | None) -> pa.Array:
        """Coarsen a column, and put ``rare`` for what too few authors share."""
        common = self.survey.common[name]
        coded = mapped(name, column).dictionary_encode()
        shown = [value if value in common else rare for value in coded.dictionary.to_pylist()]
        return pa.array(shown, pa.string()).take(coded.indices)

    def _tags(self, column: pa.Array) -> pa.Array:
        """Coarsen tags; those that are a handle go, however many use them."""
        shown = self._shared("hashtags", column, None)
        is_handle = pc.is_in(shown, self.survey.bare)
        return pc.if_else(is_handle, pa.scalar(None, pa.string()), shown)

    @staticmethod
    def _lists(lists: pa.Array, make: Callable[[pa.Array], pa.Array]) -> pa.Array:
        """Convert the values of lists; what becomes null leaves its list."""
        rows = np.asarray(pc.list_parent_indices(lists))
        values = make(lists.flatten())
        there = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
        return _listed(values.drop_null(), rows[there], len(lists))

    def _text(self, column: pa.Array, source: str) -> tuple[pa.Array, dict[int, list[str]]]:
        """Scrub texts, and give by row the handles that were found; reposts are looked at once."""
        if column.null_count == len(column):
            return column, {}
        coded = column.dictionary_encode()
        scrubbed, handles = self._scrubber.column(coded.dictionary)
        if self.settings.text == "hash":
            scrubbed = hashed_texts(scrubbed, self.tokens, source)
        elif self.survey.words is not None:
            scrubbed = reordered_texts(scrubbed, self.survey.words, self.tokens, source)
        codes = coded.indices.fill_null(-1).to_pylist()
        of_rows = {row: handles[code] for row, code in enumerate(codes) if code in handles}
        return scrubbed.take(coded.indices), of_rows

    def _mentions(
        self, raw: dict[str, pa.Array], handles: dict[int, list[str]], source: str
    ) -> pa.Array:
        """Give the tokens of those mentioned: as the platform lists them, then as the text does."""
        number = len(raw["post_id"])
        tokens, rows = self._listed_mentions(raw, source)
        if not handles:
            return _listed(tokens, rows, number)
        hosts = raw["community"].to_pylist() if source == "mastodon" else [None] * number
        in_texts = [(row, one) for row, found in handles.items() for one in dict.fromkeys(found)]
        written = [(handle, hosts[row]) for row, handle in in_texts]
        spelled = {one: canonical(one[0], source, one[1]) for one in dict.fromkeys(written)}
        known = self._accounts(list(dict.fromkeys(spelled.values())), source)
        more = [known[spelled[one]] for one in written]
        rows = np.concatenate([rows, np.fromiter((row for row, _ in in_texts), np.int64)])
        tokens = pa.concat_arrays([tokens, pa.array(more, pa.string())])
        order = np.argsort(rows, kind="stable")
        tokens, rows = tokens.take(pa.array(order)), rows[order]
        codes = np.asarray(tokens.dictionary_encode().indices)
        _, first = np.unique(rows * (len(codes) + 1) + codes, return_index=True)
        first.sort()
        return _listed(tokens.take(pa.array(first)), rows[first], number)

    def _listed_mentions(
        self, raw: dict[str, pa.Array], source: str
    ) -> tuple[pa.Array, np.ndarray]:
        """Give tokens and rows of the mentions that the platform lists."""
        ids, names = raw["mention_ids"].flatten(), raw["mention_handles"].flatten()
        rows = np.asarray(pc.list_parent_indices(raw["mention_ids"])).astype(np.int64)
        tokens = self.tokens.column("author", source, ids)
        unknown = pc.and_(pc.is_null(ids), pc.is_valid(names))
        if pc.any(unknown).as_py():
            hosts = raw["community"].take(pa.array(rows)).filter(unknown)
            spelled = canonical_column(names.filter(unknown), source, hosts)
            known = self._accounts(list(dict.fromkeys(spelled)), source)
            put = pa.array([known[name] for name in spelled], pa.string())
            tokens = pc.replace_with_mask(tokens, unknown, put)
        there = np.asarray(tokens.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
        return tokens.drop_null(), rows[there]

    def _accounts(self, names: list[str], source: str) -> dict[str, str]:
        """Give the token of each handle's account; where that is unknown, one of the handle."""
        known, digests = self.survey.handles.find(source, names)
        unknown = [names[place] for place in np.flatnonzero(~known).tolist()]
        own = np.frombuffer(self.tokens.digests("handle", source, unknown), dtype="V16")
        found = np.empty(len(names), dtype="V16")
        found[known], found[~known] = np.frombuffer(digests, dtype="V16"), own
        return dict(zip(names, letters(found.tobytes()).to_pylist(), strict=True))


def _listed(values: pa.Array, rows: np.ndarray, number: int) -> pa.Array:
    """Give lists of values by row; ``rows`` (M,) rise."""
    offsets = np.zeros(number + 1, dtype=np.int32)
    np.cumsum(np.bincount(rows, minlength=number), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)
