"""Pieces of an archive on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from inundate.core.errors import InundateError, RunError, require_extra
from inundate.hydro.cluster import open_cluster
from inundate.posts.serve.archive import Piece, label_piece
from inundate.posts.serve.labels import ModelLabels

__all__ = ["run_on_cluster"]

_AHEAD = 2  # pieces a worker thread is given at once: none waits, and few are lost


def run_on_cluster(
    left: list[Piece], folder: Path, labels: ModelLabels, cluster: str
) -> Iterator[tuple[Piece, dict[str, int]]]:
    """Classify pieces on a cluster; a piece whose worker died goes to another.

    Parameters
    ----------
    left : list of Piece
    folder : Path
        Of the model, where the workers see it.
    labels : ModelLabels
    cluster : str
        Address of a scheduler, or a TOML file with ``[slurm]``.

    Yields
    ------
    tuple of (Piece, dict)

    Raises
    ------
    MissingExtraError, ConfigError, RunError
        If Dask is absent, the address is none, nobody answers, or workers die at the same piece
        again and again.
    """
    library = require_extra("cluster", "distributed", what="classifying on a cluster")
    there = ModelLabels(labels.folder.absolute(), labels.told)
    with open_cluster(cluster) as pool:
        client = pool.client
        queue = iter(left)
        under_way: dict[Any, Piece] = {}
        running = library.as_completed()
        while True:
            most = _AHEAD * max(sum(client.nthreads().values()), 1)
            while len(under_way) < most and (piece := next(queue, None)) is not None:
                sent = replace(piece, part=piece.part.absolute())
                future = client.submit(label_piece, sent, folder, there, pure=False)
                under_way[future] = piece
                running.add(future)
            if not under_way:
                return
            future = next(running)
            piece = under_way.pop(future)
            yield piece, _result(future, piece)


def _result(future: Any, piece: Piece) -> dict[str, int]:
    try:
        found: dict[str, int] = future.result()
    except InundateError:
        raise
    except Exception as error:
        raise RunError(
            f"classifying {piece.part} on the cluster: {type(error).__name__}: {error}",
            hint="what is done is kept: give the same command again",
        ) from error
    return found
