"""The posts that a model gets wrong, the surest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.evaluate.examine import Answers
from inundate.posts.evaluate.references import KEYWORD
from inundate.posts.evaluate.subset import has_keyword

__all__ = ["Mistake", "find_mistakes"]


@dataclass(frozen=True)
class Mistake:
    """One post on which model and people differ; of copies the first.

    Attributes
    ----------
    text : str
        Empty where it may not be shown.
    row : int
        Place among the posts that are judged, from 1.
    event, truth, said : str
    probability : float
        That the model gives to what it says.
    given_truth : float
        That it gives to what people say.
    copies : int
        Posts of its cluster that are wrong in the same way.
    has_keyword : bool
    keyword_right : bool or None
        Whether the keyword rule has it right; None where there is none.
    """

    text: str
    row: int
    event: str
    truth: str
    said: str
    probability: float
    given_truth: float
    copies: int
    has_keyword: bool
    keyword_right: bool | None


def find_mistakes(answers: Answers, model: str, *, with_texts: bool) -> list[Mistake]:
    """Give what a model gets wrong, the surest first.

    Parameters
    ----------
    answers : Answers
    model : str
        Name of the one that is examined.
    with_texts : bool
        Whether texts may be shown: those of a pseudonymised store, or where the user says so.

    Raises
    ------
    DataError
        If there is no such model.
    """
    if model not in answers.probabilities:
        raise DataError(
            f"finding mistakes: no model {model!r}, expected one of "
            + ", ".join(answers.probabilities)
        )
    posts, found = answers.posts, answers.probabilities[model]
    said = found.argmax(axis=1)
    wrong = np.flatnonzero(said != posts.labels)
    keys = np.stack([answers.clusters[wrong], posts.labels[wrong], said[wrong]], axis=1)
    _, first, number = np.unique(keys, axis=0, return_index=True, return_counts=True)
    copies = dict(zip(wrong[first].tolist(), number.tolist(), strict=True))
    rule = answers.probabilities.get(KEYWORD)
    shown = sorted(copies, key=lambda row: (-found[row].max(), row))
    obvious = has_keyword([posts.texts[row] for row in shown])
    return [
        Mistake(
            posts.texts[row] if with_texts else "",
            row + 1,
            posts.events[row],
            posts.classes[int(posts.labels[row])],
            posts.classes[int(said[row])],
            float(found[row].max()),
            float(found[row, posts.labels[row]]),
            copies[row],
            bool(has_it),
            None if rule is None else bool(rule[row].argmax() == posts.labels[row]),
        )
        for row, has_it in zip(shown, obvious, strict=True)
    ]
