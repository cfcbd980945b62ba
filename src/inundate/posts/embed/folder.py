"""An embedding on disk: a folder whose files are memory-mapped, written whole, checked.

::

    FOLDER/
      meta.json       width, words, digest of the source, report, digest of each file
      vectors.npy     (V, E) float32
      mean.npy        (E,) float32
      text.npy  offsets.npy  hashes.npy  order.npy    the words, see index.WordTable
      stamps.json     sizes and times of the files when they were last found whole
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from inundate.core.errors import DataError, RunError
from inundate.core.files import atomic_folder, write_text
from inundate.posts.embed.files import Block
from inundate.posts.embed.index import WordTable, make_index
from inundate.posts.embed.report import ReadReport
from inundate.posts.embed.stamp import stamp

__all__ = ["KIND", "VERSION", "DamagedError", "Opened", "open_folder", "write_folder"]

KIND = "inundate-embedding"
VERSION = 1
"""Of this layout and of the readers; a cache of another version is made anew."""

_INDEX = ("text", "offsets", "hashes", "order")
_FILES = ("vectors.npy", "mean.npy", *(f"{name}.npy" for name in _INDEX))
_HEADER = 128  # bytes before the numbers of vectors.npy, room for any number of words


class DamagedError(DataError):
    """A folder of an embedding is incomplete, was changed, or is of another version."""


class Opened:
    """A folder that was opened: nothing of its arrays is in memory yet.

    Parameters
    ----------
    folder : Path
    meta : mapping
        Content of its ``meta.json``.
    """

    def __init__(self, folder: Path, meta: Mapping[str, Any]) -> None:
        self.folder, self.meta = folder, dict(meta)
        try:
            self.vectors = _mapped(folder / "vectors.npy")
            self.mean = np.load(folder / "mean.npy", allow_pickle=False)
            arrays = {name: _mapped(folder / f"{name}.npy") for name in _INDEX}
        except (OSError, ValueError) as error:
            raise _damaged(folder, str(error)) from error
        self.words = WordTable(**arrays)
        expected = (meta["words"], meta["width"])
        if self.vectors.shape != expected or self.vectors.dtype != np.float32:
            raise _damaged(folder, f"vectors {self.vectors.shape}, expected {expected}")


def _mapped(path: Path) -> np.ndarray[Any, Any]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)  # type: ignore[no-any-return]
    except ValueError:
        if path.stat().st_size == _HEADER:  # nothing to map: one empty word
            return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
        raise


def write_folder(
    folder: Path,
    blocks: Iterable[Block],
    *,
    name: str,
    digest: str | None,
    report: ReadReport | None = None,
    **info: Any,
) -> Path:
    """Write an embedding whole or not at all; of a word that comes twice the first one counts.

    Parameters
    ----------
    folder : Path
        Replaced if it is there.
    blocks : iterable of Block
    name : str
    digest : str or None
        SHA-256 of what it is made of; None: of the words and vectors themselves.
    report : ReadReport, optional
        Its duplicates are counted here.
    **info
        Further facts for ``meta.json``.

    Raises
    ------
    DataError
        If there are no words, or the blocks differ in width.
    """
    told = report or ReadReport(folder, "memory")
    with atomic_folder(folder) as part:
        own = hashlib.sha256() if digest is None else None
        words, total = _write_vectors(part / "vectors.npy", blocks, told, own)
        np.save(part / "mean.npy", (total / len(words)).astype(np.float32))
        for key, array in make_index(words).items():
            np.save(part / f"{key}.npy", array)
            if own is not None and key in ("text", "offsets"):
                own.update(array.tobytes())
        files = {file: _digest(part / file) for file in _FILES}
        meta = {
            "kind": KIND,
            "version": VERSION,
            "name": name,
            "digest": own.hexdigest() if own is not None else digest,
            "words": len(words),
            "width": len(total),
            "read": told.describe(),
            **info,
            "files": files,
        }
        meta["check"] = _check(meta)
        write_text(part / "meta.json", json.dumps(meta, indent=1, sort_keys=True) + "\n")
    _remember(folder)
    return folder


def _write_vectors(
    path: Path, blocks: Iterable[Block], report: ReadReport, own: Any
) -> tuple[list[bytes], np.ndarray[Any, Any]]:
    words: list[bytes] = []
    seen: set[bytes] = set()
    total: np.ndarray[Any, Any] | None = None
    with path.open("wb") as stream:
        stream.write(bytes(_HEADER))
        for block in blocks:
            new = _new(block, seen, report)
            total = np.zeros(new.vectors.shape[1]) if total is None else total
            if new.vectors.shape[1] != len(total):
                raise DataError(
                    f"writing {report.path}: vectors of {new.vectors.shape[1]} numbers after some "
                    f"of {len(total)}"
                )
            data = np.ascontiguousarray(new.vectors, np.float32)
            stream.write(data.data)
            if own is not None:
                own.update(data.data)
            total += data.sum(axis=0, dtype=np.float64)
            words += new.words
        if total is None or not words:
            raise DataError(f"reading {report.path} as vectors: it holds no word")
        _write_header(stream, len(words), len(total))
    return words, total


def _new(block: Block, seen: set[bytes], report: ReadReport) -> Block:
    """Take the words away that were there before."""
    before = len(seen)
    keep = np.ones(len(block.words), bool)
    for k, word in enumerate(block.words):
        if word in seen:
            keep[k] = False
        else:
            seen.add(word)
    if len(seen) - before == len(block.words):
        return block
    report.duplicates += int((~keep).sum())
    words = [word for word, good in zip(block.words, keep.tolist(), strict=True) if good]
    return Block(words, block.vectors[keep])


def _write_header(stream: BinaryIO, words: int, width: int) -> None:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({words}, {width}), }}"
    room = _HEADER - 10
    stream.seek(0)
    stream.write(b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little"))
    stream.write(text.ljust(room - 1).encode() + b"\n")


def open_folder(folder: Path, *, whole: bool = False) -> Opened:
    """Open the folder of an embedding.

    Its files are read through and compared with their digests only where their sizes or times are
    not those at which they were last found whole.

    Parameters
    ----------
    folder : Path
    whole : bool
        Compare the digests in any case.

    Raises
    ------
    DamagedError
        If it is incomplete, was changed or is of another version.
    """
    meta = _read_meta(folder)
    if whole or not _is_known(folder):
        for file in _FILES:
            path = folder / file
            if not path.is_file() or _digest(path) != meta["files"].get(file):
                raise _damaged(folder, f"{file} is absent or was changed")
        _remember(folder)
    return Opened(folder, meta)


def _read_meta(folder: Path) -> dict[str, Any]:
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder, f"its meta.json cannot be read ({error})") from error
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        raise _damaged(folder, f"its meta.json is not of kind {KIND}")
    if meta.get("version") != VERSION:
        raise _damaged(folder, f"it is of version {meta.get('version')!r}, expected {VERSION}")
    if meta.get("check") != _check(meta):
        raise _damaged(folder, "its meta.json was changed")
    return meta


def _check(meta: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in meta.items() if key != "check"}
    text = json.dumps(plain, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _damaged(folder: Path, what: str) -> DamagedError:
    return DamagedError(
        f"opening the embedding {folder}: {what}",
        hint="make it anew with inundate posts embed convert",
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_known(folder: Path) -> bool:
    try:
        stored = json.loads((folder / "stamps.json").read_text("utf-8"))
        return bool(stored == {file: stamp(folder / file) for file in _FILES})
    except (OSError, ValueError):
        return False


def _remember(folder: Path) -> None:
    """Note sizes and times; a folder that cannot be written to is read through each time."""
    try:
        text = json.dumps({file: stamp(folder / file) for file in _FILES})
        write_text(folder / "stamps.json", text + "\n")
    except (OSError, RunError):
        return
