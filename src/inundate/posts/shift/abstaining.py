"""A model that says "not sure" instead of guessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.posts.shift.conformal import (
    conformal_thresholds,
    prediction_sets,
    select_confident,
)
from inundate.posts.shift.model import Floats, Ints, Model
from inundate.posts.shift.wrapper import Wrapper

__all__ = ["AbstainSettings", "Abstaining", "Decisions"]


class AbstainSettings(Settings):
    """When a model passes."""

    rule: Literal["sets", "accuracy"] = "accuracy"
    """``sets``: where the conformal set does not hold just one class; ``accuracy``: where it is
    less sure than it must be for its answers to be right as often as wanted."""
    coverage: float = Field(default=0.95, gt=0, lt=1)
    """Probability with which a set holds the true class."""
    by_class: bool = False
    """Whether the sets hold this for each class by itself."""
    accuracy: float = Field(default=0.98, gt=0, lt=1)
    """Wanted of the answers."""
    confidence: float = Field(default=0.9, ge=0.5, lt=1)
    """That the answers have this accuracy."""


@dataclass(frozen=True)
class Decisions:
    """What a model answers.

    Parameters
    ----------
    labels : array (N,), int64
        Index of the class; -1 for "not sure".
    confidence : array (N,)
        Probability of the most probable class.
    sets : array (N, K), bool
        Classes that a post may have.
    """

    labels: Ints
    confidence: Floats
    sets: np.ndarray

    @property
    def answered(self) -> float:
        """Share of posts that have an answer."""
        return float((self.labels >= 0).mean()) if len(self.labels) else 0.0


class Abstaining(Wrapper):
    """A model with thresholds for being sure; its probabilities are those of the inner one.

    Parameters
    ----------
    inner : Model
    settings : AbstainSettings, optional
    thresholds : sequence of float, K, optional
        Found by :meth:`fit` or :meth:`calibrate`.
    """

    kind: ClassVar[str] = "abstain"

    def __init__(
        self,
        inner: Model,
        settings: AbstainSettings | None = None,
        *,
        thresholds: Sequence[float] | None = None,
    ) -> None:
        super().__init__(inner)
        self.settings = settings or AbstainSettings()
        self.thresholds = None if thresholds is None else np.asarray(thresholds, np.float64)

    def calibrate(
        self, probabilities: Floats, labels: Ints, *, weights: Floats | None = None
    ) -> None:
        """Find the thresholds.

        Parameters
        ----------
        probabilities : array (N, K)
            Of posts that the inner model was not trained on. Those of one event hold for that
            event: for new ones give the answers about events left out,
            :func:`~inundate.posts.shift.events.predict_left_out`.
        labels : array (N,), int
        weights : array (N,), optional
            Not taken: the guarantees are for posts that count the same.

        Raises
        ------
        ConfigError
            If weights are given.
        DataError
            If no threshold reaches the accuracy.
        """
        if weights is not None:
            raise ConfigError(f"fitting {self.name}: weights, expected posts that count the same")
        asked = self.settings
        if asked.rule == "sets":
            self.thresholds = conformal_thresholds(
                probabilities, labels, coverage=asked.coverage, by_class=asked.by_class
            )
            return
        found = select_confident(
            probabilities, labels, accuracy=asked.accuracy, confidence=asked.confidence
        )
        self.thresholds = np.full(probabilities.shape[1], found.threshold)

    def apply(self, probabilities: Floats) -> Floats:
        """Give probabilities (N, K) as they are."""
        return probabilities

    def decide(self, texts: Sequence[str]) -> Decisions:
        """Give a class for each post, or -1 where the model is not sure.

        Parameters
        ----------
        texts : sequence of str, N

        Raises
        ------
        ConfigError
            If there are no thresholds yet.
        """
        return self.decisions(self.probabilities(texts))

    def decisions(self, probabilities: Floats) -> Decisions:
        """Give what :meth:`decide` gives, of probabilities (N, K)."""
        if self.thresholds is None:
            raise ConfigError(f"{self.name}: it has no thresholds yet", hint="fit it first")
        sets = prediction_sets(probabilities, self.thresholds)
        best = probabilities.argmax(axis=1)
        is_sure = sets[np.arange(len(best)), best]
        if self.settings.rule == "sets":
            is_sure &= sets.sum(axis=1) == 1
        return Decisions(
            np.where(is_sure, best, -1).astype(np.int64), probabilities.max(axis=1), sets
        )

    def values(self) -> dict[str, Any]:
        """Give the settings and thresholds."""
        found = None if self.thresholds is None else self.thresholds.tolist()
        return {"settings": self.settings.model_dump(), "thresholds": found}

    @classmethod
    def from_values(cls, inner: Model, values: dict[str, Any], *_: Model) -> Abstaining:
        """Make it again of what :meth:`values` gave."""
        settings = AbstainSettings(**values["settings"])
        return cls(inner, settings, thresholds=values["thresholds"])
