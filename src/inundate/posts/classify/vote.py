"""A vote: what several models say of a post, weighed by how right each was on validation posts.

A stack fits each of its models many times, to learn from answers on posts that they have not seen.
A vote fits each once, and weighs them by the validation posts, which they have not seen either: one
weight a model, never below nothing, so that little can be learnt by heart. It suits models that are
dear to train.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.logistic import softmax
from inundate.posts.classify.runs import child_run
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["Vote", "VoteSettings", "fit_votes", "voted"]

_LEAST = 1e-6  # probabilities nearer to 0 say no more than this
_PULL = 2.0  # how many posts' losses it takes to move the weights from equal ones by 1


class VoteSettings(Settings):
    """Which models vote."""

    members: tuple[str, ...] = Field(
        default=("tfidf_words", "tfidf_characters", "bert_frozen", "bilstm"),
        min_length=1,
        description="Classifiers by name, or TOML files; one that is named again is trained again "
        "from another start.",
    )


class Vote(TextClassifier):
    """Weighs the logarithms of its members' probabilities; the weights also set how sure it is."""

    name = "vote"
    kind = VoteSettings

    _members: dict[str, TextClassifier]
    _weights: np.ndarray[Any, Any]  # (M,)

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        from inundate.posts.classify.zoo import make_classifier

        self._members = {}
        details = {}
        for number, member in enumerate(self.settings.members):
            model = make_classifier(member)
            key = f"{number}-{model.name}"
            config = model.settings.model_dump(mode="json")
            again = seed + self.settings.members[:number].count(member)
            model.fit(train, valid, seed=again, run=child_run(run, key, "all", config=config))
            self._members[key] = model
            details[key] = dict(model.training["details"])
        count = len(self._members)
        self._weights = np.full(count, 1.0 / count)
        if valid is not None:
            said = [model.probabilities(valid.texts) for model in self._members.values()]
            self._weights = fit_votes(said, valid.labels)
        return {"weights": self._weights.round(4).tolist(), "members": details}

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        said = [model.probabilities(texts) for model in self._members.values()]
        return voted(said, self._weights)

    def state(self) -> State:
        """Give members and weights."""
        return State({}, {"weights": self._weights}, parts=self._members)

    def take_state(self, state: State) -> None:
        """Take members and weights."""
        self._members = dict(state.parts)
        self._weights = state.arrays["weights"]


def voted(
    said: Sequence[np.ndarray[Any, Any]], weights: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Put probabilities together.

    Parameters
    ----------
    said : sequence of M arrays (N, K)
    weights : array (M,)

    Returns
    -------
    array (N, K), float64

    Examples
    --------
    >>> sure, unsure = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
    >>> voted([sure, unsure], np.array([1.0, 1.0])).round(3).tolist()
    [[0.9, 0.1]]
    """
    logs = [np.log(np.clip(one, _LEAST, 1.0)) for one in said]
    return softmax(np.einsum("mnk,m->nk", np.stack(logs), weights))


def fit_votes(
    said: Sequence[np.ndarray[Any, Any]], labels: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Find the weights, none below 0, under which the true classes have the least log loss.

    They are drawn a little towards equal weights that add up to 1, so that a few posts say little.

    Parameters
    ----------
    said : sequence of M arrays (N, K)
        What models say of posts that they were not fitted on.
    labels : array (N,), int64

    Returns
    -------
    array (M,), float64
    """
    from scipy.optimize import minimize

    logs = np.stack([np.log(np.clip(one, _LEAST, 1.0)) for one in said])  # (M, N, K)
    count, rows = len(said), np.arange(len(labels))
    start = np.full(count, 1.0 / count)

    def loss(weights: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        shares = softmax(np.einsum("mnk,m->nk", logs, weights))
        away = weights - start
        value = -np.log(np.maximum(shares[rows, labels], 1e-300)).sum() + _PULL * (away**2).sum()
        expected = np.einsum("mnk,nk->mn", logs, shares)
        slope = (expected - logs[:, rows, labels]).sum(axis=1) + 2 * _PULL * away
        return float(value), slope

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * count)
    weights: np.ndarray[Any, Any] = found.x
    return weights
