"""Words of a new event beside those that have vectors: trained on, the known ones held fast."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.files import check_output
from inundate.posts.embed.corpus import encode_corpus
from inundate.posts.embed.files import Block
from inundate.posts.embed.folder import write_folder
from inundate.posts.embed.static import Embedding
from inundate.posts.embed.word2vec import Word2Vec, Word2VecSettings

__all__ = ["extend_vectors"]

_ROWS = 65_536  # words that are written at once


def extend_vectors(
    base: Embedding,
    texts: Iterable[Sequence[str]],
    folder: Path | str,
    settings: Word2VecSettings | None = None,
    *,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Go on with training of vectors on texts of a new event; write the old words and the new.

    The known words keep their vectors: after each epoch they are put back, so that classifiers
    which learnt of them still hold, and the event's own words, such as its hashtags, find their
    place among them.

    Parameters
    ----------
    base : Embedding
    texts : iterable of sequence of str
        Tokens of each text, cut by the tokeniser of the classifier.
    folder : Path
        For the vectors; an ``Embedding`` as any other.
    settings : Word2VecSettings, optional
        Of the width of the base.
    overwrite : bool

    Returns
    -------
    dict
        ``words``, ``known`` and ``added`` words of the texts, and ``loss`` of the last epoch.

    Raises
    ------
    DataError
        If the width is another, or the texts have no word that is known, or none that is not.
    RunError
        If the folder is there and ``overwrite`` is false.
    """
    target = check_output(folder, overwrite)
    chosen = settings or Word2VecSettings(width=base.width)
    if chosen.width != base.width:
        raise DataError(
            f"extending {base.name}: settings of width {chosen.width}, expected that of the "
            f"vectors, {base.width}"
        )
    with tempfile.TemporaryDirectory() as place:
        corpus = encode_corpus(
            texts, Path(place) / "corpus", min_count=chosen.min_count, max_words=chosen.max_words
        )
        words = list(corpus.words)
        ids = base.ids(words)
        known = ids >= 0
        _check(base, int(known.sum()), int((~known).sum()))
        training = Word2Vec(corpus, chosen)
        fixed = np.asarray(base.vectors[ids[known]], np.float32)
        loss = 0.0
        for epoch in range(chosen.epochs):
            training.inputs[known] = fixed
            loss = training.train_epoch(epoch)["loss"]
        added = [word for word, is_known in zip(words, known.tolist(), strict=True) if not is_known]
        vectors = np.array(training.inputs[~known])
    write_folder(
        target,
        _blocks(base, added, vectors),
        name=target.name,
        digest=None,
        extended={"base": base.name, "digest": base.digest, "settings": chosen.model_dump()},
    )
    return {"words": len(words), "known": int(known.sum()), "added": len(added), "loss": loss}


def _check(base: Embedding, known: int, added: int) -> None:
    if not known or not added:
        what = "no word that has a vector" if not known else "no word without a vector"
        raise DataError(
            f"extending {base.name}: the texts have {what}, expected some of both",
            hint="texts of the language of the vectors, a smaller min_count, or more text",
        )


def _blocks(base: Embedding, added: Sequence[str], vectors: np.ndarray) -> Iterator[Block]:
    for start in range(0, len(base), _ROWS):
        rows = np.asarray(base.vectors[start : start + _ROWS], np.float32)
        yield Block([_bytes(base.words[start + row]) for row in range(len(rows))], rows)
    yield Block([_bytes(word) for word in added], vectors)


def _bytes(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")
