"""Topics of posts, by scikit-learn: words that go together, and how much of each post is which."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import DataError, require_extra
from inundate.posts.text.tokenise import Tokeniser

__all__ = ["TopicSettings", "Topics", "find_topics", "npmi", "words_of_posts"]

_LABEL_WORDS = 3
_STEPS = {"nmf": 400, "lda": 30}
_SHORT = 3  # characters; shorter words say little


class TopicSettings(Settings):
    """How topics are found."""

    method: Literal["nmf", "lda"] = "nmf"
    """Non-negative factors of TF-IDF, or latent Dirichlet allocation of counts."""
    topics: int = Field(default=8, ge=2)
    words: int = Field(default=10, ge=3)
    """Words that describe a topic."""
    authors: int = Field(default=5, ge=2)
    """Fewest authors that have used a word for it to be in any output: rarer ones may point to
    one of them. Without known authors, posts are counted."""
    most: float = Field(default=0.5, gt=0, le=1)
    """Words in a larger share of posts than this say nothing."""
    seed: int = 0


@dataclass(frozen=True)
class Topics:
    """Topics, K of them.

    Parameters
    ----------
    words : tuple of tuple of str
        The most important ones of each, in order.
    coherence : array (K,)
        Mean normalised pointwise mutual information of pairs of its words, from -1 to 1.
    assigned : array (N,), int64
        Topic of each post, -1 where it has no word that counts.
    steps : int
        Until the method had converged, or stopped.
    converged : bool
    """

    words: tuple[tuple[str, ...], ...]
    coherence: np.ndarray
    assigned: np.ndarray
    steps: int
    converged: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each topic: its first words."""
        return tuple(", ".join(words[:_LABEL_WORDS]) for words in self.words)


def words_of_posts(texts: Sequence[str]) -> list[list[str]]:
    """Give the words of each text that can tell a topic, each once.

    Signs, numbers, short words, English stop words and marks such as ``<user>`` are left out.
    """
    stop_words = _sklearn("feature_extraction.text").ENGLISH_STOP_WORDS
    tokenise = Tokeniser()
    return [
        sorted(
            {
                word
                for word in tokenise(text)
                if len(word) >= _SHORT and word.isalpha() and word not in stop_words
            }
        )
        for text in texts
    ]


def find_topics(
    texts: Sequence[str], settings: TopicSettings | None = None, *, authors: Sequence[str] = ()
) -> Topics:
    """Find topics.

    Parameters
    ----------
    texts : sequence of str, N
    settings : TopicSettings, optional
    authors : sequence of str, N, optional
        Pseudonyms; words that few of them use are left out.

    Raises
    ------
    MissingExtraError
        If scikit-learn is absent.
    DataError
        If too few words are left.

    Source
    ------
    Lee and Seung (1999), doi:10.1038/44565; Blei, Ng and Jordan (2003), JMLR 3.
    """
    settings = settings or TopicSettings()
    words = words_of_posts(texts)
    kept = _vocabulary(words, authors, settings)
    if len(kept) < max(settings.words, settings.topics):
        raise DataError(
            f"finding topics: {len(kept)} words that {settings.authors} authors or more use in "
            f"{len(texts)} posts, expected at least {max(settings.words, settings.topics)}",
            hint="more posts, or fewer --topics",
        )
    counts = _counts(words, kept)
    weights, components, steps = _factors(counts, settings)
    order = np.argsort(-components, axis=1, kind="stable")[:, : settings.words]
    top = tuple(tuple(kept[place] for place in row) for row in order.tolist())
    has_words = np.asarray(counts.sum(axis=1)).ravel() > 0
    has_weight = weights.sum(axis=1) > 0
    return Topics(
        words=top,
        coherence=npmi(order, counts),
        assigned=np.where(has_words & has_weight, weights.argmax(axis=1), -1).astype(np.int64),
        steps=steps,
        converged=steps < _STEPS[settings.method],
    )


def _sklearn(part: str) -> Any:
    return require_extra("text", f"sklearn.{part}", what="finding topics")


def _vocabulary(
    words: Sequence[Sequence[str]], authors: Sequence[str], settings: TopicSettings
) -> list[str]:
    posts = Counter(word for one in words for word in one)
    if authors:
        pairs = {
            (word, who) for one, who in zip(words, authors, strict=True) for word in one if who
        }
        users = Counter(word for word, _ in pairs)
    else:
        users = posts
    most = settings.most * len(words)
    return sorted(word for word in posts if users[word] >= settings.authors and posts[word] <= most)


def _counts(words: Sequence[Sequence[str]], kept: Sequence[str]) -> Any:
    """Give which post has which word, sparse (N, V)."""
    from scipy.sparse import csr_matrix

    place = {word: number for number, word in enumerate(kept)}
    rows = [[place[word] for word in one if word in place] for one in words]
    starts = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], np.int64)
    shape = (len(rows), len(kept))
    return csr_matrix((np.ones(len(columns)), columns, starts), shape=shape)


def _factors(counts: Any, settings: TopicSettings) -> tuple[np.ndarray, np.ndarray, int]:
    library = _sklearn("decomposition")
    given = {
        "n_components": settings.topics,
        "random_state": settings.seed,
        "max_iter": _STEPS[settings.method],
    }
    if settings.method == "nmf":
        model = library.NMF(init="nndsvda", **given)
        matrix = _sklearn("feature_extraction.text").TfidfTransformer().fit_transform(counts)
    else:
        model = library.LatentDirichletAllocation(
            learning_method="batch", evaluate_every=5, **given
        )
        matrix = counts
    with warnings.catch_warnings():  # whether it converged is in the result
        warnings.simplefilter("ignore", _sklearn("exceptions").ConvergenceWarning)
        weights = model.fit_transform(matrix)
    return np.asarray(weights), np.asarray(model.components_), int(model.n_iter_)


def npmi(top: np.ndarray, counts: Any) -> np.ndarray:
    """Give the coherence of topics: of each the mean over pairs of its words.

    Parameters
    ----------
    top : array (K, W), int
        Columns of the words of each topic.
    counts : sparse array (N, V)
        1 where a post has a word.

    Source
    ------
    Bouma (2009), Normalized (pointwise) mutual information in collocation extraction;
    Lau, Newman and Baldwin (2014), doi:10.3115/v1/E14-1056.
    """
    posts = counts.shape[0]
    found = np.empty(len(top))
    for number, columns in enumerate(top):
        some = counts[:, columns]
        joint = np.asarray((some.T @ some).todense()) / posts  # (W, W)
        alone = np.diag(joint)
        first, second = np.triu_indices(len(columns), 1)
        both = joint[first, second]
        expected = alone[first] * alone[second]
        together = np.full(len(both), -1.0)  # words that never meet
        meets = (both > 0) & (both < 1)
        together[meets] = np.log(both[meets] / expected[meets]) / -np.log(both[meets])
        together[both >= 1] = 1.0
        found[number] = together.mean()
    return found
