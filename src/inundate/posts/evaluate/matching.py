"""Open any labelled table for a model, and bring its labels to the model's classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.posts.labelled.table import LabelledPosts, open_labelled
from inundate.posts.labelled.tasks import TASKS, plain, polarity

__all__ = ["match_classes", "open_for_model", "task_of"]


def task_of(model: Any) -> str | None:
    """Give the task that a model was trained for, None where nothing tells it."""
    origin = (getattr(model, "training", None) or {}).get("origin", {})
    named = origin.get("task") if isinstance(origin, Mapping) else None
    if named in TASKS:
        return str(named)
    alike = [name for name, task in TASKS.items() if task.classes == tuple(model.classes)]
    return alike[0] if len(alike) == 1 else None


def open_for_model(
    path: Path | str,
    model: Any,
    *,
    task: str | None = None,
    text: str | None = None,
    label: str | None = None,
    event: str | None = None,
    positive: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
) -> tuple[LabelledPosts, list[str]]:
    """Open a table whose labels a model can be held against.

    Without a task, that of the model is tried first, then the labels as they stand.

    Parameters
    ----------
    path : Path
    model : classifier
    task, text, label, event, positive
        See :func:`~inundate.posts.labelled.table.open_labelled`.
    renamed : mapping of str to str, optional
        Label of the table to class of the model; empty: not judged.

    Returns
    -------
    posts : LabelledPosts
        With the classes of the model; those that nobody judged are among them.
    assumed : list of str

    Raises
    ------
    MissingFileError, ConfigError, DataError
        As ``open_labelled`` does, and if labels are none of the model's classes.
    """
    given: dict[str, Any] = {"text": text, "label": label, "event": event, "positive": positive}
    own = task_of(model)
    tries = [task] if task is not None or renamed else list(dict.fromkeys([own, None]))
    last: DataError | None = None
    for one in tries:
        try:
            posts = open_labelled(path, task=one, **given)
            found, assumed = match_classes(posts, model.classes, renamed or {})
        except DataError as error:
            last = error  # the last try names the classes of both sides
            continue
        told = [str(line) for line in posts.origin.get("assumed", [])]
        if one is not None and task is None:
            told.append(f"labels are read for the task {one}, which the model was trained for")
        return found, [*dict.fromkeys([*told, *assumed])]
    raise last or DataError(f"opening {path}: no task was tried")


def match_classes(
    posts: LabelledPosts, classes: Sequence[str], renamed: Mapping[str, str]
) -> tuple[LabelledPosts, list[str]]:
    """Give posts the classes of a model; labels meet by name, by what they say, or as told.

    Parameters
    ----------
    posts : LabelledPosts
    classes : sequence of str
    renamed : mapping of str to str
        Label to class; empty: not judged.

    Raises
    ------
    ConfigError
        If a renamed label or class is not there.
    DataError
        If labels are left that are none of the classes, or no post has a label.
    """
    _check_renamed(posts, classes, renamed)
    told = {plain(name): target for name, target in renamed.items()}
    known = {plain(name): name for name in classes}
    assumed: list[str] = []
    target: dict[str, str | None] = {}
    for name in posts.classes:
        word = plain(name)
        target[name] = told[word] if word in told else known.get(word)
    _by_meaning(posts, tuple(classes), target, assumed)
    lost = [
        f"{name!r} ({number})"
        for name, number in posts.counts().items()
        if number and target[name] is None
    ]
    if lost:
        raise DataError(
            f"matching labels: the data have {', '.join(lost)}, the model knows "
            + ", ".join(repr(name) for name in classes),
            hint="say which is which by --map LABEL=CLASS (LABEL= leaves posts out), choose the "
            "column by --label-column or the question by --task",
        )
    places = [
        classes.index(found) if (found := target[name]) else -1 for name in posts.classes
    ]  # "" and None: not judged
    labels = np.array([*places, -1], np.int64)[posts.labels]
    if not (labels >= 0).any():
        raise DataError(
            f"matching labels: none of {len(posts)} posts has a label",
            hint="choose the column by --label-column",
        )
    return replace(posts, labels=labels, classes=tuple(classes)), assumed


def _by_meaning(
    posts: LabelledPosts,
    classes: tuple[str, ...],
    target: dict[str, str | None],
    assumed: list[str],
) -> None:
    """Match what is left of two labels by whether it says yes or no."""
    left = [name for name in posts.classes if target[name] is None]
    if len(classes) != 2 or not left or len(posts.classes) > 2:
        return
    if _are_codes(posts.classes):
        return
    said = {name: polarity(name) for name in left}
    for name, side in said.items():
        if side is not None and classes[int(side)] not in target.values():
            target[name] = classes[int(side)]
            assumed.append(f"label {name!r} means {target[name]!r}")
    left = [name for name in left if target[name] is None]
    free = [name for name in classes if name not in target.values()]
    if len(left) == len(free) == 1 and len(posts.classes) == 2:
        target[left[0]] = free[0]
        assumed.append(f"label {left[0]!r} means {free[0]!r}, since the other label does not")


def _are_codes(names: Sequence[str]) -> bool:
    """Whether labels are numbers of which nobody can say what they mean, such as 1 and 2."""
    try:
        numbers = {float(name) for name in names}
    except ValueError:
        return False
    return not (numbers <= {0.0, 1.0} or numbers <= {-1.0, 1.0})


def _check_renamed(
    posts: LabelledPosts, classes: Sequence[str], renamed: Mapping[str, str]
) -> None:
    labels = {plain(name): name for name in posts.classes}
    for name, target in renamed.items():
        if plain(name) not in labels:
            close = nearest(name, posts.classes)
            raise ConfigError(
                f"--map {name}={target}: no post has the label {name!r}"
                + (f"; did you mean {close!r}?" if close else ""),
                hint="labels: " + ", ".join(posts.classes),
            )
        if target and target not in classes:
            close = nearest(target, classes)
            raise ConfigError(
                f"--map {name}={target}: the model has no class {target!r}"
                + (f"; did you mean {close!r}?" if close else ""),
                hint="classes: " + ", ".join(classes),
            )
