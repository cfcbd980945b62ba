"""A gazetteer in memory: places, and their names as hashes that are looked up by bisection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import atomic_file
from inundate.posts.locate.names import fold, key_of

__all__ = ["FORMS", "Gazetteer", "Place", "build_gazetteer", "join_gazetteers", "load_gazetteer"]

FORMS = ("name", "alternate", "code", "joined")
"""How a name stands to its place: the name, another one, a code such as YYC, written together."""
_NAME, _ALTERNATE, _CODE, _JOINED = range(4)
_CODE_LETTERS = 3
_LONGEST_WORDS = 6
_VERSION = 2


class Place(NamedTuple):
    """One place of a gazetteer, as its reader gives it."""

    name: str
    latitude: float
    longitude: float
    radius_m: float
    kind: str
    population: float = 0.0
    country: str = ""
    """Two letters, or the name of what it lies in."""
    parent: str = ""
    others: tuple[str, ...] = ()
    """Further names."""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """Places, N of them, and their names.

    Attributes
    ----------
    name, kind, country, parent : tuple of str, N
    latitude, longitude : array (N,)
        Degrees, WGS 84.
    radius_m, population : array (N,)
    keys : array (K,), uint64
        Hashes of names, sorted.
    rows : array (K,), int32
        Place of each.
    forms : array (K,), uint8
        Index into :data:`FORMS`.
    origin : mapping
        Source, licence, counts, rows that could not be read.
    """

    name: tuple[str, ...]
    kind: tuple[str, ...]
    country: tuple[str, ...]
    parent: tuple[str, ...]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    population: NDArray[np.float64]
    keys: NDArray[np.uint64]
    rows: NDArray[np.int32]
    forms: NDArray[np.uint8]
    longest: int
    """Words of the longest name that is looked for."""
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.name)

    def find(self, folded: str) -> list[tuple[int, int]]:
        """Give the places of a folded name.

        Parameters
        ----------
        folded : str
            As :func:`~inundate.posts.locate.names.fold` gives it.

        Returns
        -------
        list of (int, int)
            Row and index into :data:`FORMS`; each row once, by its best form.
        """
        key = np.uint64(key_of(folded))
        start = int(np.searchsorted(self.keys, key))
        found: dict[int, int] = {}
        while start < len(self.keys) and self.keys[start] == key:
            row, form = int(self.rows[start]), int(self.forms[start])
            found[row] = min(form, found.get(row, form))
            start += 1
        return sorted(found.items())

    def full_name(self, row: int) -> str:
        """Give a place's name with what it lies in."""
        parts = dict.fromkeys((self.name[row], self.parent[row], self.country[row]))
        return ", ".join(part for part in parts if part)

    def save(self, path: Path) -> None:
        """Write it for :func:`load_gazetteer`, whole or not at all."""
        texts = {one: getattr(self, one) for one in ("name", "kind", "country", "parent")}
        told = {"version": _VERSION, "longest": self.longest, "origin": self.origin, **texts}
        arrays = {one: getattr(self, one) for one in _ARRAYS}
        with atomic_file(path) as temporary, temporary.open("wb") as stream:
            head = np.frombuffer(msgspec.json.encode(told), dtype=np.uint8)
            np.savez(stream, told=head, **arrays)


_ARRAYS = ("latitude", "longitude", "radius_m", "population", "keys", "rows", "forms")


def load_gazetteer(path: Path) -> Gazetteer | None:
    """Read what :meth:`Gazetteer.save` wrote, or give None where it is of another version."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            told = msgspec.json.decode(file["told"].tobytes())
            arrays = {one: file[one] for one in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, msgspec.MsgspecError):
        return None
    if told.pop("version") != _VERSION:
        return None
    parts: dict[str, Any] = {
        **{one: tuple(told.pop(one)) for one in ("name", "kind", "country", "parent")},
        **arrays,
        **told,
    }
    return Gazetteer(**parts)


def build_gazetteer(places: Iterable[Place], origin: Mapping[str, Any]) -> Gazetteer:
    """Make a gazetteer of places.

    Parameters
    ----------
    places : iterable of Place
    origin : mapping
        May be filled while the places are read: it is taken afterwards.

    Raises
    ------
    DataError
        If there are none.
    """
    texts: dict[str, list[str]] = {one: [] for one in ("name", "kind", "country", "parent")}
    numbers: dict[str, list[float]] = {one: [] for one in _ARRAYS[:4]}
    keys: list[int] = []
    rows: list[int] = []
    forms: list[int] = []
    longest = 1
    for row, place in enumerate(places):
        for one, words in texts.items():
            words.append(getattr(place, one))
        for one, values in numbers.items():
            values.append(getattr(place, one))
        for folded, form in _forms(place).items():
            keys.append(key_of(folded))
            rows.append(row)
            forms.append(form)
            longest = max(longest, folded.count(" ") + 1)
    if not keys:
        raise DataError(
            f"reading the gazetteer {origin.get('source')}: no place in it could be read",
            hint="; ".join(origin.get("first_bad_rows", ())) or "the file is empty",
        )
    order = np.argsort(np.array(keys, dtype=np.uint64), kind="stable")
    parts: dict[str, Any] = {one: tuple(words) for one, words in texts.items()}
    parts |= {one: np.array(values, dtype=np.float64) for one, values in numbers.items()}
    return Gazetteer(
        **parts,
        keys=np.array(keys, dtype=np.uint64)[order],
        rows=np.array(rows, dtype=np.int32)[order],
        forms=np.array(forms, dtype=np.uint8)[order],
        longest=min(longest, _LONGEST_WORDS),
        origin=dict(origin),
    )


def join_gazetteers(gazetteers: Sequence[Gazetteer]) -> Gazetteer:
    """Make one gazetteer of several, such as the towns of the world and one's own streets.

    Parameters
    ----------
    gazetteers : sequence of Gazetteer
    """
    if len(gazetteers) == 1:
        return gazetteers[0]
    starts = np.cumsum([0, *(len(one) for one in gazetteers[:-1])])
    parts: dict[str, Any] = {
        one: tuple(word for each in gazetteers for word in getattr(each, one))
        for one in ("name", "kind", "country", "parent")
    }
    for one in _ARRAYS[:4]:
        parts[one] = np.concatenate([getattr(each, one) for each in gazetteers])
    keys = np.concatenate([each.keys for each in gazetteers])
    order = np.argsort(keys, kind="stable")
    shifted = [each.rows + start for each, start in zip(gazetteers, starts, strict=True)]
    origins = [each.origin for each in gazetteers]
    return Gazetteer(
        **parts,
        keys=keys[order],
        rows=np.concatenate(shifted).astype(np.int32)[order],
        forms=np.concatenate([each.forms for each in gazetteers])[order],
        longest=max(each.longest for each in gazetteers),
        origin={
            "source": ", ".join(str(origin.get("source")) for origin in origins),
            "licence": "; ".join(dict.fromkeys(str(origin.get("licence")) for origin in origins)),
            "read": sum(origin.get("read", 0) for origin in origins),
            "bad_rows": sum(origin.get("bad_rows", 0) for origin in origins),
            "first_bad_rows": [row for one in origins for row in one.get("first_bad_rows", ())],
        },
    )


def _forms(place: Place) -> dict[str, int]:
    """Give the folded names of a place and the best form of each."""
    found: dict[str, int] = {}

    def add(name: str, form: int) -> None:
        folded = fold(name)
        if folded and folded.count(" ") < _LONGEST_WORDS:
            found[folded] = min(form, found.get(folded, form))

    add(place.name, _NAME)
    for name in place.others:
        plain = name.strip()
        add(plain, _CODE if len(plain) <= _CODE_LETTERS else _ALTERNATE)
    for name in place.codes:
        add(name, _CODE)
    for folded in [one for one, form in found.items() if " " in one and form <= _ALTERNATE]:
        found.setdefault(folded.replace(" ", ""), _JOINED)
    found.pop("", None)
    return found
