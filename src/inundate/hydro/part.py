"""Where an unfinished simulation lives: a hidden folder beside its output.

::

    .sim.zarr.part/
      job.json          what is simulated: settings, hashes of inputs, version
      lock              held by the process that writes
      store.zarr/       the output so far
      checkpoint-*      the last two checkpoints

The same command goes on from there; when the simulation is complete the store is moved to its
name and the folder is gone.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.core.errors import InundateError, RunError, StabilityError
from inundate.core.files import check_output, write_text
from inundate.hydro.checkpoint import checkpoints

try:
    import fcntl
except ImportError:  # not on Windows: there two processes are not kept apart
    fcntl = None  # type: ignore[assignment]

__all__ = ["BusyError", "Part", "hold_lock", "open_part", "part_folder"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BusyError(RunError):
    """Another process is writing the same output."""


@dataclass(frozen=True)
class Part:
    """An unfinished simulation.

    Attributes
    ----------
    target : Path
        Output when it is complete.
    path : Path
        The hidden folder.
    """

    target: Path
    path: Path

    @property
    def store(self) -> Path:
        """The output so far."""
        return self.path / "store.zarr"

    def clear(self) -> None:
        """Forget what was done so far."""
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()

    def finish(self) -> None:
        """Move the store to its name and remove the folder."""
        if self.target.exists():
            self.target.rename(self.path / "replaced")
        self.store.rename(self.target)
        shutil.rmtree(self.path, ignore_errors=True)


def part_folder(target: Path) -> Path:
    """Give the hidden folder of an output."""
    return target.with_name(f".{target.name}.part")


@contextmanager
def open_part(target: Path, job: Mapping[str, Any], *, overwrite: bool = False) -> Iterator[Part]:
    """Open the hidden folder of an output, new or as an earlier try left it.

    When the block fails the folder stays if it holds a checkpoint or the computation broke down;
    the message says so.

    Parameters
    ----------
    target : Path
        Output when it is complete.
    job : mapping
        What is simulated, as JSON; an earlier try is gone on with only if it did the same.
    overwrite : bool
        Replace the output, and forget an earlier try that did something else.

    Yields
    ------
    Part

    Raises
    ------
    RunError
        If the output exists, an earlier try did something else, or the disk is full.
    BusyError
        If another process is writing it.
    """
    check_output(target, overwrite)
    part = Part(target, part_folder(target))
    with hold_lock(part.path / "lock", what=f"writing {target}"):
        check_output(target, overwrite)  # another process may have finished it just now
        described = json.loads(json.dumps(job))
        is_same = _match(part, described, overwrite)
        with _kept(part):
            if not is_same:
                part.clear()
                write_text(part.path / "job.json", json.dumps(described, indent=1))
            yield part


@contextmanager
def hold_lock(path: Path, *, what: str) -> Iterator[None]:
    """Hold a lock file; it is free again when this process is gone, however.

    Parameters
    ----------
    path : Path
        The file; its folder is made where needed.
    what : str
        Put in front of messages.

    Raises
    ------
    BusyError
        If another process holds it.
    RunError
        If it cannot be made.
    """
    stream = _open_lock(path, what)
    try:
        yield
    finally:
        os.close(stream)


def _open_lock(path: Path, what: str) -> int:
    while True:
        try:
            path.parent.mkdir(exist_ok=True)
            stream = os.open(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise RunError(f"{what}: {path}: {error.strerror}") from error
        if fcntl is None:
            return stream
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.stat(path)  # noqa: PTH116  compared with the open file
        except BlockingIOError as error:
            os.close(stream)
            raise BusyError(
                f"{what}: another process is writing it (it holds {path})",
                hint="wait for it, or give another -o",
            ) from error
        except FileNotFoundError:  # the other one has just finished and removed the folder
            os.close(stream)
            continue
        if found.st_ino == os.fstat(stream).st_ino:
            return stream
        os.close(stream)


@contextmanager
def _kept(part: Part) -> Iterator[None]:
    """Say what is kept when a simulation stops."""
    try:
        yield
    except StabilityError as error:
        _mark_failed(part)
        held = f"frames so far are kept in {part.store}"
        raise StabilityError(f"{error}; {held}", hint=error.hint, cause=error.cause) from error
    except OSError as error:
        if isinstance(error, InundateError) or error.errno not in _FULL:
            _drop_without_checkpoint(part)
            raise
        if not checkpoints(part.path):
            shutil.rmtree(part.path, ignore_errors=True)
            raise RunError(
                f"writing {part.target}: the disk is full; nothing is kept",
                hint="free some space and run the same command again",
            ) from error
        raise RunError(
            f"writing {part.target}: the disk is full; what was done is kept in {part.path}",
            hint="free some space and run the same command again: it goes on",
        ) from error
    except InundateError:
        _drop_without_checkpoint(part)
        raise
    except KeyboardInterrupt as error:
        if checkpoints(part.path):
            error.add_note("run the same command again to go on")
        else:
            shutil.rmtree(part.path, ignore_errors=True)
        raise


def _drop_without_checkpoint(part: Part) -> None:
    """Remove a folder from which nothing could be gone on with."""
    if not part.path.is_dir():
        return
    if checkpoints(part.path):
        _mark_failed(part)
    else:
        shutil.rmtree(part.path, ignore_errors=True)


def _mark_failed(part: Part) -> None:
    """Let another try with other settings take the place of this one."""
    (part.path / "failed").touch()


def _match(part: Part, job: Mapping[str, Any], overwrite: bool) -> bool:
    """Tell whether an earlier try did the same; refuse to forget another one unasked."""
    path = part.path / "job.json"
    if path.is_file():
        earlier = _read_job(path)
        if earlier == job:
            (part.path / "failed").unlink(missing_ok=True)
            return True
        if not overwrite and checkpoints(part.path) and not (part.path / "failed").exists():
            raise RunError(
                f"writing {part.target}: an unfinished simulation stands in {part.path}, "
                f"made otherwise\n  " + "\n  ".join(_differences(earlier, job)),
                hint="repeat that command to go on with it, or --overwrite to forget it",
            )
    return False


def _read_job(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return found


def _differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    before, after = _flat(earlier), _flat(now)
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new:
            is_hash = key.partition(".")[0] == "inputs"
            found.append(f"{key}: other values" if is_hash else f"{key}: {old!r}, now {new!r}")
    return found


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(content, Mapping):
        return {prefix: content}
    found: dict[str, Any] = {}
    for key, value in content.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found
