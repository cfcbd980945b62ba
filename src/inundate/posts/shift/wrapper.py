"""The common part of models around a model: they fit, save and open alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from inundate.core.errors import ConfigError
from inundate.core.files import atomic_folder, write_text
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.model import Floats, Ints, Model

__all__ = ["FILE", "VERSION", "Wrapper"]

FILE, INNER = "shift.json", "model"
VERSION = 1


class Wrapper:
    """A model whose probabilities are those of another, changed.

    Parameters
    ----------
    inner : Model
    """

    kind: ClassVar[str]
    needs_valid: ClassVar[bool] = True
    """Whether it cannot be fitted without posts that the inner model was not trained on."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.name = f"{inner.name}+{self.kind}"
        self.classes: tuple[str, ...] = inner.classes

    def fit(
        self,
        train: LabelledPosts,
        valid: LabelledPosts | None = None,
        *,
        seed: int = 0,
        run: Any = None,
    ) -> Any:
        """Train the inner model, then fit what is around it to posts that were kept aside.

        Parameters
        ----------
        train : LabelledPosts
        valid : LabelledPosts, optional
            Near-duplicates of training posts in them make a model look surer than it may be.
        seed : int
        run : Run, optional

        Returns
        -------
        FitReport
            Of the inner model.

        Raises
        ------
        ConfigError
            If ``valid`` is needed and absent.
        """
        if valid is None and self.needs_valid:
            raise ConfigError(
                f"fitting {self.name}: no validation posts, expected some that the model is not "
                "trained on",
                hint="keep a part of the labelled posts aside",
            )
        report = self.inner.fit(train, valid, seed=seed, run=run)
        self.classes = self.inner.classes
        self._fit_train(train)
        if valid is not None:
            known = valid.with_classes(self.classes)
            self.calibrate(self.inner.probabilities(known.texts), known.labels)
        return report

    def _fit_train(self, train: LabelledPosts) -> None:
        """Take what is needed of the training posts."""

    def calibrate(
        self, probabilities: Floats, labels: Ints, *, weights: Floats | None = None
    ) -> None:
        """Fit to probabilities (N, K) of the inner model for posts with labels (N,)."""

    def apply(self, probabilities: Floats) -> Floats:
        """Change probabilities (N, K) of the inner model."""
        raise NotImplementedError

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Give probabilities (N, K) whose rows add up to 1."""
        return self.apply(self.inner.probabilities(texts))

    def values(self) -> dict[str, Any]:
        """Give what was fitted, as JSON."""
        raise NotImplementedError

    @classmethod
    def from_values(cls, inner: Model, values: dict[str, Any], *others: Model) -> Wrapper:
        """Make it again of what :meth:`values` gave, and of the other models if there are any."""
        raise NotImplementedError

    @property
    def others(self) -> tuple[Model, ...]:
        """Models beside the inner one that are saved with it; ``values`` tell their number."""
        return ()

    def save(self, folder: Path, *, notes: Mapping[str, Any] | None = None) -> None:
        """Write a folder with the inner model in it, whole or not at all.

        Parameters
        ----------
        folder : Path
        notes : mapping, optional
            JSON to keep beside it; no part of the model's id.
        """
        with atomic_folder(folder) as temporary:
            self.inner.save(temporary / INNER)
            for number, other in enumerate(self.others):
                other.save(temporary / f"{INNER}-{number}")
            told = {
                "kind": self.kind,
                "version": VERSION,
                "values": self.values(),
                "notes": dict(notes or {}),
            }
            write_text(temporary / FILE, json.dumps(told, indent=2, sort_keys=True) + "\n")
