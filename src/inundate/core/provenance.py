"""Where a result comes from: versions, commit, command, inputs by hash."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import inundate

__all__ = ["hash_path", "machine", "provenance"]

_PACKAGES = ("torch", "numpy", "xarray", "zarr", "numba", "pyproj")


def provenance() -> dict[str, object]:
    """Give versions, git commit, command line, platform and time (UTC)."""
    return {
        "inundate": inundate.__version__,
        "commit": _commit(),
        "argv": [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv else [],
        "python": platform.python_version(),
        "packages": _versions(),
        "machine": machine(),
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def machine() -> str:
    """Describe the machine: cores, architecture, operating system."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@lru_cache(maxsize=1)
def _commit() -> str | None:
    """Commit of the source tree, with ``+dirty``; None outside a git checkout of this project."""
    root = Path(inundate.__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        dirty = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+dirty" if dirty else commit


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()


def hash_path(path: Path | str) -> str:
    """Give the BLAKE2b hash (128 bit, hex) of a file, or of a folder's names and contents.

    Raises
    ------
    FileNotFoundError
        If the path does not exist.
    """
    source = Path(path)
    digest = hashlib.blake2b(digest_size=16)
    files = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    for file in files:
        if source.is_dir():
            digest.update(file.relative_to(source).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
