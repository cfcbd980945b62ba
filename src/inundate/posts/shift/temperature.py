"""Temperature scaling: one number that makes a model as sure as it is right."""

from __future__ import annotations

import numpy as np

from inundate.posts.shift.model import Floats, Ints, check_probabilities, log_probabilities

__all__ = ["as_sure_as", "calibration_error", "cool", "fit_temperature", "mean_log_loss"]

_LEAST, _MOST = 0.05, 20.0  # beyond them a model says the same for every post


def cool(probabilities: Floats, temperature: float) -> Floats:
    """Divide the logarithms of probabilities by a temperature, and let rows add up to 1 again.

    The order of the classes of a post stays what it was.

    Parameters
    ----------
    probabilities : array (N, K)
    temperature : float
        Above 1 less sure, below 1 more.

    Examples
    --------
    >>> cool(np.array([[0.9, 0.1]]), 2.0).round(3).tolist()
    [[0.75, 0.25]]
    """
    scores = log_probabilities(probabilities) / temperature
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)


def mean_log_loss(probabilities: Floats, labels: Ints, weights: Floats | None = None) -> float:
    """Give the mean of minus the logarithm of the probability of the true class."""
    losses = -log_probabilities(probabilities)[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weights))


def fit_temperature(probabilities: Floats, labels: Ints, *, weights: Floats | None = None) -> float:
    """Find the temperature with the least log loss.

    Parameters
    ----------
    probabilities : array (N, K)
        Of posts that the model was not trained on.
    labels : array (N,), int
        -1 where nobody has judged; those are left out.
    weights : array (N,), optional
        How much each post counts.

    Raises
    ------
    DataError
        If shapes do not fit or no post has a label.

    Source
    ------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, ICML, eq. 9.
    """
    from scipy.optimize import minimize_scalar

    kept, known = check_probabilities(probabilities, labels, "fitting a temperature")
    chosen = None if weights is None else weights[labels >= 0]

    def loss(log_temperature: float) -> float:
        return mean_log_loss(cool(kept, float(np.exp(log_temperature))), known, chosen)

    bounds = (float(np.log(_LEAST)), float(np.log(_MOST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def as_sure_as(probabilities: Floats, like: Floats) -> float:
    """Find the temperature with which the mean confidence is that of other answers.

    Parameters
    ----------
    probabilities : array (N, K)
    like : array (M, K)
        Answers that are as sure as they should be.

    Examples
    --------
    >>> round(as_sure_as(np.array([[0.9, 0.1]]), np.array([[0.25, 0.75]])), 2)
    2.0
    """
    from scipy.optimize import brentq

    wanted = float(like.max(axis=1).mean())

    def more(log_temperature: float) -> float:
        cooled = cool(probabilities, float(np.exp(log_temperature)))
        return float(cooled.max(axis=1).mean()) - wanted

    low, high = float(np.log(_LEAST)), float(np.log(_MOST))
    if more(low) <= 0 or more(high) >= 0:  # no temperature will do: the nearest
        return _LEAST if more(low) <= 0 else _MOST
    return float(np.exp(brentq(more, low, high)))


def calibration_error(probabilities: Floats, labels: Ints, *, bins: int = 15) -> float:
    """Give the expected calibration error of the most probable class.

    Parameters
    ----------
    probabilities : array (N, K)
    labels : array (N,), int
        -1 where nobody has judged.
    bins : int
        Of equal width in confidence.

    Examples
    --------
    >>> calibration_error(np.array([[0.3, 0.7]] * 10), np.array([1] * 7 + [0] * 3)) < 1e-9
    True

    Source
    ------
    Guo et al. (2017), eq. 3.
    """
    kept, known = check_probabilities(probabilities, labels, "measuring calibration")
    sure = kept.max(axis=1)
    right = kept.argmax(axis=1) == known
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(known))
