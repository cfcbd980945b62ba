"""A quick model first; only what it is not sure of goes to the next, slower one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from inundate.core.errors import ConfigError
from inundate.core.files import atomic_folder, write_text
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.model import Floats, Model
from inundate.posts.shift.wrapper import FILE, INNER, VERSION

__all__ = ["Cascade"]


class Cascade:
    """Models in order of their cost, such as keyword rule, TF-IDF, BERT.

    A post goes to the next model while the one before is less sure than its threshold, and has
    the probabilities of the last one that was asked. Calibrated models make the thresholds mean
    what they say.

    Parameters
    ----------
    models : sequence of Model
        At least two, of the same classes.
    sure : sequence of float
        Of each model but the last: the least probability of its best class with which it is
        believed.

    Raises
    ------
    ConfigError
        If there are fewer than two models, or their number or classes do not fit.
    """

    kind: ClassVar[str] = "cascade"

    def __init__(self, models: Sequence[Model], sure: Sequence[float]) -> None:
        if len(models) < 2 or len(sure) != len(models) - 1:
            raise ConfigError(
                f"making a cascade: {len(models)} models and {len(sure)} thresholds, expected at "
                "least 2 models and a threshold for each but the last"
            )
        wrong = [share for share in sure if not 0 < share <= 1]
        if wrong:
            raise ConfigError(f"making a cascade: threshold {wrong[0]}, expected from 0 to 1")
        self.models, self.sure = tuple(models), tuple(map(float, sure))
        self.name = ">".join(model.name for model in models)
        self.asked = np.zeros(len(models), np.int64)
        """Posts that each model was asked about so far."""
        self.classes: tuple[str, ...] = ()
        if all(model.classes for model in models):
            self._take_classes()

    def _take_classes(self) -> None:
        first = self.models[0].classes
        for model in self.models[1:]:
            if model.classes != first:
                raise ConfigError(
                    f"making a cascade: {self.models[0].name} has the classes {', '.join(first)}, "
                    f"{model.name} has {', '.join(model.classes)}; expected the same"
                )
        self.classes = first

    def fit(
        self,
        train: LabelledPosts,
        valid: LabelledPosts | None = None,
        *,
        seed: int = 0,
        run: Any = None,
    ) -> Any:
        """Train every model on the same posts; give the report of the last.

        Raises
        ------
        ConfigError
            If a run is given: several models cannot go on from one folder.
        """
        if run is not None:
            raise ConfigError(f"fitting {self.name}: a run, expected none for several models")
        reports = [model.fit(train, valid, seed=seed) for model in self.models]
        self._take_classes()
        return reports[-1]

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Give probabilities (N, K) whose rows add up to 1."""
        found = np.empty((len(texts), len(self.classes)))
        left = np.arange(len(texts))
        for place, model in enumerate(self.models):
            if not len(left):
                break
            self.asked[place] += len(left)
            found[left] = model.probabilities([texts[row] for row in left.tolist()])
            if place < len(self.sure):
                left = left[found[left].max(axis=1) < self.sure[place]]
        return found

    def save(self, folder: Path, *, notes: Mapping[str, Any] | None = None) -> None:
        """Write a folder with all models in it, whole or not at all."""
        with atomic_folder(folder) as temporary:
            for number, model in enumerate(self.models):
                model.save(temporary / f"{INNER}-{number}")
            told = {
                "kind": self.kind,
                "version": VERSION,
                "values": {"sure": list(self.sure)},
                "notes": dict(notes or {}),
            }
            write_text(temporary / FILE, json.dumps(told, indent=2, sort_keys=True) + "\n")
