"""A lock on a file that a killed process gives back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock; another process that wants it waits.

    Parameters
    ----------
    path : Path
        Made if absent. It may be removed by who holds the lock.
    """
    handle = _taken(path)
    try:
        yield
    finally:
        os.close(handle)  # gives the lock back


def _taken(path: Path) -> int:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # the folder was removed in between
            continue
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_there(handle, path):
            return handle
        os.close(handle)  # the holder before us removed the file: ours locks nothing


def _is_there(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
