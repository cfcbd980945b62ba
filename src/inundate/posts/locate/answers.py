"""What a classifier said of posts, as columns of located posts: water, none, or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.posts.serve.labels import models_of

__all__ = ["Answers", "read_answers"]


@dataclass(frozen=True)
class Answers:
    """Labels of posts.

    Attributes
    ----------
    of_post : mapping of str to (str, int, float)
        Class, water (1, -1 or 0) and probability of that.
    model : str, optional
        Id.
    """

    of_post: Mapping[str, tuple[str, int, float]] = field(default_factory=dict)
    model: str | None = None

    def of(self, posts: Sequence[str]) -> dict[str, Any]:
        """Give the columns ``label``, ``water`` and ``probability`` of posts.

        Parameters
        ----------
        posts : sequence of str, N
        """
        nothing = ("", 0, float("nan"))
        found = [self.of_post.get(post, nothing) for post in posts]
        return {
            "label": tuple(label for label, _, _ in found),
            "water": np.array([water for _, water, _ in found], dtype=np.int8),
            "probability": np.array([chance for _, _, chance in found], dtype=np.float64),
        }


def read_answers(
    folder: Path | str,
    *,
    wet: Sequence[str],
    dry: Sequence[str] = (),
    model: str | None = None,
) -> Answers:
    """Read the labels of a model and say which classes tell of water.

    Parameters
    ----------
    folder : Path
        As ``inundate posts classify`` writes it.
    wet : sequence of str
        Classes of posts that say: here is water.
    dry : sequence of str
        Classes of posts that say: here is none. A post that is off the topic says neither.
    model : str, optional
        Id, where several have answered.

    Raises
    ------
    ConfigError
        If a class is not one of the model's, or stands in both lists.
    DataError
        If no such model has answered.
    """
    known = {str(one.told["model"]): one for one in models_of(folder)}
    chosen = model if model is not None or len(known) != 1 else next(iter(known))
    if chosen is None or chosen not in known:
        raise DataError(
            f"reading labels of {folder}: expected one model, found "
            + (", ".join(f"{one} ({known[one].told['name']})" for one in known) or "none"),
            hint="name one by --model-id",
        )
    classes = tuple(known[chosen].told["classes"])
    _check_classes(classes, wet, dry)
    sign = np.array([(name in wet) - (name in dry) for name in classes])
    table = known[chosen].read()
    found: dict[str, tuple[str, int, float]] = {}
    columns = (table[name].to_pylist() for name in ("post", "label", "probabilities"))
    for post, label, probabilities in zip(*columns, strict=True):
        water = 0 if label is None else int(sign[classes.index(label)])
        chance = float(np.asarray(probabilities, dtype=np.float64)[sign == water].sum())
        found[post] = (label or "", water, min(1.0, chance) if water else float("nan"))
    return Answers(found, chosen)


def _check_classes(classes: Sequence[str], wet: Sequence[str], dry: Sequence[str]) -> None:
    both = set(wet) & set(dry)
    if both:
        raise ConfigError(f"--wet and --dry: {', '.join(sorted(both))} stands in both")
    for name in (*wet, *dry):
        if name not in classes:
            close = nearest(name, classes)
            raise ConfigError(
                f"--wet or --dry {name!r}: the model's classes are {', '.join(classes)}",
                hint=f"did you mean {close!r}?" if close else None,
            )
