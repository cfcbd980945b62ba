"""What a classifier may have around it in the benchmark: a temperature, a model to be taught."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import RunError
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.calibrated import Calibrated, fit_across_events
from inundate.posts.shift.taught import Taught
from inundate.posts.shift.taught_settings import TaughtSettings

__all__ = ["AROUND", "Cooled", "Teaching", "Told"]


_ENCODERS = ("bert_frozen", "mpnet_frozen")


@dataclass(frozen=True)
class Told:
    """What a fit tells.

    Attributes
    ----------
    details : dict
    """

    details: dict[str, Any]


class Cooled:
    """A classifier with a temperature.

    Parameters
    ----------
    make : callable
        Gives the classifier, not fitted.
    across_events : bool
        Fit the temperature to answers about events left out of training; otherwise to the
        validation posts.
    """

    def __init__(self, make: Callable[[], Any], *, across_events: bool) -> None:
        self._make, self._across = make, across_events
        self._inner = make()
        self._model: Calibrated | None = None
        self.name = f"{self._inner.name}+{'events' if across_events else 'calibrated'}"
        self.settings = self._inner.settings
        self.modules = (type(self._inner).__module__, Calibrated.__module__)

    def fit(self, train: LabelledPosts, valid: LabelledPosts, *, seed: int = 0) -> Told:
        """Train the classifier, and fit its temperature.

        Raises
        ------
        DataError
            If events are to be left out, and the posts are of one alone.
        """
        if self._across:
            self._model, _ = fit_across_events(self._make, train, valid, seed=seed)
        else:
            self._model = Calibrated(self._inner)
            self._model.fit(train, valid, seed=seed)
        return Told({"temperature": self._model.temperature})

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Give (N, K).

        Raises
        ------
        RunError
            If it is not fitted.
        """
        if self._model is None:
            raise RunError(f"classifying by {self.name}: it is not fitted", hint="fit it first")
        return np.asarray(self._model.probabilities(texts), np.float64)


class Teaching:
    """A classifier that teaches another one the event that is tested, of its posts without labels.

    Parameters
    ----------
    make : callable
        Gives the teacher, not fitted.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        teacher = make()
        students = TaughtSettings().students
        members = getattr(teacher.settings, "members", ())
        # who has an encoder may use it twice
        students = (*students, *(one for one in _ENCODERS if one in members))
        self._model = Taught(teacher, TaughtSettings(students=students))
        self.name, self.settings = self._model.name, teacher.settings
        kinds = (type(one).__module__ for one in (teacher, *self._model.make_students()))
        self.modules = (*kinds, Taught.__module__)

    def fit(self, train: LabelledPosts, valid: LabelledPosts, *, seed: int = 0) -> Told:
        """Train the teacher."""
        return Told(dict(self._model.fit(train, valid, seed=seed).details))

    def learn(self, texts: Sequence[str], *, seed: int = 0) -> None:
        """Teach the event by texts alone."""
        self._model.learn(texts, seed=seed)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Give (N, K): of the teacher before it has taught, of the student after that."""
        return np.asarray(self._model.probabilities(texts), np.float64)


AROUND: dict[str, Callable[[Callable[[], Any]], Cooled | Teaching]] = {
    "calibrated": lambda make: Cooled(make, across_events=False),
    "events": lambda make: Cooled(make, across_events=True),
    "taught": Teaching,
}
"""What may stand behind ``+``."""
