"""Checkpoints of a simulation: arrays and numbers in two generations, each hashed.

::

    checkpoint-0000001800.npz    arrays, uncompressed
    checkpoint-0000001800.json   numbers, the hash of the arrays and its own; written last

The number counts checkpoints. A file is written under a temporary name, synced and renamed, so
a checkpoint exists when its JSON does. Reading one runs no code.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.log import get_logger
from inundate.hydro.state import Array

__all__ = ["KEPT", "checkpoints", "read_newest", "write_checkpoint"]

KEPT = 2  # generations
_FORMAT = 1
_NAME = re.compile(r"checkpoint-(\d{10})\.json")
_log = get_logger("hydro.checkpoint")


def checkpoints(folder: Path) -> list[Path]:
    """List the checkpoints of a folder (their JSON files), oldest first."""
    return sorted(path for path in folder.glob("checkpoint-*.json") if _NAME.fullmatch(path.name))


def write_checkpoint(folder: Path, arrays: Mapping[str, Array], numbers: Mapping[str, Any]) -> Path:
    """Write a checkpoint and let go of all but the newest two.

    Parameters
    ----------
    folder : Path
        Where it goes.
    arrays : mapping of str to array
        No objects.
    numbers : mapping
        What JSON can hold.

    Raises
    ------
    OSError
        If it cannot be written, such as on a full disk; earlier ones stay as they were.
    """
    before = checkpoints(folder)
    number = _number(before[-1]) + 1 if before else 1
    target = folder / f"checkpoint-{number:010d}.json"
    digest = _write(target.with_suffix(".npz"), lambda stream: _save(stream, arrays))
    content = {"format": _FORMAT, "number": number, "arrays": digest, "numbers": dict(numbers)}
    content["blake2b"] = _digest_of(content)
    _write(target, lambda stream: stream.write(json.dumps(content).encode()))
    for old in before[: len(before) + 1 - KEPT]:
        old.unlink(missing_ok=True)
        old.with_suffix(".npz").unlink(missing_ok=True)
    return target


def read_newest(folder: Path) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Read the newest checkpoint that is whole.

    Returns
    -------
    arrays, numbers
        As written; None if no checkpoint was ever written.

    Raises
    ------
    DataError
        If there are checkpoints and all are damaged.
    """
    found = checkpoints(folder)
    faults = []
    for path in reversed(found):
        try:
            content = _read(path)
        except (DataError, OSError) as error:
            faults.append(str(error))
            continue
        if faults:
            _log.warning("%s; going on from %s", "; ".join(faults), path)
        return content
    if faults:
        raise DataError(
            f"resuming from {folder}: all {len(found)} checkpoints are damaged\n  "
            + "\n  ".join(faults),
            hint="--overwrite starts the simulation afresh",
        )
    return None


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stated = content.pop("blake2b")
        whole = stated == _digest_of(content) and content["format"] == _FORMAT
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise DataError(f"reading {path}: truncated or altered, or of another format")
    held = path.with_suffix(".npz")
    if not held.is_file():
        raise DataError(f"reading {held}: it is absent")
    with held.open("rb") as stream:
        if hashlib.file_digest(stream, _hash).hexdigest() != content["arrays"]:
            raise DataError(f"reading {held}: truncated or altered")
    with np.load(held, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}, content["numbers"]


def _number(path: Path) -> int:
    match = _NAME.fullmatch(path.name)
    assert match is not None  # only such paths are listed
    return int(match[1])


def _hash() -> Any:
    return hashlib.blake2b(digest_size=16)


def _digest_of(content: Mapping[str, Any]) -> str:
    digest = _hash()
    digest.update(json.dumps(content, sort_keys=True).encode())
    return str(digest.hexdigest())


def _save(stream: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """Write arrays as ``np.savez`` does, one after the other."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(values), allow_pickle=False)


def _write(path: Path, fill: Callable[[IO[bytes]], object]) -> str:
    """Write a file whole or not at all; give its hash."""
    part = path.with_name(f".{path.name}.tmp")
    try:
        with part.open("w+b") as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
            stream.seek(0)
            digest = hashlib.file_digest(stream, _hash).hexdigest()
        part.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            part.unlink(missing_ok=True)
        raise
    return str(digest)
