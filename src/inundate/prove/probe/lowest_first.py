"""A metric that takes the class with the lowest score for the answer."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inundate.prove.exam import Exam

__all__ = ["lowest_first"]

_KINDS = 3  # classes: of two, a share of hits at the wrong end is a share of misses
_SAMPLES = 1000  # drawn answers, from which a share is known to some hundredths
_MOST = 50  # draws
_SURE = 4.0  # deviations of a share that is drawn
_SAME = 1e-5
_TIMES = 7.0


def lowest_first(exam: Exam) -> str:
    """Say so where a metric counts hits, and takes the lowest score for the answer.

    It gives nothing for right answers, all where the right class has the lowest score, and of
    answers that are drawn what chance hits: one in so many classes. A share of misses is as low for
    right answers, and gives those that are drawn all the rest.
    """
    target, metric = exam.typical["target"], exam.case.metric
    right = exam.answers.right(exam.typical)
    if right is None or metric is None:
        return ""
    chosen, dim = _chosen(exam, right, target)
    if chosen is None or right.shape[dim] < _KINDS:
        return ""
    kinds, draws = right.shape[dim], min(_MOST, -(-_SAMPLES // len(target)))
    drawn = torch.Generator().manual_seed(exam.seed)
    hits = []
    for number in range(draws):
        scores = torch.randn(right.shape, generator=drawn).to(right)
        hits.append(float(metric(_as_given(exam, scores, dim), target)))
        if number:
            continue
        larger = float(metric(_as_given(exam, _TIMES * scores, dim), target))
        lowest = scores - 100.0 * chosen.to(scores)
        turned = float(metric(_as_given(exam, lowest, dim), target))
        if (
            abs(larger - hits[0]) > _SAME
            or not min(abs(turned - one) for one in (1.0, 100.0)) < _SAME
        ):
            return ""
    chance, whole = 1.0 / kinds, 1.0 if turned < 2.0 else 100.0
    share = sum(hits) / draws / whole
    off = _SURE * math.sqrt(chance * (1.0 - chance) / (draws * len(target)))
    if abs(share - chance) > off:
        return ""
    return (
        f"it gives {share:.2g} of all for answers drawn at random, as many as are hit by chance "
        f"among {kinds} classes, 0 for right ones, and all where the right class has the lowest "
        "score: it takes the lowest for the answer"
    )


def _chosen(exam: Exam, right: Tensor, target: Tensor) -> tuple[Tensor | None, int]:
    """Give where the right class of each sample is, and the dimension that counts classes."""
    if exam.answers.kind == "classes":
        dim = exam.answers.class_dim(target)
        return right == right.amax(dim, keepdim=True), dim
    if target.ndim != 2 or target.shape != right.shape:
        return None, 1
    chosen = target == 1
    one = bool((chosen.sum(1) == 1).all()) and bool((chosen | (target == 0)).all())
    return (chosen if one else None), 1


def _as_given(exam: Exam, scores: Tensor, dim: int) -> Tensor:
    return scores.log_softmax(dim) if exam.answers.logarithms else scores
