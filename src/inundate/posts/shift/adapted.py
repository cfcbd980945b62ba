"""Self-training: posts of the new event that a model is sure about teach it the event's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.model import Floats, Ints, Model
from inundate.posts.shift.wrapper import Wrapper

__all__ = ["AdaptSettings", "Adapted", "choose_sure"]


class AdaptSettings(Settings):
    """How a model learns of posts that nobody has judged."""

    floor: float = Field(default=0.9, gt=0.5, lt=1)
    """Least probability with which the model's own answer is believed."""
    rounds: int = Field(default=1, ge=1)
    """How often the model is asked and trained again."""
    share: float = Field(default=0.5, gt=0, le=1)
    """Most posts of a class that are believed, as a share of those answered so: the surest."""


def choose_sure(probabilities: Floats, settings: AdaptSettings) -> tuple[Ints, Ints]:
    """Choose the answers that are believed.

    Of each class the surest ones, so that a class that is easy to know does not drown the others.

    Parameters
    ----------
    probabilities : array (N, K)
    settings : AdaptSettings

    Returns
    -------
    index, labels : array (M,), int64
    """
    answers, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = []
    for one in range(probabilities.shape[1]):
        rows = np.flatnonzero(answers == one)
        most = int(np.ceil(settings.share * len(rows)))
        best = rows[np.argsort(-sure[rows], kind="stable")[:most]]
        chosen.append(best[sure[best] >= settings.floor])
    index = np.sort(np.concatenate(chosen)).astype(np.int64)
    return index, answers[index].astype(np.int64)


class Adapted(Wrapper):
    """A model that is trained again on its own sure answers about a new event.

    Parameters
    ----------
    make : callable
        Gives a new, untrained model.
    settings : AdaptSettings, optional
    """

    kind: ClassVar[str] = "adapted"
    needs_valid: ClassVar[bool] = False

    def __init__(self, make: Callable[[], Model], settings: AdaptSettings | None = None) -> None:
        super().__init__(make())
        self._make: Callable[[], Model] | None = make
        self.settings = settings or AdaptSettings()
        self.history: list[dict[str, int]] = []
        """Of each round the number of posts believed, by class."""
        self._trained: tuple[LabelledPosts, LabelledPosts | None] | None = None

    def fit(
        self,
        train: LabelledPosts,
        valid: LabelledPosts | None = None,
        *,
        seed: int = 0,
        run: Any = None,
    ) -> Any:
        """Train on posts that people have judged; they are kept for :meth:`adapt`."""
        report = super().fit(train, valid, seed=seed, run=run)
        self._trained = (train.judged(), valid)
        return report

    def adapt(
        self, texts: Sequence[str], *, seed: int = 0, run: Any = None
    ) -> list[dict[str, int]]:
        """Learn of posts of the new event that nobody has judged.

        Parameters
        ----------
        texts : sequence of str
        seed : int
        run : Run, optional
            Of the last training.

        Returns
        -------
        list of dict
            :attr:`history`. A round that believes nothing is the last, and trains nothing.

        Raises
        ------
        ConfigError
            If the model was not fitted here: a saved one does not keep its training posts.
        """
        if self._trained is None or self._make is None:
            raise ConfigError(
                f"adapting {self.name}: its training posts are not at hand",
                hint="fit it, then adapt it, then save it",
            )
        train, valid = self._trained
        for _ in range(self.settings.rounds):
            index, labels = choose_sure(self.inner.probabilities(texts), self.settings)
            counts = np.bincount(labels, minlength=len(self.classes))
            self.history.append(dict(zip(self.classes, counts.tolist(), strict=True)))
            if not len(index):
                break
            believed = [texts[row] for row in index.tolist()]
            model = self._make()
            both = _joined(train.with_classes(self.classes), believed, labels)
            model.fit(both, valid, seed=seed, run=run)
            self.inner = model
        return self.history

    def apply(self, probabilities: Floats) -> Floats:
        """Give probabilities (N, K) as they are."""
        return probabilities

    def values(self) -> dict[str, Any]:
        """Give the settings and what was believed."""
        return {"settings": self.settings.model_dump(), "history": self.history}

    @classmethod
    def from_values(cls, inner: Model, values: dict[str, Any], *_: Model) -> Adapted:
        """Make it again of what :meth:`values` gave; it can then no longer be adapted."""
        model = cls(lambda: inner, AdaptSettings(**values["settings"]))
        model._make = None
        model.history = [dict(one) for one in values["history"]]
        return model


def _joined(train: LabelledPosts, texts: Sequence[str], labels: Ints) -> LabelledPosts:
    number = len(texts)
    blank = ("",) * number
    return LabelledPosts(
        texts=(*train.texts, *texts),
        labels=np.concatenate([train.labels, labels]),
        classes=train.classes,
        events=(*train.events, *blank),
        authors=(*train.authors, *blank),
        ids=(*train.ids, *blank),
        languages=(*train.languages, *blank),
        origin={**train.origin, "self_training": number},
    )
