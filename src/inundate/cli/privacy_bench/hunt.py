"""Look for planted identifiers in everything that a pseudonymisation leaves behind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from inundate.cli.privacy_bench.canaries import LETTERS, Secrets
from inundate.posts.anonymise.fold import fold

__all__ = ["Hunt"]

_LETTERS = re.compile(rf"[{LETTERS}]{{4,}}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{4,}")
_WORDS = re.compile(r"[0-9a-z]+")
_PLAIN = re.compile(r"[0-9a-z]+")
_LEAST = 6  # characters of a secret that is looked for in bytes and logs, where hashes stand too


class Hunt:
    """Finds secrets, and the kind of each.

    Parameters
    ----------
    secrets : Secrets
    """

    def __init__(self, secrets: Secrets) -> None:
        self.found: Counter[str] = Counter()
        self.searched: Counter[str] = Counter()
        self._kind: dict[str, str] = {}
        self._pieces: dict[str, str] = {}
        self._odd: list[tuple[str, str]] = []
        for kind, secret in secrets.all():
            low = secret.lower()
            self._kind[low] = kind
            if _PLAIN.fullmatch(low):
                for place in range(len(low) - 3):
                    self._pieces.setdefault(low[place : place + 4], kind)
            else:
                self._odd.append((low, kind))

    def texts(self, where: str, texts: Iterable[Any]) -> None:
        """Search values that hold nothing but words, for any four characters of a secret."""
        joined = "\n".join(str(text) for text in texts if text is not None)
        for shown in {joined.lower(), fold(joined).text.lower()}:
            self._pieces_in(where, shown)
            self._odd_in(where, shown)

    def _pieces_in(self, where: str, text: str) -> None:
        for pattern in (_LETTERS, _DIGITS):
            for match in pattern.finditer(text):
                run = match.group()
                places = range(len(run) - 3)
                kinds = [self._pieces.get(run[place : place + 4]) for place in places]
                kind = self._kind.get(run) or next(filter(None, kinds), None)
                if kind is not None:
                    self.found[f"{where}: {kind}"] += 1
        self.words(where, text)

    def _odd_in(self, where: str, text: str) -> None:
        for secret, kind in self._odd:
            if secret in text or secret.replace(" ", "") in text:
                self.found[f"{where}: {kind}"] += 1

    def words(self, where: str, text: str) -> None:
        """Search a text that may hold hashes and numbers of its own, for whole secrets."""
        self.searched[where] += len(text)
        for word in set(_WORDS.findall(text.lower())):
            kind = self._kind.get(word)
            if kind is not None and len(word) >= _LEAST:
                self.found[f"{where}: {kind}"] += 1

    def store(self, path: Path) -> None:
        """Search every file of a store: names, bytes, metadata, statistics and values."""
        for file in sorted(path.rglob("*")):
            self.words("file names", str(file.relative_to(path)))
            if file.is_dir():
                continue
            content = file.read_bytes()
            self.words("bytes", content.decode("latin-1"))
            if file.suffix == ".parquet":
                self._parquet(file)

    def _parquet(self, file: Path) -> None:
        with pq.ParquetFile(file) as parquet:
            self.words("Parquet metadata", str(parquet.metadata.metadata))
            self.texts("Parquet statistics", _statistics(parquet))
            table = parquet.read()
        for name in table.schema.names:
            values = _flat(table[name].to_pylist())
            if name.endswith(("_bin", "_day", "_year")):
                # round numbers: a whole secret would be seen
                self.words(name, "\n".join(map(str, values)))
            else:
                self.texts(name, (_short(value) for value in values))


def _short(value: Any) -> Any:
    """Write a coordinate as short as it is: its digits are those of the cell."""
    return f"{value:.6g}" if isinstance(value, float) else value


def _statistics(parquet: pq.ParquetFile) -> Iterator[str]:
    metadata = parquet.metadata
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            found = metadata.row_group(group).column(number).statistics
            if found is not None and found.has_min_max and not hasattr(found.min, "year"):
                yield f"{found.min} {found.max}"


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value
