"""What models said of posts: Parquet by model, keyed by the post's pseudonym.

::

    LABELS/
      manifest.json                kind and version
      model=ID/model.json          name, classes and id of the model
      model=ID/NAME.parquet        one row a post
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from inundate.core.errors import DataError, RunError
from inundate.core.files import atomic_file, write_text
from inundate.posts.lock import locked
from inundate.posts.parquet import ROW_GROUP, read_batches, write_parquet

__all__ = [
    "LABELS",
    "LABEL_SCHEMA",
    "ModelLabels",
    "beside",
    "models_of",
    "open_labels",
    "prune_labels",
    "to_label_table",
]

LABELS = "posts-labels"  # kind in the manifest
_VERSION = 1
_MANIFEST, _MODEL = "manifest.json", "model.json"
_MOST_SMALL = 16  # small files of a stream that are put together

LABEL_SCHEMA = pa.schema(
    [
        ("post", pa.string()),
        ("label", pa.string()),  # null: not sure
        ("probability", pa.float32()),  # of the most probable class
        ("probabilities", pa.list_(pa.float32())),  # in the order of the model's classes
    ]
)


def beside(store: Path | str) -> Path:
    """Give where the labels of a store lie unless another place is given: ``STORE-labels``."""
    path = Path(store)
    return path.with_name(f"{path.name}-labels")


def to_label_table(
    posts: Sequence[str], probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> pa.Table:
    """Make a table of :data:`LABEL_SCHEMA`.

    Parameters
    ----------
    posts : sequence of str, N
    probabilities : array (N, K)
    labels : array (N,), int
        Index of the class, -1 for "not sure".
    classes : sequence of str, K
    """
    names = [*classes, None]
    columns = {
        "post": list(posts),
        "label": [names[place] for place in labels.tolist()],
        "probability": probabilities.max(axis=1).astype(np.float32) if len(posts) else [],
        "probabilities": list(probabilities.astype(np.float32)),
    }
    return pa.table(columns, schema=LABEL_SCHEMA)


class ModelLabels:
    """The labels of one model; see :func:`open_labels`."""

    def __init__(self, folder: Path, told: Mapping[str, Any]) -> None:
        self.folder = folder
        self.told = dict(told)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold them for writing; another process that wants to waits.

        What a killed process was writing, or one of its workers, is removed first.
        """
        with locked(self.folder / "_lock"):
            for half in self.folder.glob(".*.part-*"):
                half.unlink()
            yield

    def files(self) -> list[Path]:
        """Give the whole files, in the order of their names."""
        return sorted(self.folder.glob("[!.]*.parquet"))

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read all labels; after a crash at an awkward time a post may come twice, the same."""
        for file in self.files():
            yield from read_batches(file, columns)

    def posts(self) -> set[str]:
        """Give the posts that have a label of this model."""
        found: set[str] = set()
        for table in self.tables(["post"]):
            found.update(table["post"].to_pylist())
        return found

    def read(self) -> pa.Table:
        """Give all labels as one table, one row a post, in the order of posts."""
        whole = pa.concat_tables([LABEL_SCHEMA.empty_table(), *self.tables()])
        seen = np.array(whole["post"].to_pylist(), dtype=object)
        _, first = np.unique(seen, return_index=True)
        return whole.take(pa.array(first))

    def add(self, table: pa.Table, name: str | None = None) -> None:
        """Add labels as a file, whole or not at all.

        Parameters
        ----------
        table : Table
            Of :data:`LABEL_SCHEMA`.
        name : str, optional
            Of the file; one of that name is replaced.
        """
        if table.num_rows or name is not None:
            place = self.folder / f"{name or f'stream-{uuid.uuid4().hex[:12]}'}.parquet"
            with atomic_file(place) as temporary:
                write_parquet(temporary, [table], LABEL_SCHEMA)
                if not temporary.exists():  # no rows, and yet done
                    write_empty(temporary)

    def gather(self) -> None:
        """Put small files of a stream together where there are many; to be called locked."""
        small = [file for file in self.folder.glob("stream-*.parquet") if _rows(file) < ROW_GROUP]
        if len(small) < _MOST_SMALL:
            return
        tables = [table for file in small for table in read_batches(file)]
        self.add(pa.concat_tables(tables))
        for file in small:
            file.unlink()

    def keep(self, posts: set[str]) -> int:
        """Take away the labels of all other posts; give their number."""
        gone = 0
        with self.lock():
            for file in self.files():
                tables = list(read_batches(file))
                kept = [table.filter(_is_in(table, posts)) for table in tables]
                lost = sum(table.num_rows for table in tables) - sum(map(len, kept))
                if lost:
                    self.add(pa.concat_tables(kept), file.stem)
                gone += lost
        return gone


def write_empty(path: Path) -> None:
    """Write a file without rows: what it stands for is done, and had no posts."""
    import pyarrow.parquet as pq

    pq.write_table(LABEL_SCHEMA.empty_table(), path)


def _is_in(table: pa.Table, posts: set[str]) -> pa.Array:
    return pa.array([post in posts for post in table["post"].to_pylist()], pa.bool_())


def _rows(file: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def open_labels(path: Path | str, model: str, *, name: str, classes: Sequence[str]) -> ModelLabels:
    """Open the labels of a model, made if absent.

    Parameters
    ----------
    path : Path
        Folder of labels of any number of models.
    model : str
        Id of the model.
    name : str
        Of the model, for people.
    classes : sequence of str

    Raises
    ------
    RunError
        If something else is there.
    DataError
        If labels under this id are of other classes.
    """
    place = Path(path)
    _check_manifest(place)
    folder = place / f"model={model}"
    told = {"model": model, "name": name, "classes": list(classes)}
    file = folder / _MODEL
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_text(place / _MANIFEST, json.dumps({"kind": LABELS, "version": _VERSION}) + "\n")
        write_text(file, json.dumps(told, indent=2) + "\n")
    found = json.loads(file.read_text(encoding="utf-8"))
    if found["classes"] != told["classes"]:
        raise DataError(
            f"opening {folder}: labels of the classes {', '.join(found['classes'])}, expected "
            f"{', '.join(classes)}",
            hint="give another -o",
        )
    return ModelLabels(folder, found)


def _check_manifest(place: Path) -> None:
    file = place / _MANIFEST
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    kind = told.get("kind") if isinstance(told, dict) else None
    if kind != LABELS:
        raise RunError(
            f"writing labels to {place}: something else is there"
            + (f" (kind {kind})" if kind else ""),
            hint="give another -o, or a folder of labels that an earlier run has made",
        )


def models_of(path: Path | str) -> list[ModelLabels]:
    """Give the labels of every model in a folder, in the order of their ids.

    Raises
    ------
    RunError
        If the folder holds something else.
    """
    place = Path(path)
    _check_manifest(place)
    return [
        ModelLabels(file.parent, json.loads(file.read_text(encoding="utf-8")))
        for file in sorted(place.glob(f"model=*/{_MODEL}"))
    ]


def prune_labels(path: Path | str, posts: Iterable[str]) -> int:
    """Take away what models said of posts that are no longer there.

    Parameters
    ----------
    path : Path
        Folder of labels.
    posts : iterable of str
        Those that are still there.

    Returns
    -------
    int
        Rows taken away.
    """
    kept = set(posts)
    return sum(model.keep(kept) for model in models_of(path))
