"""Classify a whole store: in pieces, over processes or a cluster; nothing done is done twice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.posts.labelled.numbers import NumberTable
from inundate.posts.parquet import ROW_GROUP, read_batches
from inundate.posts.serve.labels import ModelLabels
from inundate.posts.serve.stream import Served, answer
from inundate.posts.shift.model import Model
from inundate.posts.shift.opening import open_model
from inundate.posts.store import PostStore

__all__ = ["Piece", "classify_archive", "label_piece", "pieces_of"]

_TRIES = 3  # of a piece whose worker died: after that it is the piece
_AT_ONCE = 512  # posts handed to the model together


@dataclass(frozen=True)
class Piece:
    """A part of a store, or a stretch of a long one."""

    part: Path
    hash: str
    """Of the whole part, as the ledger has it."""
    group: int
    """Number of the stretch, of ROW_GROUP rows each."""
    rows: int

    @property
    def name(self) -> str:
        """Name of the file of its labels."""
        told = hashlib.blake2b(f"{self.hash}/{self.group}".encode(), digest_size=12).hexdigest()
        return f"archive-{told}"


def pieces_of(store: PostStore) -> list[Piece]:
    """Cut a store into pieces, in the order of its parts."""
    return [
        Piece(part.path, part.entry.parts[part.name].hash, group,
              min(ROW_GROUP, part.rows - group * ROW_GROUP))
        for part in store.parts()
        for group in range(-(-part.rows // ROW_GROUP))
    ]  # fmt: skip


def _read(piece: Piece, columns: tuple[str, ...]) -> pa.Table:
    if not piece.part.is_file():
        raise DataError(
            f"classifying {piece.part}: the ledger names it, and it is absent",
            hint="restore the file; a worker on another machine must see the same disk",
        )
    for group, table in enumerate(read_batches(piece.part, columns)):
        if group == piece.group:
            return table
    raise DataError(f"classifying {piece.part}: it is shorter than the ledger says")


@lru_cache(maxsize=1)
def _opened(folder: Path, identity: str) -> Model:
    return open_model(folder)


def label_piece(
    piece: Piece, folder: Path, labels: ModelLabels, numbers: NumberTable | None = None
) -> dict[str, int]:
    """Classify a piece and write its labels; what a worker does.

    Parameters
    ----------
    piece : Piece
    folder : Path
        Of the model.
    labels : ModelLabels
    numbers : NumberTable, optional
        What the model reads beside texts.

    Returns
    -------
    dict of str to int
        Posts of each answer.
    """
    return _label(piece, _opened(folder, str(labels.told["model"])), labels, numbers)


def _label(
    piece: Piece, model: Model, labels: ModelLabels, numbers: NumberTable | None
) -> dict[str, int]:
    table = _read(piece, ("post", "text"))
    served = Served()
    made = []
    for start in range(0, table.num_rows, _AT_ONCE):
        some = table.slice(start, _AT_ONCE)
        texts = [text or "" for text in some["text"].to_pylist()]
        made.append(answer(model, some["post"].to_pylist(), texts, numbers))
        served.count(made[-1])
    labels.add(pa.concat_tables(made), piece.name)
    return served.labels


def classify_archive(
    store: PostStore,
    folder: Path,
    labels: ModelLabels,
    *,
    jobs: int = 1,
    cluster: str | None = None,
    numbers: NumberTable | None = None,
    on_done: Callable[[int], None] = lambda _: None,
) -> Served:
    """Classify all posts of a store that have no answer of a model yet.

    Each piece is written when it is done. A run that was killed goes on when it is given again;
    a worker that dies loses the piece that it worked on, which is done again.

    Parameters
    ----------
    store : PostStore
        Pseudonymised.
    folder : Path
        Of the model.
    labels : ModelLabels
        Its labels.
    jobs : int
        Processes; with 1 all is done in this one.
    cluster : str, optional
        Address of a Dask scheduler whose workers see the same disk, instead of processes.
    numbers : NumberTable, optional
        What the model reads beside texts; not on a cluster.
    on_done : callable
        Told the number of posts of each piece that is done.

    Returns
    -------
    Served

    Raises
    ------
    ConfigError
        If ``jobs`` is less than 1, the address is none, or numbers go with a cluster.
    RunError
        If workers die at the same piece again and again.
    """
    if cluster is not None and numbers is not None:
        raise ConfigError(
            f"classifying {store.path} on a cluster: the model reads {', '.join(numbers.columns)} "
            "beside texts, which are looked up on one machine",
            hint="leave --cluster out; --jobs takes more processes",
        )
    if jobs < 1:
        raise ConfigError(f"classifying {store.path}: {jobs} jobs, expected at least 1")
    begun, served = time.monotonic(), Served()
    with labels.lock():
        left = []
        done = labels.posts()
        for piece in pieces_of(store):
            posts = _read(piece, ("post",))["post"].to_pylist() if done else None
            if posts is not None and done.issuperset(posts):
                served.known += piece.rows
                on_done(piece.rows)
            else:
                left.append(piece)
        for piece, counts in _run(left, folder, labels, jobs, cluster, numbers):
            served.posts += sum(counts.values())
            for name, number in counts.items():
                served.labels[name] = served.labels.get(name, 0) + number
            on_done(piece.rows)
    served.seconds = time.monotonic() - begun
    return served


def _run(
    left: list[Piece], folder: Path, labels: ModelLabels, jobs: int, cluster: str | None,
    numbers: NumberTable | None,
) -> Iterator[tuple[Piece, dict[str, int]]]:  # fmt: skip
    if cluster is not None:
        from inundate.posts.serve.dask import run_on_cluster

        yield from run_on_cluster(left, folder.absolute(), labels, cluster)
    elif jobs > 1 and len(left) > 1:
        yield from _run_on_processes(left, folder, labels, jobs, numbers)
    elif left:
        model = open_model(folder)
        for piece in left:
            yield piece, _label(piece, model, labels, numbers)


def _run_on_processes(
    left: list[Piece], folder: Path, labels: ModelLabels, jobs: int, numbers: NumberTable | None
) -> Iterator[tuple[Piece, dict[str, int]]]:
    waiting = list(left)
    tries: dict[str, int] = {}
    while waiting:
        given, done = list(waiting), set()
        # no threads are copied half-way
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            try:
                for piece, counts in _results(pool, given, folder, labels, jobs, numbers):
                    done.add(piece)
                    yield piece, counts
            except BrokenProcessPool:
                waiting = [piece for piece in waiting if piece not in done]
                _count_tries(waiting[:jobs], tries)
                continue
        waiting = []


def _results(
    pool: ProcessPoolExecutor, given: list[Piece], folder: Path, labels: ModelLabels, jobs: int,
    numbers: NumberTable | None,
) -> Iterator[tuple[Piece, dict[str, int]]]:  # fmt: skip
    """Keep a few pieces under way, so that Ctrl-C has little to wait for."""
    under_way: dict[Future[dict[str, int]], Piece] = {}
    queue = iter(given)
    while True:
        while len(under_way) < jobs and (piece := next(queue, None)) is not None:
            under_way[pool.submit(label_piece, piece, folder, labels, numbers)] = piece
        if not under_way:
            return
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            yield under_way.pop(future), future.result()


def _count_tries(pieces: list[Piece], tries: dict[str, int]) -> None:
    for piece in pieces:
        tries[piece.name] = tries.get(piece.name, 0) + 1
        if tries[piece.name] >= _TRIES:
            raise RunError(
                f"classifying {piece.part}: workers died {_TRIES} times at it or beside it",
                hint="less memory is used with fewer --jobs; what is done is kept",
            )
