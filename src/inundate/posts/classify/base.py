"""What every classifier of posts can do, and how it is fitted and kept."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from inundate.core.config import Settings
from inundate.core.errors import DataError, RunError
from inundate.core.run import Run
from inundate.posts.classify.quality import plain_scores
from inundate.posts.labelled.numbers import answers_of
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["Classifier", "FitReport", "State", "TextClassifier"]

_AT_ONCE = 4096  # texts handed to a model together: bounds memory


@dataclass(frozen=True)
class FitReport:
    """How a classifier was fitted.

    Parameters
    ----------
    model : str
    classes : tuple of str, K
    train, valid : mapping of str to int
        Posts of each class; ``valid`` is empty where none were given.
    scores : mapping of str to float
        ``accuracy``, ``macro_f1`` and ``loss`` (nats) on the validation posts.
    cpu_s : float
        Seconds of processor time.
    details : mapping
        What else the model tells, such as epochs and numbers of weights.
    """

    model: str
    classes: tuple[str, ...]
    train: Mapping[str, int]
    valid: Mapping[str, int]
    scores: Mapping[str, float]
    cpu_s: float
    details: Mapping[str, Any]


@runtime_checkable
class Classifier(Protocol):
    """A model that gives each text the probability of each class."""

    name: str
    classes: tuple[str, ...]

    def fit(
        self,
        train: LabelledPosts,
        valid: LabelledPosts | None = None,
        *,
        seed: int = 0,
        run: Run | None = None,
    ) -> FitReport:
        """Learn from posts that people have judged."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give the probability of each class, (N, K) float64; rows sum to 1."""

    def save(self, folder: Path, *, notes: Mapping[str, Any] | None = None) -> None:
        """Write the model into a folder, whole or not at all."""


@dataclass
class State:
    """What a fitted model is made of beside its settings.

    Parameters
    ----------
    facts : mapping
        JSON.
    arrays : mapping of str to array
    parts : mapping of str to TextClassifier
        Models inside the model, each in a folder of its own.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    parts: Mapping[str, TextClassifier] = field(default_factory=dict)


class TextClassifier(ABC):
    """Base of the classifiers of the package: checks, times and keeps; models fill in the rest.

    Parameters
    ----------
    settings : Settings, optional
        Of the class that the model names; by default as they come.

    Attributes
    ----------
    classes : tuple of str, K
        Empty before :meth:`fit`.
    training : mapping
        Origin and number of the posts that it was fitted on, seed and scores; JSON.
    notes : mapping
        What the writer of a saved model noted beside it, such as scores of baselines.
    """

    name: ClassVar[str]
    kind: ClassVar[type[Settings]]

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings: Any = self.kind() if settings is None else settings
        self.classes: tuple[str, ...] = ()
        self.training: Mapping[str, Any] = {}
        self.notes: Mapping[str, Any] = {}

    def fit(
        self,
        train: LabelledPosts,
        valid: LabelledPosts | None = None,
        *,
        seed: int = 0,
        run: Run | None = None,
    ) -> FitReport:
        """Learn from posts that people have judged.

        Parameters
        ----------
        train : LabelledPosts
            Posts without a label are left out.
        valid : LabelledPosts, optional
            Posts on which a network chooses its best epoch, and which are scored.
        seed : int
            The same seed on the same posts gives the same model, on the same machine.
        run : Run, optional
            Folder in which a network keeps checkpoints and goes on after a stop; others need none.

        Returns
        -------
        FitReport

        Raises
        ------
        DataError
            If there are no labelled posts, or the validation posts have other classes.
        """
        begun = time.process_time()
        train = train.judged()
        if not len(train) or len(train.classes) < 2:
            raise DataError(
                f"fitting {self.name}: {len(train)} labelled posts of the classes "
                f"{', '.join(train.classes) or 'none'}; expected posts of at least two classes",
                hint="name the label column or the task, such as --task relevance",
            )
        if valid is not None:
            valid = valid.judged().with_classes(train.classes)
            valid = valid if len(valid) else None
        self.classes = train.classes
        details = self._fit(train, valid, seed, run)
        scores = {}
        if valid is not None:
            scores = plain_scores(answers_of(self, valid), valid.labels)
        report = FitReport(
            model=self.name,
            classes=self.classes,
            train=train.counts(),
            valid={} if valid is None else valid.counts(),
            scores=scores,
            cpu_s=time.process_time() - begun,
            details=details,
        )
        self.training = {
            "origin": dict(train.origin),
            "train": dict(report.train),
            "valid": dict(report.valid),
            "events": sorted({event for event in train.events if event}),
            "seed": seed,
            "scores": dict(report.scores),
            "cpu_s": round(report.cpu_s, 3),
            "details": dict(details),
        }
        return report

    def probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give the probability of each class.

        Parameters
        ----------
        texts : sequence of str
            N; an empty text gets what the model gives a post without words.

        Returns
        -------
        array (N, K), float64
            Rows sum to 1. A text has the same row whatever stands beside it, up to rounding.

        Raises
        ------
        RunError
            If the model is not fitted.
        """
        if not self.classes:
            raise RunError(
                f"classifying by {self.name}: it is not fitted",
                hint="fit it first, or open one that is: inundate posts train",
            )
        found = np.empty((len(texts), len(self.classes)))
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            found[start : start + len(part)] = self._probabilities(part)
        return found

    def save(self, folder: Path, *, notes: Mapping[str, Any] | None = None) -> None:
        """Write the model into a folder, whole or not at all; JSON and safetensors alone.

        Parameters
        ----------
        folder : Path
            Replaced if there.
        notes : mapping, optional
            JSON to keep beside it; no part of its id.

        Raises
        ------
        RunError
            If the model is not fitted, or the folder cannot be written.
        """
        from inundate.posts.classify.folder import write_model

        if notes is not None:
            self.notes = dict(notes)
        write_model(self, Path(folder))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of numbers that the model reads beside texts; most read none."""
        return ()

    @abstractmethod
    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        """Learn; give what is worth telling."""

    @abstractmethod
    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give (N, K) for at most some thousands of texts."""

    @abstractmethod
    def state(self) -> State:
        """Give what a saved model needs beside settings and classes."""

    @abstractmethod
    def take_state(self, state: State) -> None:
        """Take what :meth:`state` gave; settings and classes are set already."""
