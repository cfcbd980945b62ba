"""Posts with their times, of a store or of lines, and what a model said of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.gaps import StoredGap, read_gaps
from inundate.posts.serve.items import Reading, read_file_records
from inundate.posts.serve.labels import models_of
from inundate.posts.store import open_posts

__all__ = ["NO_TIME", "TimedPosts", "read_answers", "read_timed"]

_COLUMNS = ("post", "text", "created_bin", "event", "author")
NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class TimedPosts:
    """Posts, N of them.

    Parameters
    ----------
    ids, texts, events, authors : tuple of str, N
        Empty where not known.
    times : array (N,), int64
        Seconds since 1970, UTC, rounded as pseudonymisation did; :data:`NO_TIME` where unknown.
    gaps : tuple of StoredGap
        Times in which the collection may have missed posts.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    events: tuple[str, ...]
    authors: tuple[str, ...]
    times: np.ndarray
    gaps: tuple[StoredGap, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


def read_timed(path: Path | str) -> TimedPosts:
    """Read the posts of a pseudonymised store, or of JSON lines with the columns of one.

    Parameters
    ----------
    path : Path

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If posts are raw, or there are none.
    """
    place = Path(path)
    gaps: tuple[StoredGap, ...] = ()
    if (place / "manifest.json").is_file():
        store = open_posts(place)
        rows = [row for table in store.batches(_COLUMNS) for row in table.to_pylist()]
        gaps = tuple(read_gaps(store.path))
    else:
        rows = list(read_file_records(place, Reading()))
    if not rows:
        raise DataError(f"reading {place}: no posts in it")
    texts = {name: tuple(str(row.get(name) or "") for row in rows) for name in _COLUMNS}
    times = np.array([_seconds(row.get("created_bin"), place) for row in rows], np.int64)
    return TimedPosts(texts["post"], texts["text"], texts["event"], texts["author"], times, gaps)


def _seconds(value: Any, where: Path) -> int:
    if value is None:
        return int(NO_TIME)
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
        return int(value) // 1000  # ms, as the store's type has it
    except (ValueError, TypeError) as error:
        raise DataError(
            f"reading {where}: created_bin {value!r}, expected a time such as "
            "2013-06-21T10:00:00Z, or ms since 1970"
        ) from error


def read_answers(
    folder: Path | str, posts: TimedPosts, *, model: str | None = None
) -> tuple[str, tuple[str, ...], np.ndarray]:
    """Give what a model said of posts.

    Parameters
    ----------
    folder : Path
        Of labels, as ``inundate posts classify`` writes it.
    posts : TimedPosts
    model : str, optional
        Id; needed where several models have answered.

    Returns
    -------
    model : str
        Id.
    classes : tuple of str
    answers : array (N,), int64
        Index of the class, -1 where the model was not asked or not sure.

    Raises
    ------
    DataError
        If no such model has answered.
    """
    found = {str(one.told["model"]): one for one in models_of(folder)}
    if model is None and len(found) == 1:
        model = next(iter(found))
    if model not in found:
        listed = ", ".join(f"{name} ({one.told['name']})" for name, one in found.items())
        raise DataError(
            f"reading labels of {folder}: "
            + ("several models" if model is None and found else f"no model {model or 'at all'}")
            + f"; there are {listed or 'none'}",
            hint="name one by --model-id, or classify first: inundate posts classify",
        )
    classes = tuple(found[model].told["classes"])
    table = found[model].read()
    places = {name: place for place, name in enumerate(classes)}
    said = dict(zip(table["post"].to_pylist(), table["label"].to_pylist(), strict=True))
    answers = [places.get(said.get(post) or "", -1) for post in posts.ids]
    return model, classes, np.array(answers, np.int64)
