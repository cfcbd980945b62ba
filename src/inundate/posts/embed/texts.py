"""Texts to train on or to count words in: stores, tables, plain files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from inundate.core.errors import DataError
from inundate.core.files import check_input

__all__ = ["Texts", "Tokens", "open_texts"]

Tokens = Literal["posts", "glove-twitter", "spaces"]
_TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json")


@dataclass
class Texts:
    """Texts of some files, cut into words when they are asked for.

    Parameters
    ----------
    paths : tuple of Path
        Pseudonymised stores, tables (CSV, TSV, JSON lines), or files with one text a line; files
        may be packed by gzip, zstd or bzip2.
    tokens : str
        ``posts`` or ``glove-twitter``: style of the tokeniser; ``spaces``: texts are words with
        blanks between them already.
    column : str, optional
        Of tables: the one with the text; by default it is found.

    Attributes
    ----------
    assumed : list of str
        What was taken for granted while reading.
    """

    paths: tuple[Path, ...]
    tokens: Tokens = "posts"
    column: str | None = None
    assumed: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[list[str]]:
        """Give the words of each text."""
        if self.tokens == "spaces":
            yield from (text.split() for text in self.texts())
            return
        cut = self._tokeniser()
        yield from (cut(text) for text in self.texts())

    def texts(self) -> Iterator[str]:
        """Give each text as it is."""
        for path in self.paths:
            if path.is_dir():
                yield from _stored(path)
            elif _suffix(path) in _TABLES:
                yield from self._table(path)
            else:
                yield from _lines(path)

    def _tokeniser(self) -> Any:
        from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

        style: Literal["posts", "glove-twitter"] = (
            "glove-twitter" if self.tokens == "glove-twitter" else "posts"
        )
        return Tokeniser(TokeniserSettings(style=style))

    def describe(self) -> dict[str, Any]:
        """Say how texts become words; JSON without nulls, as TOML has none."""
        if self.tokens == "spaces":
            return {"tokens": "spaces"}
        made = self._tokeniser().describe()
        return {"tokens": self.tokens, **{k: v for k, v in made.items() if v is not None}}

    def digests(self) -> dict[str, str]:
        """Give the name and the digest of each file or store."""
        return {str(path): _digest(path) for path in self.paths}

    def _table(self, path: Path) -> Iterator[str]:
        from inundate.posts.labelled.columns import find_text, named
        from inundate.posts.labelled.rows import read_rows

        table = read_rows(path)
        found = (
            find_text(table, str(path))
            if self.column is None
            else named(table, self.column, "text", str(path))
        )
        if found.why:
            self._assume(f"{path.name}: the text is in column {found.name!r}, {found.why}")
        if table.broken:
            first = ", ".join(map(str, table.broken[:3]))
            self._assume(
                f"{path.name}: {len(table.broken):,} lines are no rows (the first: {first})"
            )
        place = table.header.index(found.name)
        yield from (row[place] for row in table.rows)

    def _assume(self, what: str) -> None:
        if what not in self.assumed:
            self.assumed.append(what)


def open_texts(
    paths: Sequence[Path], *, tokens: Tokens = "posts", column: str | None = None
) -> Texts:
    """Find texts; nothing is read yet.

    Raises
    ------
    MissingFileError
        If one is absent.
    DataError
        If none is given, a folder is no store, or a store is raw.
    """
    if not paths:
        raise DataError("reading texts: no file or store is given")
    for path in paths:
        check_input(path, what="reading texts of")
        if path.is_dir():
            from inundate.posts.store import open_posts

            open_posts(path)
    return Texts(tuple(paths), tokens, column)


def _suffix(path: Path) -> str:
    packed = path.suffix.lower() in (".gz", ".zst", ".bz2")
    return Path(path.stem if packed else path.name).suffix.lower()


def _stored(path: Path) -> Iterator[str]:
    from inundate.posts.store import open_posts

    for table in open_posts(path).batches(["text"]):
        yield from (text for text in table.column("text").to_pylist() if text)


def _lines(path: Path) -> Iterator[str]:
    from inundate.posts.importers.stream import Damage, read_lines

    try:
        for _, line in read_lines(path):
            yield line.decode("utf-8", "replace")
    except Damage as error:
        raise DataError(f"reading texts of {path}: {error}", hint="get the file again") from error


def _digest(path: Path) -> str:
    files: Iterable[Path] = sorted((path / "_ledger").glob("*.json")) if path.is_dir() else [path]
    found = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            found.update(hashlib.file_digest(stream, "sha256").digest())
    return found.hexdigest()
