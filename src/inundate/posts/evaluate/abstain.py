"""What is gained by saying "not sure": error against the share of posts that are answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RiskCoverage", "risk_coverage"]

_SHOWN = 20  # points in the stored form


@dataclass(frozen=True)
class RiskCoverage:
    """Accuracy when only the surest posts are answered.

    Attributes
    ----------
    coverage : array (M,)
        Share of posts answered, rising to 1; equally sure posts are answered together.
    accuracy : array (M,)
        Of those.
    threshold : array (M,)
        Least confidence of those.
    area : float
        Mean error over all coverages: the area under the risk-coverage curve.

    Source
    ------
    Geifman and El-Yaniv (2017), arXiv:1705.08500.
    """

    coverage: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    threshold: NDArray[np.float64]
    area: float

    def accuracy_at(self, coverage: float) -> float:
        """Give the accuracy when at least this share is answered, the surest first."""
        place = int(np.searchsorted(self.coverage, coverage - 1e-12))
        return float(self.accuracy[min(place, len(self.accuracy) - 1)])

    def coverage_at(self, accuracy: float) -> float:
        """Give the largest share that can be answered with this accuracy; 0 if none can."""
        enough = np.flatnonzero(self.accuracy >= accuracy)
        return float(self.coverage[enough[-1]]) if len(enough) else 0.0

    def to_json(self) -> dict[str, Any]:
        """Give the area, and points of the curve."""
        wanted = np.linspace(1 / _SHOWN, 1, _SHOWN)
        places = np.unique(np.searchsorted(self.coverage, wanted - 1e-12))
        return {
            "area": self.area,
            "points": [
                {
                    "coverage": float(self.coverage[place]),
                    "accuracy": float(self.accuracy[place]),
                    "threshold": float(self.threshold[place]),
                }
                for place in places.tolist()
            ],
        }


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> RiskCoverage:
    """Give the accuracy at each share of posts that is answered.

    Parameters
    ----------
    confidence : array (N,)
    right : array (N,)
        1 where the answer is right, 0 where it is not.

    Examples
    --------
    >>> curve = risk_coverage([0.9, 0.6, 0.8, 0.7], [1, 0, 1, 1])
    >>> curve.accuracy_at(0.75), curve.coverage_at(1.0), curve.accuracy_at(1.0)
    (1.0, 0.75, 0.75)
    """
    sure = np.asarray(confidence, np.float64)
    order = np.argsort(-sure, kind="stable")
    sure = sure[order]
    hits = np.cumsum(np.asarray(right, np.float64)[order])
    ends = np.append(np.flatnonzero(np.diff(sure) < 0), len(sure) - 1)
    answered = ends + 1.0
    accuracy = hits[ends] / answered
    widths = np.diff(answered, prepend=0.0)
    area = float(((1 - accuracy) * widths).sum() / len(sure))
    return RiskCoverage(answered / len(sure), accuracy, sure[ends], area)
