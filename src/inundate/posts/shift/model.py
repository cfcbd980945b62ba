"""What a model must offer to be wrapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["Floats", "Ints", "Model", "check_probabilities", "log_probabilities"]

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

_LEAST = 1e-12  # a probability of 0 would be an infinite score that no temperature moves


class Model(Protocol):
    """A classifier; those of :mod:`inundate.posts.classify` are."""

    classes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name, for people."""
        ...

    def fit(
        self,
        train: LabelledPosts,
        valid: LabelledPosts | None = None,
        *,
        seed: int = 0,
        run: Any = None,
    ) -> Any:
        """Train; give what is to be told of it."""
        ...

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Give probabilities (N, K) whose rows add up to 1."""
        ...

    def save(self, folder: Path, *, notes: Mapping[str, Any] | None = None) -> None:
        """Write the model as a folder, whole or not at all."""
        ...


def log_probabilities(probabilities: Floats) -> Floats:
    """Give logarithms of probabilities (N, K), those of 0 finite."""
    return np.asarray(np.log(np.maximum(probabilities, _LEAST)), np.float64)


def check_probabilities(probabilities: Floats, labels: Ints, what: str) -> tuple[Floats, Ints]:
    """Give the rows whose class is known.

    Parameters
    ----------
    probabilities : array (N, K)
    labels : array (N,), int
        Index of the class, -1 where nobody has judged.
    what : str
        What they are for, in errors.

    Raises
    ------
    DataError
        If the shapes do not fit, rows do not add up to 1, or no row has a label.
    """
    if probabilities.ndim != 2 or len(probabilities) != len(labels):
        raise DataError(
            f"{what}: probabilities of shape {probabilities.shape} for {len(labels)} labels, "
            f"expected ({len(labels)}, classes)"
        )
    if not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-4):
        raise DataError(f"{what}: probabilities of a post that do not add up to 1")
    judged = labels >= 0
    if not judged.any():
        raise DataError(
            f"{what}: none of {len(labels)} posts has a label",
            hint="give posts that people have judged, other ones than those trained on",
        )
    return probabilities[judged], np.asarray(labels[judged], np.int64)
