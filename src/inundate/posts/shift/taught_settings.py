"""How a model teaches another one an event."""

from __future__ import annotations

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["TaughtSettings"]


class TaughtSettings(Settings):
    """Which model learns, and of how many posts."""

    students: tuple[str, ...] = Field(
        default=("tfidf_event",),
        min_length=1,
        description="Classifiers that learn, whose answers are averaged: names or files. With "
        "bert_frozen beside the default they know more, and are slower.",
    )
    at_least: int = Field(
        default=2000, ge=2, description="Different posts below which nothing is learnt."
    )
