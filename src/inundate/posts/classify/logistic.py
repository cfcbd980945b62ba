"""Logistic regression: fitted by scikit-learn, served without it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from inundate.core.errors import DataError, require_extra

__all__ = ["ABSENT", "ClassWeight", "class_weights", "fit_logistic", "fit_shifts", "softmax"]

ABSENT = -30.0
"""Logit of a class that no training post has: a probability of some 1e-13."""

ClassWeight = Literal["none", "balanced"]
"""``balanced``: all classes count alike, however few posts one has."""


def softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : array (N, K)

    Returns
    -------
    array (N, K), float64
    """
    shifted = np.asarray(logits, np.float64)
    shares: np.ndarray[Any, Any] = np.exp(shifted - shifted.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return shares


def class_weights(
    labels: np.ndarray[Any, Any], count: int, rule: ClassWeight
) -> np.ndarray[Any, Any]:
    """Give the weight of a post of each class; their mean over the posts is 1.

    Parameters
    ----------
    labels : array (N,), int64
    count : int
        K.
    rule : str

    Returns
    -------
    array (K,), float64
        0 for classes that no post has.

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 1]), 2, "balanced").tolist()
    [0.6666666666666666, 2.0]
    """
    seen = np.bincount(labels, minlength=count).astype(np.float64)
    there = seen > 0
    if rule == "none":
        return there.astype(np.float64)
    weights = np.zeros(count)
    weights[there] = len(labels) / (there.sum() * seen[there])
    return weights


def fit_logistic(
    features: Any,
    labels: np.ndarray[Any, Any],
    count: int,
    *,
    inverse_penalty: float,
    class_weight: ClassWeight,
    what: str,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Fit logits that are linear in the features.

    Parameters
    ----------
    features : array or scipy sparse matrix (N, F)
    labels : array (N,), int64
    count : int
        K.
    inverse_penalty : float
        C of scikit-learn: the larger, the freer the weights.
    class_weight : str
    what : str
        What is fitted, for messages.

    Returns
    -------
    tuple of arrays (F, K) and (K,), float64

    Raises
    ------
    DataError
        If all posts are of one class.
    MissingExtraError
        If scikit-learn is absent.
    """
    linear: Any = require_extra("text", "sklearn.linear_model", what=f"fitting {what}")
    present = np.unique(labels)
    if len(present) < 2:
        raise DataError(
            f"fitting {what}: all {len(labels)} posts are of one class; expected at least two",
            hint="give posts of every class, or another label column",
        )
    weights = class_weights(labels, count, class_weight)
    model = linear.LogisticRegression(C=inverse_penalty, max_iter=2000, tol=1e-5)
    model.fit(features, labels, sample_weight=weights[labels])
    slopes = np.zeros((features.shape[1], count))
    offsets = np.full(count, ABSENT)
    if len(present) == 2:
        slopes[:, present[1]] = model.coef_[0]
        offsets[present] = 0.0, model.intercept_[0]
    else:
        slopes[:, present] = model.coef_.T
        offsets[present] = model.intercept_
    return slopes, offsets


def fit_shifts(
    features: np.ndarray[Any, Any],
    labels: np.ndarray[Any, Any],
    logits: np.ndarray[Any, Any],
    *,
    inverse_penalty: float,
    what: str,
) -> np.ndarray[Any, Any]:
    """Fit by how much features move logits that are given.

    Parameters
    ----------
    features : array (N, F)
    labels : array (N,), int64
    logits : array (N, K)
        Kept as they are.
    inverse_penalty : float
        The squares of the slopes are weighed by half of its inverse, beside the loss of all posts.
    what : str
        What is fitted, for messages.

    Returns
    -------
    array (F, K), float64
        Slopes, which add up to 0 over the classes.

    Raises
    ------
    DataError
        If all posts are of one class.
    """
    from scipy.optimize import minimize

    if len(np.unique(labels)) < 2:
        raise DataError(
            f"fitting {what}: all {len(labels)} posts are of one class; expected at least two",
            hint="give posts of every class, or another label column",
        )
    shape = features.shape[1], logits.shape[1]
    rows, true = np.arange(len(labels)), np.eye(shape[1])[labels]

    def loss(flat: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        slopes = flat.reshape(shape)
        shares = softmax(logits + features @ slopes)
        value = -np.log(np.maximum(shares[rows, labels], 1e-300)).sum()
        slope = features.T @ (shares - true) + slopes / inverse_penalty
        return float(value + 0.5 * (slopes**2).sum() / inverse_penalty), slope.ravel()

    found: np.ndarray[Any, Any] = minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B"
    ).x.reshape(shape)
    return found
