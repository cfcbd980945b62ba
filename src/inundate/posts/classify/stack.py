"""A stacked ensemble: logistic regression on what models say of posts new to them, and on signs.

A word for the hazard tells more of an event that no model has seen than any model does. How much
more is learnt as it will be used: of each training event by models that were fitted on the others,
with the stems of that event's own hazard.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.folds import event_folds, make_folds, out_of_fold
from inundate.posts.classify.limit import best_limit
from inundate.posts.classify.logistic import ClassWeight, fit_logistic, softmax
from inundate.posts.classify.runs import child_run
from inundate.posts.classify.signs import (
    FLOOD_STEMS,
    StemSign,
    TermSign,
    hazard_of,
    read_terms,
)
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.tokenise import Tokeniser

__all__ = ["Stack", "StackSettings", "fitted_member", "log_shares"]

_MOST_TERMS = 3  # terms of a lexicon in a post, beyond which more say nothing
_LEAST = 1e-6  # probabilities nearer to 0 say no more than this


class StackSettings(Settings):
    """Which models, and how their answers on new posts are made."""

    members: tuple[str, ...] = Field(
        default=("tfidf_words", "tfidf_characters", "vector_mean", "keyword"),
        min_length=1,
        description="Classifiers by name, or TOML files.",
    )
    folds: int = Field(default=5, ge=2, description="Parts that each model is fitted without.")
    by: Literal["copy", "event"] = Field(
        default="copy",
        description="copy: copies of a post are in one part; event: whole events are, so that the "
        "weights are those for a new event.",
    )
    signs: bool = Field(
        default=False, description="Also weigh whether a post has a stem or terms of a hazard."
    )
    stems: tuple[str, ...] = Field(
        default=FLOOD_STEMS,
        description="Stems that count as the hazard's, when posts are classified; of training "
        "events whose name tells their hazard, its own stems do.",
    )
    unsigned: Literal["learnt", "as_said"] = Field(
        default="learnt",
        description="Posts without a stem. learnt: weighed as in the training events, many of "
        "whose posts lack the word for their hazard; as_said: the mean of what the members say, "
        "which suits hazards that nearly every post about them names, such as floods.",
    )
    unsigned_answer: Literal["likeliest", "best_f1"] = Field(
        default="likeliest",
        description="Two classes and signs: which posts without a stem are said to be of the "
        "second class. best_f1: those above the limit with the best F1 that is to be expected of "
        "posts without a stem, which is below one half where the class is rare among them; their "
        "probabilities are moved so that the limit lies at one half, and are then too high.",
    )
    lexicon: Path | None = Field(
        default=None,
        description="File with one term a line; None: the words of hazards that the package knows.",
    )
    inverse_penalty: float = Field(
        default=1.0, gt=0.0, description="C of the logistic regression: larger is freer."
    )
    class_weight: ClassWeight = Field(
        default="none", description="balanced: all classes count alike."
    )


class Stack(TextClassifier):
    """Weighs the log probabilities of its members."""

    name = "stack"
    kind = StackSettings

    _members: dict[str, TextClassifier]
    _terms: TermSign | None
    _slopes: np.ndarray[Any, Any]
    _offsets: np.ndarray[Any, Any]
    _limit: float  # log odds above which posts without a stem are of the second class

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        s = self.settings
        folds = event_folds(train, s.folds) if s.by == "event" else None
        if folds is None:
            folds = make_folds(train, s.folds, seed)
        said = []
        self._members = {}
        details = {}
        for number, member in enumerate(s.members):
            key = f"{number}-{_plain(member)}"

            def fit(
                posts: LabelledPosts, fold: int, member: str = member, key: str = key
            ) -> TextClassifier:
                return fitted_member(member, posts, None, seed, run, key, fold)

            said.append(log_shares(out_of_fold(train, folds, fit)))
            self._members[key] = fitted_member(member, train, valid, seed, run, key, "all")
            details[key] = dict(self._members[key].training["details"])
        self._terms = TermSign(read_terms(s.lexicon), Tokeniser()) if s.signs else None
        stems = [hazard_of(event) or s.stems for event in train.events]
        flags = _flags(train.texts, stems) if s.signs else np.ones(len(train))
        weighed = flags > 0 if s.unsigned == "as_said" else np.ones(len(train), bool)
        features = self._features(np.concatenate(said, axis=1), train.texts, flags)
        self._slopes, self._offsets = fit_logistic(
            features[weighed],
            train.labels[weighed],
            len(train.classes),
            inverse_penalty=s.inverse_penalty,
            class_weight=s.class_weight,
            what=self.name,
        )
        self._limit = 0.0
        if s.unsigned_answer == "best_f1":
            logits = features @ self._slopes + self._offsets
            self._limit = self._best_limit(softmax(logits)[flags == 0])
        return {
            "folds": len(np.unique(folds)),
            "limit": round(self._limit, 4),
            "members": details,
        }

    def _best_limit(self, shares: np.ndarray[Any, Any]) -> float:
        """Give log odds of the limit for posts (N, 2) without a stem."""
        s = self.settings
        if not s.signs or shares.shape[1] != 2:
            raise ConfigError(
                f"fitting {self.name}: unsigned_answer = best_f1 with signs = {s.signs} and "
                f"{shares.shape[1]} classes, expected signs = true and two classes",
                hint="unsigned_answer = likeliest",
            )
        return best_limit(shares[:, 1])

    def _features(
        self, said: np.ndarray[Any, Any], texts: Sequence[str], flags: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        """Join what members say (N, M) and the signs; what is said may weigh more without one."""
        if self._terms is None:
            return said
        terms = np.minimum(self._terms.counts(texts), _MOST_TERMS)[:, None] / _MOST_TERMS
        if self.settings.unsigned == "as_said":  # all posts that are weighed have the stem
            return np.concatenate([said, terms], axis=1)
        flag = flags[:, None]
        return np.concatenate([said, flag, terms, said * flag], axis=1)

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        s = self.settings
        said = [log_shares(member.probabilities(texts)) for member in self._members.values()]
        flags = _flags(texts, [s.stems] * len(texts)) if s.signs else np.ones(len(texts))
        features = self._features(np.concatenate(said, axis=1), texts, flags)
        logits = features @ self._slopes + self._offsets
        if self._limit:
            logits[flags == 0, 1] -= self._limit
        if s.unsigned == "as_said":
            mean = np.mean(said, axis=0)  # (N, K), or (N, 1) of log odds
            if mean.shape[1] == 1:
                mean = np.concatenate([np.zeros_like(mean), mean], axis=1)
            logits = np.where(flags[:, None] > 0, logits, mean)
        return softmax(logits)

    def state(self) -> State:
        """Give members, weights and terms."""
        facts: dict[str, Any] = {"terms": None, "tokeniser": None, "limit": self._limit}
        if self._terms is not None:
            facts |= {
                "terms": list(self._terms.terms),
                "tokeniser": self._terms.tokeniser.describe(),
            }
        return State(facts, {"slopes": self._slopes, "offsets": self._offsets}, parts=self._members)

    def take_state(self, state: State) -> None:
        """Take members, weights and terms."""
        self._members = dict(state.parts)
        self._slopes, self._offsets = state.arrays["slopes"], state.arrays["offsets"]
        self._limit = float(state.facts["limit"])
        self._terms = None
        if state.facts["terms"] is not None:
            tokeniser = Tokeniser.from_description(state.facts["tokeniser"])
            self._terms = TermSign(state.facts["terms"], tokeniser)


def _flags(texts: Sequence[str], stems: Sequence[tuple[str, ...]]) -> np.ndarray[Any, Any]:
    """Give which texts have one of the stems that count for them, (N,) float64."""
    found = np.zeros(len(texts))
    for own in dict.fromkeys(stems):
        rows = [row for row, counted in enumerate(stems) if counted == own]
        found[rows] = StemSign(own)([texts[row] for row in rows])
    return found


def log_shares(probabilities: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give log probabilities less their mean over classes; of two classes one column.

    Parameters
    ----------
    probabilities : array (N, K)

    Returns
    -------
    array (N, K), or (N, 1) of the log odds of the second class
    """
    logs = np.log(np.clip(probabilities, _LEAST, 1.0))
    if logs.shape[1] == 2:
        odds: np.ndarray[Any, Any] = logs[:, 1:] - logs[:, :1]
        return odds
    centred: np.ndarray[Any, Any] = logs - logs.mean(1, keepdims=True)
    return centred


def fitted_member(
    member: str,
    posts: LabelledPosts,
    valid: LabelledPosts | None,
    seed: int,
    run: Run | None,
    key: str,
    part: str | int,
) -> TextClassifier:
    """Fit a member of a model.

    Parameters
    ----------
    member : str
        Name of a classifier, or a TOML file.
    posts, valid, seed, run
        As for :meth:`~inundate.posts.classify.base.TextClassifier.fit`; the run is of the whole.
    key : str
        Of the member within the whole.
    part : str or int
        Posts that it is fitted on: all, or the number of the fold that it is fitted without.
    """
    from inundate.posts.classify.zoo import make_classifier

    model = make_classifier(member)
    config = model.settings.model_dump(mode="json")
    model.fit(posts, valid, seed=seed, run=child_run(run, key, part, config=config))
    return model


def _plain(member: str) -> str:
    """Give a name for a folder of a member that may be a path."""
    return "".join(char if char.isalnum() or char == "_" else "-" for char in member).strip("-")
