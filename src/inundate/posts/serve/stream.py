"""Classify posts as they come, in small batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from inundate.core.config import Settings
from inundate.posts.labelled.numbers import NumberTable
from inundate.posts.parquet import ROW_GROUP
from inundate.posts.serve.flow import Flow
from inundate.posts.serve.items import Item
from inundate.posts.serve.labels import ModelLabels, to_label_table
from inundate.posts.shift.abstaining import Abstaining
from inundate.posts.shift.model import Model

__all__ = ["ServeSettings", "Served", "answer", "classify_stream"]

_KEPT = 100_000  # latencies that the percentiles are of: the latest


class ServeSettings(Settings):
    """How posts flow."""

    batch: int = Field(default=64, ge=1)
    """Most posts that are classified at once."""
    wait_ms: float = Field(default=100.0, gt=0)
    """Longest time that a post waits for others, ms."""
    queue: int = Field(default=1024, ge=1)
    """Most posts that wait; with more, reading waits."""
    drop: bool = False
    """Drop what comes while the queue is full, instead of letting it wait."""
    write_s: float = Field(default=5.0, gt=0)
    """Longest time that an answer waits to be written, s."""


@dataclass
class Served:
    """What a run did."""

    posts: int = 0
    """Classified."""
    known: int = 0
    """Passed over, since the model's answer was there already."""
    dropped: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """From being read to being answered, s."""
    interrupted: bool = False
    """Whether Ctrl-C ended it; what was answered is written."""

    def figures(self) -> dict[str, Any]:
        """Give counts, posts a second, and percentiles of the latency in ms."""
        told: dict[str, Any] = {
            "posts": self.posts,
            "known": self.known,
            "dropped": self.dropped,
            "labels": dict(sorted(self.labels.items())),
            "seconds": self.seconds,
            "posts_per_s": self.posts / self.seconds if self.seconds else None,
        }
        if self.latencies:
            p50, p99 = np.percentile(self.latencies[-_KEPT:], [50, 99]) * 1000
            told |= {"latency_p50_ms": float(p50), "latency_p99_ms": float(p99)}
        return told

    def count(self, table: pa.Table) -> None:
        """Count answers by class."""
        self.posts += table.num_rows
        for name in table["label"].to_pylist():
            told = name if name is not None else "not sure"
            self.labels[told] = self.labels.get(told, 0) + 1


def answer(
    model: Model, posts: list[str], texts: list[str], numbers: NumberTable | None = None
) -> pa.Table:
    """Ask a model about posts.

    Parameters
    ----------
    model : Model
    posts, texts : list of str, N
        Pseudonyms, and what they say.
    numbers : NumberTable, optional
        What the model reads beside texts.

    Returns
    -------
    Table
        Of labels. A model that may pass has no label where it is not sure.
    """
    asked: Any = model
    beside = () if numbers is None else (numbers.of(posts),)
    probabilities = asked.probabilities(texts, *beside)
    if isinstance(model, Abstaining):
        labels = model.decisions(probabilities).labels
    else:
        labels = probabilities.argmax(axis=1)
    return to_label_table(posts, probabilities, labels, model.classes)


class _Sink:
    """Collects answers and writes them in files that are not too small."""

    def __init__(self, labels: ModelLabels, write_s: float) -> None:
        self.labels, self.write_s = labels, write_s
        self.waiting: list[pa.Table] = []
        self.since = time.monotonic()

    def take(self, table: pa.Table) -> None:
        if not self.waiting:
            self.since = time.monotonic()
        self.waiting.append(table)
        self.look()

    def look(self) -> None:
        """Write if it is time."""
        rows = sum(table.num_rows for table in self.waiting)
        if rows >= ROW_GROUP or (rows and time.monotonic() - self.since >= self.write_s):
            self.write()

    def write(self) -> None:
        if self.waiting:
            self.labels.add(pa.concat_tables(self.waiting))
            self.waiting = []
            self.labels.gather()


def classify_stream(
    items: Iterable[Item],
    model: Model,
    labels: ModelLabels | None,
    settings: ServeSettings | None = None,
    *,
    numbers: NumberTable | None = None,
    on_table: Callable[[pa.Table], None] = lambda _: None,
) -> Served:
    """Classify posts as they come, and write what the model says.

    A post that has an answer of this model is passed over, so that a run that was killed goes on
    when it is given again, and a second run adds nothing.

    Parameters
    ----------
    items : iterable of Item
        Read in a thread of its own.
    model : Model
    labels : ModelLabels or None
        Where to write; None writes nothing.
    settings : ServeSettings, optional
    numbers : NumberTable, optional
        What the model reads beside texts.
    on_table : callable
        Handed the answers of each batch.

    Returns
    -------
    Served
    """
    settings = settings or ServeSettings()
    if labels is None:
        return _serve(items, model, None, settings, numbers, on_table)
    with labels.lock():
        sink = _Sink(labels, settings.write_s)
        try:
            return _serve(items, model, sink, settings, numbers, on_table)
        finally:
            sink.write()  # also where reading ended in an error, or by Ctrl-C


def _serve(
    items: Iterable[Item],
    model: Model,
    sink: _Sink | None,
    settings: ServeSettings,
    numbers: NumberTable | None,
    on_table: Callable[[pa.Table], None],
) -> Served:
    served = Served()
    done = sink.labels.posts() if sink else set()
    begun = time.monotonic()
    new = _new(items, done, served, is_sure=not settings.drop)
    flow = Flow(new, length=settings.queue, drop=settings.drop)
    idle = sink.look if sink else lambda: None
    try:
        for batch in flow.batches(settings.batch, settings.wait_ms / 1000, idle):
            posts = [item.post for item in batch]
            table = answer(model, posts, [item.text for item in batch], numbers)
            done.update(posts)
            now = time.monotonic()
            served.latencies += [now - item.arrived for item in batch]
            if len(served.latencies) > 2 * _KEPT:
                del served.latencies[:_KEPT]
            served.count(table)
            if sink:
                sink.take(table)
            on_table(table)
    except KeyboardInterrupt:
        served.interrupted = True
    served.dropped = flow.dropped
    served.seconds = time.monotonic() - begun
    return served


def _new(items: Iterable[Item], done: set[str], served: Served, *, is_sure: bool) -> Iterator[Item]:
    """Pass over posts that have an answer, or came before and are sure to get one."""
    for item in items:
        if item.post in done:
            served.known += 1
        else:
            if is_sure:
                done.add(item.post)
            yield item
