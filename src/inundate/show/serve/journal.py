"""The journal of a live view: one line a change, appended, whole or not there.

A line holds what was read, from where to where in which file, and what came of it. Offset and
observation are thus one write, so that a process killed at any time neither loses nor doubles one.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError, RunError

__all__ = ["Journal"]

_VERSION = 1


class Journal:
    """An append-only file of JSON lines that one process at a time writes.

    Parameters
    ----------
    path : Path
        Made if absent. A line that a killed process left unfinished is cut off.

    Attributes
    ----------
    name : str
        Random name of this journal, so that a reader of another one starts anew.
    seq : int
        Number of the last line; the first change has 1.
    size : int
        Bytes.

    Raises
    ------
    RunError
        If another process has it.
    DataError
        If it is no journal, or a line within it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise RunError(
                f"opening {path}: another process has it",
                hint="end that one, or give another --state",
            ) from error
        self.seq, self.size, self.name = 0, 0, ""
        try:
            self._recover()
        except BaseException:
            self.close()
            raise

    def _recover(self) -> None:
        """Count the lines, cut an unfinished one off, begin an empty file."""
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream):
                if not line.endswith(b"\n"):
                    break
                self._check(number, line)
                self.size += len(line)
                self.seq = number
        os.ftruncate(self._handle, self.size)
        if not self.size:
            self.name = uuid.uuid4().hex
            self._put({"kind": "journal", "version": _VERSION, "name": self.name})

    def _check(self, number: int, line: bytes) -> None:
        try:
            found = json.loads(line)
            if number == 0:
                is_ours = found["kind"] == "journal" and found["version"] == _VERSION
                self.name = str(found["name"])
            else:
                is_ours = found["seq"] == number
        except (ValueError, KeyError, TypeError):
            is_ours = False
        if not is_ours:
            raise DataError(
                f"reading {self.path}, line {number + 1}: found no line of a live view's journal",
                hint="give another --state; what is still in the folder is then read anew",
            )

    def lines(self) -> Iterator[dict[str, Any]]:
        """Give all changes, from the first."""
        with self.path.open("rb") as stream:
            next(stream)
            for line in stream:
                yield json.loads(line)

    def append(self, change: dict[str, Any]) -> dict[str, Any]:
        """Write a change and give it with its number; it is on disk when this returns.

        Raises
        ------
        OSError
            If it could not be written, as on a full disk; the journal is as it was before.
        RunError
            If the file was deleted or moved away: what is written would be lost at the end.
        """
        self._check_there()
        numbered = {"seq": self.seq + 1, **change}
        self._put(numbered)
        self.seq += 1
        return numbered

    def _check_there(self) -> None:
        try:
            is_there = os.path.samestat(os.fstat(self._handle), self.path.stat())
        except FileNotFoundError:
            is_there = False
        if not is_there:
            raise RunError(
                f"writing {self.path}: it was deleted or replaced under the running server",
                hint="start the server anew; what is still in the folder is then read again",
            )

    def _put(self, line: dict[str, Any]) -> None:
        data = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode(
            "utf-8", "replace"
        )
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(self._handle, data[done:], self.size + done)
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, self.size)
            raise
        self.size += len(data)

    def close(self) -> None:
        """Give the file back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
