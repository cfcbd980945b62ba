"""What a model says about events that it was not trained on: each left out in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.labelled.numbers import answers_of
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.model import Floats, Ints, Model

__all__ = ["LeftOut", "predict_left_out"]


@dataclass(frozen=True)
class LeftOut:
    """Answers about posts whose event was not trained on.

    Parameters
    ----------
    probabilities : array (M, K)
    labels : array (M,), int64
    events : tuple of str, M
    index : array (M,), int64
        Place of each post among the training posts.
    """

    probabilities: Floats
    labels: Ints
    events: tuple[str, ...]
    index: Ints

    @property
    def weights(self) -> Floats:
        """Weights (M,) with which every event counts the same."""
        _, place, number = np.unique(self.events, return_inverse=True, return_counts=True)
        return np.asarray(len(self.events) / (len(number) * number[place]), np.float64)


def predict_left_out(
    make: Callable[[], Model],
    train: LabelledPosts,
    valid: LabelledPosts | None = None,
    *,
    seed: int = 0,
    on_event: Callable[[str], None] = lambda _: None,
) -> LeftOut:
    """Leave each event out in turn, train on the others, and ask about it.

    Parameters
    ----------
    make : callable
        Gives a new, untrained model.
    train : LabelledPosts
        Posts without an event are trained on and never asked about.
    valid : LabelledPosts, optional
        Of it, posts of the event that is left out are left out too.
    seed : int
    on_event : callable
        Told the name of each event when it is done.

    Raises
    ------
    DataError
        If judged posts are of fewer than two events.
    """
    judged = np.flatnonzero(train.labels >= 0)
    events = np.array(train.events, dtype=object)
    names = sorted({str(events[row]) for row in judged} - {""})
    if len(names) < 2:
        raise DataError(
            f"leaving events out in turn: labelled posts of {len(names)} event"
            f"{'' if len(names) == 1 else 's'} ({', '.join(names) or 'none named'}), "
            "expected at least 2",
            hint="name the column with the event by --event",
        )
    parts = []
    for name in names:
        held = judged[events[judged] == name]
        others = judged[events[judged] != name]
        model = make()
        model.fit(train.take(others), _without(valid, name), seed=seed)
        asked = train.take(held)
        probabilities = _in_order(model, asked)
        parts.append((probabilities, asked.labels, held))
        on_event(name)
    index = np.concatenate([held for _, _, held in parts])
    return LeftOut(
        np.concatenate([probabilities for probabilities, _, _ in parts]),
        np.concatenate([labels for _, labels, _ in parts]),
        tuple(str(events[row]) for row in index),
        index,
    )


def _without(posts: LabelledPosts | None, event: str) -> LabelledPosts | None:
    if posts is None:
        return None
    rest = posts.take(np.array([name != event for name in posts.events], dtype=bool))
    return rest if len(rest) else None


def _in_order(model: Model, posts: LabelledPosts) -> Floats:
    if model.classes != posts.classes:
        raise DataError(
            f"asking {model.name} about an event left out: it knows the classes "
            f"{', '.join(model.classes)}, the posts have {', '.join(posts.classes)}"
        )
    return answers_of(model, posts)
