"""word2vec beside gensim's: words a CPU second, and what the vectors have learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import MissingExtraError, require_extra
from inundate.core.seeds import make_rng
from inundate.posts.embed.corpus import Corpus, encode_corpus
from inundate.posts.embed.sanity import made_up_texts, measure_sanity
from inundate.posts.embed.word2vec import Word2Vec, Word2VecSettings

__all__ = ["compare_training", "measure_training"]

_METHODS = ("skip-gram", "cbow")
_EPOCHS = {"made up": 5, "CrisisLexT6": 5}
_WORDS = 2000  # the commonest that GloVe has too are asked for
_CHOICES = 10
_AROUND = 100  # places before and behind a word, in the order of commonness

Vectors = Mapping[str, np.ndarray[Any, Any]]
Judge = Callable[[Vectors], dict[str, float]]


def measure_training(
    work: Path, texts: Path, *, made_up: int, seeds: Sequence[int]
) -> dict[str, Any]:
    """Train on made-up texts, and on the posts of CrisisLexT6 where they are.

    Parameters
    ----------
    work : Path
        Folder to write to.
    texts : Path
        Folder with ``CrisisLexT6``.
    made_up : int
        Texts that are made up.
    seeds : sequence of int

    Returns
    -------
    dict
        By corpus and method: see :func:`compare_training`.
    """
    corpora: dict[str, tuple[list[list[str]], Judge]] = {
        "made up": (list(made_up_texts(made_up)), _told)
    }
    judge = _like_glove(work)
    if (texts / "CrisisLexT6").is_dir() and judge is not None:
        from inundate.posts.embed.texts import open_texts

        files = sorted((texts / "CrisisLexT6").rglob("*.csv"))
        corpora["CrisisLexT6"] = (list(open_texts(files)), judge)
    found: dict[str, Any] = {}
    for name, (tokens, judge_by) in corpora.items():
        folder = work / name.replace(" ", "-")
        found[name] = {
            method: compare_training(
                tokens, method, judge_by, folder / method, epochs=_EPOCHS[name], seeds=seeds
            )
            for method in _METHODS
        }
    return found


def _told(vectors: Vectors) -> dict[str, float]:
    found = measure_sanity(vectors)
    return {"analogies": found.analogies, "similarity": found.similarity}


def _like_glove(work: Path) -> Judge | None:
    """Ask for the nearest words of GloVe 6B, which was trained on other texts.

    Of ten words as common as each other, one of which is the asked word's nearest in GloVe, how
    often is that one the nearest? By chance in one case of ten.
    """
    from inundate.posts.embed.static import Embedding

    try:
        glove = Embedding.open("glove-6b-50d", cache=work / "shipped")
    except MissingExtraError:
        return None

    def judge(vectors: Vectors) -> dict[str, float]:
        words = [word for word in vectors if word.isalpha() and word in glove]
        words = sorted(words, key=glove.words.index)[:_WORDS]  # the order of their commonness
        near = _unit(glove.look_up(words).astype(np.float64))
        ours = _unit(np.array([vectors[word] for word in words], np.float64))
        return {"nearest_of_ten": _nearest_of_ten(near, ours)}

    return judge


def _unit(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _nearest_of_ten(near: np.ndarray[Any, Any], ours: np.ndarray[Any, Any]) -> float:
    """Give the share of words whose nearest by the first rows is so by the second ones.

    Parameters
    ----------
    near, ours : array (V, ...)
        Of length one, the commonest word first.
    """
    rng = make_rng(0, "words as common")
    count, others = len(near), _CHOICES - 1
    right = 0
    for k in range(count):
        cosine = near @ near[k]
        cosine[k] = -np.inf
        wanted = int(np.argmax(cosine))
        around = np.arange(max(0, wanted - _AROUND), min(count, wanted + _AROUND + 1))
        around = around[(around != wanted) & (around != k)]
        choices = np.append(rng.choice(around, min(others, len(around)), False), wanted)
        right += bool(np.argmax(ours[choices] @ ours[k]) == len(choices) - 1)
    return right / count


def compare_training(
    texts: list[list[str]],
    method: str,
    judge: Judge,
    folder: Path,
    *,
    epochs: int,
    seeds: Sequence[int],
) -> dict[str, Any]:
    """Train with the same settings here and in gensim, in turn, on one thread each.

    Parameters
    ----------
    texts : list of list of str
    method : str
        ``skip-gram`` or ``cbow``.
    judge : callable
        Gives scores of vectors.
    folder : Path
        Of the numbered corpus.
    epochs : int
    seeds : sequence of int

    Returns
    -------
    dict
        ``words``, ``prepare_cpu_s`` of both; of ``ours`` and ``gensim`` the median
        ``words_per_cpu_s`` and every seed's scores; ``speed_ratio``; ``difference`` of each score,
        ours minus gensim's: mean, the half-width of its 95 % interval (Welch), and whether ours is
        as good or better within that.
    """
    # gensim lowers its rate once a batch, by default of 10,000 words: on a small corpus it would be
    # trained at higher rates than the settings say
    batch = min(10_000, max(100, sum(map(len, texts)) // 100))
    models: Any = require_extra("strangers", "gensim.models", what="the comparison with gensim")
    settings: Any = {"method": method, "epochs": epochs}
    began = time.process_time()
    corpus = encode_corpus(texts, folder)
    prepare = {"ours": time.process_time() - began}
    Word2Vec(corpus, Word2VecSettings(**settings)).train_epoch(0)  # compiled outside the clock
    rates: dict[str, list[float]] = {"ours": [], "gensim": []}
    scores: dict[str, list[dict[str, float]]] = {"ours": [], "gensim": []}
    for seed in seeds:
        rate, vectors = _train_ours(corpus, Word2VecSettings(**settings, seed=seed))
        rates["ours"].append(rate)
        scores["ours"].append(judge(vectors))
        model = models.Word2Vec(
            vector_size=100, window=5, min_count=5, negative=5, sample=1e-3, alpha=0.025,
            min_alpha=1e-4, sg=int(method == "skip-gram"), workers=1, seed=seed + 1, epochs=epochs,
            batch_words=batch,
        )  # fmt: skip
        began = time.process_time()
        model.build_vocab(texts)
        prepare["gensim"] = time.process_time() - began
        began = time.process_time()
        model.train(texts, total_examples=model.corpus_count, epochs=epochs)
        rates["gensim"].append(corpus.read * epochs / (time.process_time() - began))
        scores["gensim"].append(judge({word: model.wv[word] for word in model.wv.index_to_key}))
    found: dict[str, Any] = {
        "words": corpus.read,
        "vocabulary": len(corpus.words),
        "epochs": epochs,
        "prepare_cpu_s": prepare,
    }
    for who, values in rates.items():
        found[who] = {
            "words_per_cpu_s": float(np.median(values)),
            **{key: [one[key] for one in scores[who]] for key in scores[who][0]},
        }
    found["speed_ratio"] = found["ours"]["words_per_cpu_s"] / found["gensim"]["words_per_cpu_s"]
    found["difference"] = {
        key: _difference(found["ours"][key], found["gensim"][key]) for key in scores["ours"][0]
    }
    return found


def _train_ours(corpus: Corpus, settings: Word2VecSettings) -> tuple[float, Vectors]:
    training = Word2Vec(corpus, settings)
    began = time.process_time()
    for epoch in range(settings.epochs):
        training.train_epoch(epoch)
    rate = corpus.read * settings.epochs / (time.process_time() - began)
    return rate, dict(zip(corpus.words, training.vectors, strict=True))


def _difference(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """Give the mean difference and the half-width of its interval, by Welch's t."""
    mean = float(np.mean(ours) - np.mean(theirs))
    if len(ours) < 2:
        return {"mean": mean, "half_width": None, "as_good": None}
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (ours, theirs)]
    half = 0.0
    if sum(parts) > 0:
        degrees = sum(parts) ** 2 / sum(part**2 / (len(ours) - 1) for part in parts)
        half = _student(degrees) * float(np.sqrt(sum(parts)))
    return {"mean": mean, "half_width": half, "as_good": mean + half >= 0}


def _student(degrees: float) -> float:
    """Give the 97.5 % point of Student's t, by its expansion (Abramowitz and Stegun 26.7.5)."""
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / degrees ** (k + 1) for k, term in enumerate(terms))
