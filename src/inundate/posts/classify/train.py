"""Train a classifier on tables of posts, and score it beside what needs no training."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.config import Settings
from inundate.core.errors import ConfigError, RunError
from inundate.core.files import check_not_input, check_output
from inundate.core.run import Run
from inundate.learn.settings import differences
from inundate.posts.classify.base import FitReport, TextClassifier
from inundate.posts.classify.context import WORDS_ALONE, Context
from inundate.posts.classify.folder import stored_id
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.evaluate.merge import join_posts
from inundate.posts.evaluate.near import near_duplicates
from inundate.posts.evaluate.references import save_references
from inundate.posts.evaluate.scores import classification_scores
from inundate.posts.evaluate.split import grouped_split, hold_out
from inundate.posts.labelled.numbers import answers_of, read_numbers, with_numbers
from inundate.posts.labelled.table import LabelledPosts, open_labelled

__all__ = ["REFERENCES", "Reading", "Trained", "train_classifier"]

REFERENCES = ("majority", "keyword", "tfidf_words")
"""Fitted on the same posts and scored on the same others, since no score stands alone."""
_SCORES = ("accuracy", "macro_f1", "auc", "ece")


class Reading(Settings):
    """How labelled posts are read and divided."""

    task: str | None = None
    """What is asked, such as relevance."""
    text_column: str | None = None
    """Column with the text."""
    label_column: str | None = None
    """Column with the label."""
    event_column: str | None = None
    """Column with the event, or the event of all posts."""
    positive: tuple[str, ...] = ()
    """Labels that are looked for."""
    leave_out: tuple[str, ...] = ()
    """Events whose posts are the test; otherwise a fifth of all posts is."""
    context: tuple[Path, ...] = ()
    """Tables with numbers by post, for a model that reads them; else the tables of posts."""


@dataclass(frozen=True)
class Trained:
    """A classifier that was trained and saved.

    Parameters
    ----------
    model : TextClassifier
    identity : str
        Id of the saved model.
    report : FitReport
    parts : mapping of str to int
        Posts of each part.
    scores : mapping
        By model, the trained one first, the scores on the test posts: value, low and high.
    """

    model: TextClassifier
    identity: str
    report: FitReport
    parts: Mapping[str, int]
    scores: Mapping[str, Mapping[str, Any]]


def train_classifier(
    model: str | Path,
    files: Sequence[Path],
    output: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    reading: Reading = Reading(),  # noqa: B008
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
) -> Trained:
    """Read posts, divide them so that no copy is in two parts, train, score and save.

    Parameters
    ----------
    model : str or Path
        See :func:`~inundate.posts.classify.zoo.make_classifier`.
    files : sequence of Path
        Tables of labelled posts with the same classes.
    output : Path
        Folder of the saved model. While it is trained, ``output`` with ``.run`` behind holds its
        checkpoints, and stays if the training is stopped.
    settings : mapping, optional
        Settings of the model.
    reading : Reading
    seed : int
        Of the division and of the training.
    resume : bool
        Go on with a training that was stopped.
    overwrite : bool

    Raises
    ------
    RunError
        If the output is there, or a stopped training of it is and is not resumed.
    ConfigError
        If a resumed training was begun with other settings, or context is given to a model that
        reads texts alone.
    DataError
        If the posts cannot be read or divided.
    """
    classifier = make_classifier(model, **dict(settings or {}))
    check_output(output, overwrite)
    check_not_input(output, [*files, *reading.context])
    posts = _read(files, reading)
    if classifier.columns:
        posts = with_numbers(posts, read_numbers(reading.context or files, classifier.columns))
    elif reading.context:
        raise ConfigError(
            f"training {classifier.name}: it reads texts alone, and a table of context was given",
            hint="train the model context, whose base may be any other",
        )
    parts, groups = _divide(posts, reading, seed)
    config = {
        "model": {"model": classifier.name, **classifier.settings.model_dump(mode="json")},
        "reading": reading.model_dump(mode="json"),
        "data": {"files": [str(path) for path in files], "posts": len(posts), "seed": seed},
    }
    run = _open_run(output.with_name(output.name + ".run"), config, resume)
    train, valid, test = (posts.take(parts[name]) for name in ("train", "valid", "test"))
    report = classifier.fit(train, valid, seed=seed, run=run)
    scores = {classifier.name: _scores(classifier, test, groups[parts["test"]])}
    if isinstance(classifier, Context):
        scores[WORDS_ALONE] = _scores(classifier.words, test, groups[parts["test"]])
    references = {classifier.name: classifier}
    for name in REFERENCES:
        if name != classifier.name:
            references[name] = make_classifier(name)
            references[name].fit(train, seed=seed)
            scores[name] = _scores(references[name], test, groups[parts["test"]])
    counts = {name: len(rows) for name, rows in parts.items()}
    classifier.save(output, notes={"parts": counts, "test": scores, **config})
    save_references({name: references[name] for name in REFERENCES}, output)
    shutil.rmtree(run.path, ignore_errors=True)
    return Trained(classifier, stored_id(output), report, counts, scores)


def _read(files: Sequence[Path], reading: Reading) -> LabelledPosts:
    if not files:
        raise ConfigError("training a classifier: no table of posts", hint="name some by --data")
    tables = [
        open_labelled(
            path,
            task=reading.task,
            text=reading.text_column,
            label=reading.label_column,
            event=reading.event_column,
            positive=reading.positive,
        )
        for path in files
    ]
    first = tables[0]
    return first if len(tables) == 1 else join_posts(
        [first, *(table.with_classes(first.classes) for table in tables[1:])]
    )  # fmt: skip


def _divide(
    posts: LabelledPosts, reading: Reading, seed: int
) -> tuple[dict[str, np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    """Give the places of each part, and the clusters of copies."""
    clusters = near_duplicates(posts.texts)
    if not reading.leave_out:
        return grouped_split(posts, seed=seed, clusters=clusters), clusters
    wanted = {name.casefold() for name in reading.leave_out}
    events = [name.casefold() for name in posts.events]
    absent = wanted - set(events)
    if absent:
        known = sorted({name for name in posts.events if name})
        raise ConfigError(
            f"leaving events out: no post belongs to {', '.join(sorted(absent))}",
            hint="events: " + (", ".join(known) or "none is known"),
        )
    is_test = np.array([name in wanted for name in events], dtype=bool)
    return hold_out(posts, is_test, seed=seed, clusters=clusters), clusters


def _open_run(folder: Path, config: Mapping[str, Any], resume: bool) -> Run:
    if not folder.exists():
        return Run.create(folder, kind="posts train", config=config)
    if not resume:
        raise RunError(
            f"training into {folder.with_suffix('')}: a training that was stopped lies in {folder}",
            hint="go on with it by --resume, or remove that folder",
        )
    run = Run(folder)
    found = differences(run.config, dict(config))
    if found:
        raise ConfigError(
            f"resuming {folder}: its settings are not those given now\n"
            + "\n".join(f"  {text}" for text in found),
            hint="give the command as it was given first, or remove that folder",
        )
    return run


def _scores(
    model: TextClassifier, posts: LabelledPosts, clusters: np.ndarray[Any, Any]
) -> dict[str, Any]:
    scored = classification_scores(
        answers_of(model, posts), posts.labels, posts.classes, clusters=clusters
    )
    return {name: scored["scores"][name] for name in _SCORES}
