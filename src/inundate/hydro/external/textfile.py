"""Lines of text files with their numbers, and the numbers in them, with errors that name both."""

from __future__ import annotations

import gzip
import io
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inundate.core.errors import DataError, nearest
from inundate.core.files import check_input

__all__ = ["Line", "beside", "read_lines", "read_text", "stream_text"]


@dataclass(frozen=True)
class Line:
    """One line of a file.

    Attributes
    ----------
    path : Path
        The file.
    number : int
        Counted from 1.
    text : str
        Without the blanks at its ends.
    """

    path: Path
    number: int
    text: str

    @property
    def place(self) -> str:
        """File name and line number, for remarks."""
        return f"{self.path.name}, line {self.number}"

    @property
    def words(self) -> list[str]:
        """The words of the line."""
        return self.text.split()

    def fault(self, found: str, expected: str, *, hint: str | None = None) -> DataError:
        """Give the error that says what is wrong here."""
        return DataError(
            f"reading {self.path}, line {self.number}: found {found}, expected {expected}",
            hint=hint,
        )

    def numbers(self, what: str) -> list[float]:
        """Give all words as numbers."""
        return [self.number_of(word, what) for word in self.words]

    def number_of(self, word: str, what: str) -> float:
        """Give a word as a finite number."""
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.fault(f"{word[:40]!r}", what)
        return value

    def whole_of(self, word: str, what: str) -> int:
        """Give a word as a whole number."""
        value = self.number_of(word, what)
        if not value.is_integer():
            raise self.fault(f"{word[:40]!r}", what)
        return int(value)


def read_text(path: Path) -> str:
    """Read a text file, plain or gzipped.

    Raises
    ------
    MissingFileError
        If there is none.
    DataError
        If it is damaged, or no text.
    """
    source = check_input(path)
    if source.is_dir():
        raise DataError(f"reading {source}: found a folder, expected a text file")
    content = source.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _damaged(source, error) from error
    if b"\0" in content:
        raise DataError(f"reading {source}: found bytes that are no text, expected a text file")
    return content.decode("latin-1")


def stream_text(path: Path) -> Iterator[str]:
    """Give the lines of a text file, plain or gzipped, one in memory at a time.

    Raises
    ------
    MissingFileError
        If there is none.
    DataError
        If a gzip stream is damaged.
    """
    source = check_input(path)
    with source.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    opener = gzip.open if packed else open
    with opener(source, "rt", encoding="latin-1") as lines:
        try:
            yield from lines
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _damaged(source, error) from error


def _damaged(source: Path, error: Exception) -> DataError:
    return DataError(
        f"reading {source}: the gzip stream is damaged ({error})",
        hint="the file was cut off while it was written or copied",
    )


def read_lines(path: Path) -> Iterator[Line]:
    """Give the lines of a text file, empty ones and comments included."""
    for number, text in enumerate(io.StringIO(read_text(path)), start=1):
        yield Line(Path(path), number, text.strip())


def beside(line: Line, name: str) -> Path:
    """Find a file that a line names: as it is, beside the line's file, or there by its last part.

    Raises
    ------
    DataError
        If it is in none of these places.
    """
    named = Path(name.replace("\\", "/"))
    folder = line.path.parent
    for candidate in (folder / named, named, folder / named.name):
        if candidate.is_file():
            return candidate
    inside = [entry.name for entry in folder.iterdir() if entry.is_file()]
    close = nearest(named.name, inside)
    raise line.fault(
        f"the file name {name!r}, and no such file in {folder}",
        "an existing file",
        hint=f"did you mean {close!r}?" if close else "copy the file beside the one that names it",
    )
