"""Another share of the classes than in training: corrected where it is known."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from inundate.core.errors import ConfigError, DataError
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.model import Floats, Model
from inundate.posts.shift.wrapper import Wrapper

__all__ = ["EM_WARNING", "PriorCorrected", "correct_prior", "estimate_prior"]

EM_WARNING = (
    "shares of the classes estimated by EM: on CrisisLex this made results on new events worse "
    "more often than better; compare on labelled posts of the event, or give the shares"
)
_STEPS, _CLOSE = 500, 1e-8


def correct_prior(probabilities: Floats, trained: Floats, expected: Floats) -> Floats:
    """Bring probabilities to other shares of the classes than those of training.

    Parameters
    ----------
    probabilities : array (N, K)
    trained, expected : array (K,)
        Shares of the classes; each adds up to 1.

    Examples
    --------
    >>> even, rare = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    >>> correct_prior(np.array([[0.5, 0.5]]), even, rare).round(3).tolist()
    [[0.9, 0.1]]

    Source
    ------
    Saerens, Latinne and Decaestecker (2002), doi:10.1162/089976602753284446, eq. 2.4.
    """
    weighed = probabilities * (expected / trained)
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True), np.float64)


def estimate_prior(probabilities: Floats, trained: Floats) -> Floats:
    """Estimate the shares of the classes among posts without labels, by EM.

    It supposes that each class looks as in training and only its share differs. On a new flood
    that does not hold: see :data:`EM_WARNING`.

    Parameters
    ----------
    probabilities : array (N, K)
    trained : array (K,)

    Returns
    -------
    array (K,)

    Source
    ------
    Saerens et al. (2002), eq. 2.9.
    """
    if not len(probabilities):
        raise DataError("estimating shares of classes: no posts, expected some of the new event")
    shares = trained
    for _ in range(_STEPS):
        new = correct_prior(probabilities, trained, shares).mean(axis=0)
        if np.abs(new - shares).max() < _CLOSE:
            return np.asarray(new, np.float64)
        shares = new
    return np.asarray(shares, np.float64)


class PriorCorrected(Wrapper):
    """A model for posts among which the classes have other shares than in training.

    Parameters
    ----------
    inner : Model
    expected : mapping of str to float, optional
        Share of each class among the posts to come; without it nothing is changed.
    trained : sequence of float, K, optional
        Shares in training; :meth:`fit` finds them.

    Raises
    ------
    ConfigError
        If shares are not those of the classes, not positive, or do not add up to 1.
    """

    kind: ClassVar[str] = "prior"
    needs_valid: ClassVar[bool] = False

    def __init__(
        self,
        inner: Model,
        expected: dict[str, float] | None = None,
        *,
        trained: Sequence[float] | None = None,
    ) -> None:
        super().__init__(inner)
        self.expected = None if expected is None else _checked(expected)
        self.trained = None if trained is None else np.asarray(trained, np.float64)
        self.by_em = False

    def _fit_train(self, train: LabelledPosts) -> None:
        counts = train.with_classes(self.classes).counts()
        absent = [name for name, number in counts.items() if not number]
        if absent:
            raise DataError(
                f"fitting {self.name}: no training post of {', '.join(absent)}, expected some of "
                "every class"
            )
        found = np.array([counts[name] for name in self.classes], np.float64)
        self.trained = found / found.sum()

    def adapt(self, texts: Sequence[str]) -> dict[str, float]:
        """Estimate the shares among posts of a new event by EM, and use them from now on.

        Warns that this often does harm.

        Parameters
        ----------
        texts : sequence of str
        """
        warnings.warn(EM_WARNING, UserWarning, stacklevel=2)
        found = estimate_prior(self.inner.probabilities(texts), self._known())
        self.expected = dict(zip(self.classes, found.tolist(), strict=True))
        self.by_em = True
        return self.expected

    def _known(self) -> Floats:
        if self.trained is None:
            raise ConfigError(
                f"{self.name}: the shares of the classes in training are not known",
                hint="fit it, or give trained=",
            )
        return self.trained

    def apply(self, probabilities: Floats) -> Floats:
        """Correct probabilities (N, K) where shares are given or were estimated."""
        if self.expected is None:
            return probabilities
        if set(self.expected) != set(self.classes):
            raise ConfigError(
                f"{self.name}: shares of {', '.join(sorted(self.expected))}, expected those of "
                f"{', '.join(self.classes)}"
            )
        shares = np.array([self.expected[name] for name in self.classes], np.float64)
        return correct_prior(probabilities, self._known(), shares)

    def values(self) -> dict[str, Any]:
        """Give the shares, and whether they were estimated."""
        trained = None if self.trained is None else self.trained.tolist()
        return {"expected": self.expected, "trained": trained, "by_em": self.by_em}

    @classmethod
    def from_values(cls, inner: Model, values: dict[str, Any], *_: Model) -> PriorCorrected:
        """Make it again of what :meth:`values` gave."""
        model = cls(inner, values["expected"], trained=values["trained"])
        model.by_em = bool(values["by_em"])
        return model


def _checked(expected: dict[str, float]) -> dict[str, float]:
    total = sum(expected.values())
    if min(expected.values(), default=0.0) <= 0 or abs(total - 1) > 1e-6:
        told = ", ".join(f"{name} {share:g}" for name, share in expected.items())
        raise ConfigError(
            f"shares of the classes {told or 'none'}: expected positive ones that add up to 1"
        )
    return dict(expected)
