"""Where a pseudonymised store is made before it is put in place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inundate.posts.store import PostStore

__all__ = ["learned", "learned_of", "staging_of", "swap"]


def staging_of(output: Path) -> Path:
    """Give the folder in which an output is made, and found again after an interruption."""
    return output.with_name(f".{output.name}.part-anonymise")


def learned_of(store: PostStore) -> Path:
    """Give the folder for what is learned of handles."""
    return store.path / "_staging" / "learned"


@contextmanager
def learned(store: PostStore) -> Iterator[Path]:
    """Make that folder: for the owner alone, and gone afterwards."""
    folder = learned_of(store)
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def swap(made: Path, target: Path) -> None:
    """Put the output in place; what was there goes only then."""
    old = target.with_name(f".{target.name}.old-anonymise")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    made.rename(target)
    shutil.rmtree(old, ignore_errors=True)
