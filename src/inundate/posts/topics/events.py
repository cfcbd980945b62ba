"""Figures of every event: topics, classes, volume over time, gaps."""

from __future__ import annotations

from typing import Any

import numpy as np

from inundate.posts.topics.model import Topics, TopicSettings
from inundate.posts.topics.posts import TimedPosts
from inundate.posts.topics.series import LEAST, make_series

__all__ = ["describe_events"]


def describe_events(
    posts: TimedPosts,
    topics: Topics,
    settings: TopicSettings,
    *,
    hours: float = 24.0,
    classes: tuple[str, ...] = (),
    answers: np.ndarray | None = None,
    model: str | None = None,
) -> dict[str, Any]:
    """Give all figures of a report, as JSON; no text of a post is among them.

    Parameters
    ----------
    posts : TimedPosts
    topics : Topics
        Of the same posts.
    settings : TopicSettings
    hours : float
        Width of a time.
    classes : tuple of str, optional
        Of a model that has answered.
    answers : array (N,), int64, optional
        Its answers.
    model : str, optional
        Its id.
    """
    sizes = np.bincount(topics.assigned[topics.assigned >= 0], minlength=len(topics.words))
    events = np.array(posts.events, dtype=object)
    return {
        "posts": len(posts),
        "without_topic": int((topics.assigned < 0).sum()),
        "coherence": float(topics.coherence.mean()),
        "converged": topics.converged,
        "settings": settings.model_dump(),
        "hours": hours,
        "least": LEAST,
        "model": model,
        "topics": [
            {"label": label, "words": list(words), "posts": int(size), "coherence": float(score)}
            for label, words, size, score in zip(
                topics.labels, topics.words, sizes, topics.coherence, strict=True
            )
        ],
        "events": [
            _event(name, np.flatnonzero(events == name), posts, topics, hours, classes, answers)
            for name in sorted(set(posts.events))
        ],
    }


def _event(
    name: str,
    rows: np.ndarray,
    posts: TimedPosts,
    topics: Topics,
    hours: float,
    classes: tuple[str, ...],
    answers: np.ndarray | None,
) -> dict[str, Any]:
    names = _numbered(topics.labels)
    series = make_series(posts, topics.assigned, len(names), rows, hours=hours)
    told: dict[str, Any] = {
        "event": name,
        "posts": len(rows),
        "without_time": series.without_time,
        "topics": _sizes(topics.assigned[rows], names),
        "topics_over_time": series.told(names),
        "classes": {},
        "classes_over_time": [],
        "gaps": [
            f"{gap.start or 'the beginning'} to {gap.to or 'now'}, {gap.source}: {gap.why}"
            for gap in posts.gaps
        ],
    }
    if answers is not None:
        told["classes"] = _sizes(answers[rows], classes)
        by_class = make_series(posts, answers, len(classes), rows, hours=hours)
        told["classes_over_time"] = by_class.told(classes)
    return told


def _sizes(groups: np.ndarray, names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(groups[groups >= 0], minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))


def _numbered(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Two topics may begin with the same words."""
    return tuple(
        label if labels.count(label) == 1 else f"{label} ({number})"
        for number, label in enumerate(labels, 1)
    )
