"""Outputs that are whole or absent: written to a temporary name, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from inundate.core.errors import MissingFileError, RunError

__all__ = [
    "atomic_file",
    "atomic_folder",
    "check_input",
    "check_not_input",
    "check_output",
    "write_text",
]

# outputs that need these suffixes keep them in the temporary name, since writers look at it
_PART = ".part-"
# Zarr writes with several threads, and those that run on after a fault make the folder anew
_REMOVALS, _ABSENT, _REMOVAL_WAIT_S = 60, 8, 0.05


def check_input(path: Path | str, *, what: str = "reading") -> Path:
    """Give an existing path.

    Raises
    ------
    MissingFileError
        If nothing is there; the message says where it was looked for.
    """
    found = Path(path)
    if not found.exists():
        raise MissingFileError(
            f"{what} {path}: no such file or folder (looked in {found.absolute().parent})",
            hint=_nearby(found),
        )
    return found


def _nearby(path: Path) -> str | None:
    from inundate.core.errors import nearest

    parent = path.absolute().parent
    if not parent.is_dir():
        return f"the folder {parent} does not exist either"
    close = nearest(path.name, [entry.name for entry in parent.iterdir()])
    return f"did you mean {parent / close}?" if close else None


def check_output(path: Path | str, overwrite: bool = False) -> Path:
    """Give a path that may be written to.

    Raises
    ------
    RunError
        If it exists and ``overwrite`` is false, or its folder cannot be made or written to.
    """
    found = Path(path)
    if found.exists() and not overwrite:
        raise RunError(
            f"writing {found}: it exists already",
            hint="give another -o, or --overwrite to replace it",
        )
    try:
        found.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"writing {found}: the folder {found.parent} cannot be made ({error.strerror})",
            hint="give another -o",
        ) from error
    _check_writable(found)  # told before hours of work
    return found


def _check_writable(path: Path) -> None:
    """Write and remove an empty file: root may write anywhere, and yet not into /proc."""
    parent = path.absolute().parent
    probe = parent / f".inundate{_PART}{uuid.uuid4().hex[:8]}"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        cause = "no permission" if isinstance(error, PermissionError) else "no way"
        raise RunError(
            f"writing {path}: {cause} to write into {parent} ({error.strerror})",
            hint="give another -o",
        ) from error


def check_not_input(output: Path, inputs: Iterable[Path]) -> None:
    """Check that writing an output would not destroy what it is made of.

    Raises
    ------
    RunError
        If the output is one of the inputs, or holds one.
    """
    place = output.resolve()
    for path in inputs:
        found = path.resolve()
        if place == found or place in found.parents:
            raise RunError(
                f"writing {output}: it is or holds the input {path}, which would be lost",
                hint="give another -o",
            )


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.stem}{_PART}{uuid.uuid4().hex[:8]}{target.suffix}")


@contextmanager
def atomic_file(path: Path | str) -> Iterator[Path]:
    """Write a file under a temporary name and rename it when the block succeeds.

    Parameters
    ----------
    path : Path or str
        Final name; an existing file is replaced only at the end.

    Yields
    ------
    Path
        Temporary path beside the target, with the same suffix.

    Raises
    ------
    RunError
        If the name is a folder's, the disk is full or the folder cannot be written to.
    """
    target = Path(path)
    if target.is_dir():
        raise RunError(
            f"writing {target}: it is a folder, expected a file or nothing",
            hint="give another -o",
        )
    temporary = _temporary(target)
    with _as_run_error(target):
        try:
            yield temporary
            if temporary.is_file():
                _sync(temporary)
            os.replace(temporary, target)  # noqa: PTH105  replaces atomically
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Fill a folder under a temporary name and rename it when the block succeeds.

    An existing folder of that name is replaced only at the end. See :func:`atomic_file`.
    """
    target = Path(path)
    temporary = _temporary(target)
    with _as_run_error(target):
        try:
            temporary.mkdir(parents=True)
            yield temporary
            _swap(temporary, target)
        except (OSError, KeyboardInterrupt):
            _remove_for_good(temporary)
            raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _remove_for_good(folder: Path) -> None:
    """Remove a folder from under threads that still write after a fault in another."""
    absent = 0
    for _ in range(_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        absent = 0 if folder.exists() else absent + 1
        if absent == _ABSENT:
            return
        time.sleep(_REMOVAL_WAIT_S)


def _swap(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    old = _temporary(target)
    target.rename(old)
    try:
        temporary.rename(target)
    except OSError:
        old.rename(target)
        raise
    if old.is_dir():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


@contextmanager
def _as_run_error(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if any(_PART in name for name in target.parts):  # a part of a larger output, which tells
            raise
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RunError(
                f"writing {target}: the disk is full; nothing was written",
                hint="free some space or give another -o",
            ) from error
        if error.errno == errno.EFBIG:
            raise RunError(
                f"writing {target}: a file would be larger than is allowed here; "
                "nothing was written",
                hint="raise the limit (ulimit -f) or give another -o",
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise RunError(
                f"writing {target}: no permission ({error.strerror})", hint="give another -o"
            ) from error
        raise


def write_text(path: Path | str, text: str) -> Path:
    """Write a text file atomically, UTF-8."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)
