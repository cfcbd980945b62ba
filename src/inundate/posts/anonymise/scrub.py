"""Take out of texts what leads to a person; most texts are told to hold nothing in one look."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.accounts import find_accounts, find_hidden_addresses
from inundate.posts.anonymise.fold import Folded, fold
from inundate.posts.anonymise.gates import ODD, Gate, gates
from inundate.posts.anonymise.handles import words_of
from inundate.posts.anonymise.links import domain_of, find_links
from inundate.posts.anonymise.numbers import REGIONS, find_codes, find_numbers
from inundate.posts.anonymise.places import Postcodes, find_houses, find_squares
from inundate.posts.anonymise.simple import is_simple, scrub_simple

__all__ = ["KINDS", "Finder", "Replaced", "Scrubbed", "Scrubber"]

KINDS = (
    "user", "email", "url", "phone", "card", "number", "iban", "id", "ip", "plate", "place",
    "postcode", "house", "person",
)  # fmt: skip
Span = tuple[int, int, str]
Finder = Callable[[str], Iterable[Span]]
_URL, _USER = "url", "user"
_MARK = re.compile(rf"<(?:{'|'.join(KINDS)})>")


@dataclass(frozen=True)
class Replaced:
    """What was put into a text, at its offsets in the new text."""

    start: int
    end: int
    kind: str
    """One of :data:`KINDS`."""


@dataclass(frozen=True)
class Scrubbed:
    """A text without identifiers."""

    text: str
    replaced: tuple[Replaced, ...] = ()
    handles: tuple[str, ...] = ()
    """Handles that were found, folded, without ``@``: for pseudonyms, never to be written."""


@dataclass(frozen=True)
class _Looked:
    """A column that was looked at."""

    plain: pa.Array
    """Folded."""
    bits: np.ndarray
    odd: dict[int, tuple[str, Folded]]
    """By row the texts that were not what they look like, and these folded."""
    bare: dict[int, set[str]]
    """By row the handles that stand there as a word."""


class Scrubber:
    """Takes identifiers out of texts, the same for the same text.

    Parameters
    ----------
    domains : collection of str
        Registered domains that many people link to: they stay in the text in place of a link.
    bare : array of string, optional
        Handles in lower case that go even where they stand as a plain word.
    postcodes : str
        See :func:`~inundate.posts.anonymise.places.find_squares`.
    houses : bool
        Whether numbers of houses go.
    regions : sequence of str
        Countries whose local phone numbers are known.
    names : callable, optional
        Finds names of persons in a text that is scrubbed otherwise.

    Examples
    --------
    >>> Scrubber().scrub("RT @bob: call 07700 900123, http://t.co/x").text
    'RT <user>: call <phone>, <url>'
    """

    def __init__(
        self,
        *,
        domains: Container[str] = frozenset(),
        bare: pa.Array | None = None,
        postcodes: Postcodes = "remove",
        houses: bool = True,
        regions: Sequence[str] = REGIONS,
        names: Finder | None = None,
    ) -> None:
        self.domains, self.bare, self.names = domains, bare, names
        squares = partial(find_squares, postcodes=postcodes)
        numbers = partial(find_numbers, regions=tuple(regions))
        # those first that win where two overlap
        self._finders: tuple[tuple[int, Finder], ...] = (
            (Gate.HIDDEN, find_hidden_addresses),
            (Gate.CODE, find_codes),
            (Gate.SQUARE, squares),
            *(((Gate.HOUSE, find_houses),) if houses else ()),
            (Gate.NUMBER, numbers),
        )

    def scrub(self, text: str) -> Scrubbed:
        """Scrub one text, and tell what was replaced."""
        column = pa.array([text], pa.string())
        rows = self._rows(self._look(column))
        made = (_report(whole, spans, names) for _, whole, spans, names in rows)
        found = next(made, Scrubbed(text))
        return found if self.names is None else _report_more(found, self.names)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Give the spans of a text that are replaced, but for names."""
        column = pa.array([text], pa.string())
        return [
            (start, end)
            for _, _, spans, _ in self._rows(self._look(column))
            for start, end, _ in spans
        ]

    def column(self, column: pa.Array) -> tuple[pa.Array, dict[int, list[str]]]:
        """Scrub a column of texts.

        Parameters
        ----------
        column : array of string (N,)

        Returns
        -------
        tuple of (array of string (N,), dict)
            The texts, and by row the handles that were found, folded, without ``@``.
        """
        if column.null_count == len(column):
            return column, {}
        looked = self._look(column)
        simple = is_simple(column, looked.bits, [*looked.odd, *looked.bare])
        column, handles = scrub_simple(column, simple)
        changed: dict[int, str] = {}
        for row, text, spans, found in self._rows(looked, ~simple):
            if found:
                handles[row] = found
            if spans:
                changed[row] = _join(text, spans)
        scrubbed = put_at(column, changed)
        if self.names is not None:
            scrubbed = pa.array([text and _join(text, _free(text, self.names))
                                 for text in scrubbed.to_pylist()], pa.string())  # fmt: skip
        return scrubbed, handles

    def _look(self, column: pa.Array) -> _Looked:
        """Fold a column, and tell which searches each text needs."""
        odd = _fold_odd(column)
        plain = put_at(column, {row: folded.text for row, (_, folded) in odd.items()})
        bits = gates(plain)
        bare = self._bare(plain)
        bits[list(bare)] |= Gate.WORD
        return _Looked(plain, bits, odd, bare)

    def _rows(
        self, looked: _Looked, mask: np.ndarray | None = None
    ) -> Iterator[tuple[int, str, list[Span], list[str]]]:
        """Give row, text, spans and handles of the texts that hold anything."""
        bits, odd, bare = looked.bits, looked.odd, looked.bare
        rows = np.flatnonzero(bits if mask is None else mask & (bits > 0))
        texts = looked.plain.take(pa.array(rows)).to_pylist()
        for row, text, bit in zip(rows.tolist(), texts, bits[rows].tolist(), strict=True):
            original, folded = odd.get(row, (text, None))
            handles: list[str] = []
            spans = list(self._find(text, bit, handles))
            if row in bare:
                for start, end, word in _words_at(text, bare[row]):
                    spans.append((start, end, _USER))
                    handles.append(word)
            if folded is not None and folded.starts is not None:
                spans = [(*folded.span(start, end), kind) for start, end, kind in spans]
            yield row, original, _merge(spans) if len(spans) > 1 else spans, handles

    def _find(self, text: str, bit: int, handles: list[str]) -> Iterator[Span]:
        if bit & (Gate.LINK | Gate.BARE):
            for start, end, link in find_links(text, bare=bool(bit & Gate.BARE)):
                domain = domain_of(link) if link else ""
                yield start, end, f"url:{domain}" if domain in self.domains else _URL
        if bit & Gate.AT:
            for start, end, kind, handle in find_accounts(text):
                handles.append(handle)
                yield start, end, kind
        if bit >= Gate.HIDDEN:
            for gate, find in self._finders:
                if bit & gate:
                    yield from find(text)

    def _bare(self, plain: pa.Array) -> dict[int, set[str]]:
        """Give by row the handles that stand there as a word."""
        found: dict[int, set[str]] = {}
        if self.bare is None or not len(self.bare):
            return found
        words, rows = words_of(plain)
        here = pc.is_in(words, self.bare)
        for row, word in zip(rows[np.asarray(here)].tolist(), words.filter(here).to_pylist(),
                             strict=True):  # fmt: skip
            found.setdefault(row, set()).add(word)
        return found


def _words_at(text: str, words: Iterable[str]) -> Iterator[Span]:
    for word in sorted(words):
        for match in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
            yield match.start(), match.end(), word


def put_at(column: pa.Array, texts: dict[int, str]) -> pa.Array:
    """Put texts into some rows of a column."""
    if not texts:
        return column
    mask = np.zeros(len(column), dtype=bool)
    rows = sorted(texts)
    mask[rows] = True
    put = pa.array([texts[row] for row in rows], pa.string())
    return pc.replace_with_mask(column, pa.array(mask), put)


def _fold_odd(column: pa.Array) -> dict[int, tuple[str, Folded]]:
    rows = pc.indices_nonzero(pc.match_substring_regex(column, ODD).fill_null(False))
    texts = column.take(rows).to_pylist()
    return {row: (text, fold(text)) for row, text in zip(rows.to_pylist(), texts, strict=True)}


def _merge(found: Sequence[Span]) -> list[Span]:
    """Join spans that overlap; the kind is that of the one found first."""
    ranked = sorted((start, end, rank) for rank, (start, end, _) in enumerate(found))
    merged: list[tuple[int, int, int]] = []
    for start, end, rank in ranked:
        if merged and start < merged[-1][1]:
            first, last, best = merged[-1]
            merged[-1] = (first, max(last, end), min(best, rank))
        else:
            merged.append((start, end, rank))
    return [(start, end, found[rank][2]) for start, end, rank in merged]


def _put(kind: str) -> str:
    """Give what stands in place of a span: its kind, or the domain of a link."""
    return kind[4:] if kind.startswith("url:") else f"<{kind}>"


def _join(text: str, spans: Sequence[Span]) -> str:
    out: list[str] = []
    done = 0
    for start, end, kind in spans:
        out += (text[done:start], _put(kind))
        done = end
    out.append(text[done:])
    return "".join(out)


def _report(text: str, spans: Sequence[Span], handles: Sequence[str]) -> Scrubbed:
    replaced = []
    shift = 0
    for start, end, kind in spans:
        length = len(_put(kind))
        replaced.append(Replaced(start + shift, start + shift + length, kind.partition(":")[0]))
        shift += length - (end - start)
    return Scrubbed(_join(text, spans), tuple(replaced), tuple(handles))


def _free(text: str, find: Finder) -> list[Span]:
    """Find spans in a scrubbed text beside what was put in."""
    kept = [match for match in _MARK.finditer(text)]
    return [
        span
        for span in _merge(list(find(text)))
        if not any(span[0] < mark.end() and mark.start() < span[1] for mark in kept)
    ]


def _report_more(before: Scrubbed, find: Finder) -> Scrubbed:
    """Replace names too, and move the offsets of what was replaced before."""
    more = _free(before.text, find)
    after = _report(before.text, more, before.handles)
    moved = [
        Replaced(one.start + shift, one.end + shift, one.kind)
        for one in before.replaced
        for shift in [
            sum(len(_put(kind)) - (end - start) for start, end, kind in more if end <= one.start)
        ]
    ]
    replaced = sorted([*after.replaced, *moved], key=lambda one: one.start)
    return Scrubbed(after.text, tuple(replaced), before.handles)
