"""Vectors of words beside gensim: opening, reading and training, in one run on one core."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inundate.cli.text_bench.embeddings_files import measure_files
from inundate.cli.text_bench.embeddings_train import measure_training
from inundate.core.errors import require_extra

__all__ = ["measure_embeddings"]


def measure_embeddings(
    shared: Path,
    scratch: Path,
    *,
    words: int = 400_000,
    width: int = 100,
    made_up: int = 2000,
    seeds: Sequence[int] = range(5),
) -> dict[str, Any]:
    """Measure reading, opening and training of vectors, ours and gensim's.

    Parameters
    ----------
    shared : Path
        Folder of real data; without ``text`` in it, training is measured on made-up texts alone.
    scratch : Path
        Emptied at the end of what is written here; some 2 GB at the full size.
    words, width : int
        Of the file that is read.
    made_up : int
        Texts of the made-up corpus.
    seeds : sequence of int
        Of the trainings.

    Returns
    -------
    dict
        ``versions``; ``files``: CPU seconds, wall milliseconds, memory and ratios;
        ``training``: words a CPU second and quality by corpus and method.
    """
    gensim: Any = require_extra("strangers", "gensim", what="the comparison with gensim")
    import numba
    import numpy as np

    work = scratch / "embeddings"
    work.mkdir(parents=True, exist_ok=True)
    try:
        return {
            "versions": {
                "gensim": gensim.__version__,
                "numba": numba.__version__,
                "numpy": np.__version__,
            },
            "files": measure_files(work, words=words, width=width),
            "training": measure_training(work, shared / "text", made_up=made_up, seeds=seeds),
        }
    finally:
        shutil.rmtree(work, ignore_errors=True)
