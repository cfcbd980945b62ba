"""Posts with what people judged of them: the form in which every classifier takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.labelled.tasks import find_task, polarity, sides

__all__ = ["LabelledPosts", "open_labelled", "open_weak"]


@dataclass(frozen=True)
class LabelledPosts:
    """Texts, and the class of each.

    Parameters
    ----------
    texts : tuple of str, N
    labels : array (N,), int64
        Index into ``classes``; -1 where nobody has judged.
    classes : tuple of str, K
        Of two, the second is what is looked for.
    events : tuple of str, N
        Event that a post belongs to; empty where that is not known.
    authors : tuple of str, N
        Pseudonyms; empty where there is none.
    ids : tuple of str, N
    languages : tuple of str, N
        As the table states them; empty where it does not.
    origin : mapping
        What was read, what was assumed, what was left out and why; JSON.
    numbers : mapping of str to array (N,), float64
        What is known of each post beside its words, such as depth where it was written; NaN where
        it is not. See :func:`~inundate.posts.labelled.numbers.with_numbers`.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    events: tuple[str, ...]
    authors: tuple[str, ...]
    ids: tuple[str, ...]
    languages: tuple[str, ...]
    origin: Mapping[str, Any]
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        number = len(self.texts)
        columns: tuple[Sized, ...] = (
            self.labels, self.events, self.authors, self.ids, self.languages,
            *self.numbers.values(),
        )  # fmt: skip
        if any(len(column) != number for column in columns):
            raise DataError(
                f"making a table of labelled posts: {number} texts, but columns of "
                + ", ".join(str(len(column)) for column in columns)
            )
        if number and not -1 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise DataError(
                f"making a table of labelled posts: labels from {self.labels.min()} to "
                f"{self.labels.max()}, expected -1 to {len(self.classes) - 1}"
            )

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, index: Sequence[int] | np.ndarray) -> LabelledPosts:
        """Give some of the posts.

        Parameters
        ----------
        index : array (M,), int; or array (N,), bool
        """
        chosen = np.arange(len(self))[np.asarray(index, dtype=None if len(index) else np.int64)]
        rows = chosen.tolist()
        return replace(
            self,
            texts=tuple(self.texts[row] for row in rows),
            labels=self.labels[chosen],
            events=tuple(self.events[row] for row in rows),
            authors=tuple(self.authors[row] for row in rows),
            ids=tuple(self.ids[row] for row in rows),
            languages=tuple(self.languages[row] for row in rows),
            numbers={name: values[chosen] for name, values in self.numbers.items()},
        )

    def judged(self) -> LabelledPosts:
        """Give the posts that have a label."""
        return self.take(self.labels >= 0)

    def counts(self) -> dict[str, int]:
        """Give the number of posts of each class."""
        found = np.bincount(self.labels[self.labels >= 0], minlength=len(self.classes))
        return dict(zip(self.classes, found.tolist(), strict=True))

    def with_languages(self) -> LabelledPosts:
        """Give the posts with guesses where the table states no language.

        See :func:`~inundate.posts.text.language.detect_language`.
        """
        from inundate.posts.text.language import detect_language

        guessed = tuple(
            stated or detect_language(text)
            for text, stated in zip(self.texts, self.languages, strict=True)
        )
        return replace(self, languages=guessed)

    def with_classes(self, classes: Sequence[str]) -> LabelledPosts:
        """Give the posts with the classes of a model, in its order.

        Classes meet by name. Two that say yes and no in other words (``0`` and ``1``,
        ``off-topic`` and ``on-topic``) meet by what they say.

        Raises
        ------
        DataError
            If posts have a class that is not among them.
        """
        wanted = tuple(classes)
        places = _places(self.classes, wanted)
        lost = [
            f"{name} ({number})"
            for name, number in self.counts().items()
            if number and name not in places
        ]
        if lost:
            raise DataError(
                f"matching labels: the posts have {', '.join(lost)}, which is none of "
                f"{', '.join(wanted)}",
                hint="name the task, or the labels that are looked for by --positive",
            )
        new = np.array([*(places.get(name, -1) for name in self.classes), -1], dtype=np.int64)
        return replace(self, labels=new[self.labels], classes=wanted)


def _places(found: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Give where in the wanted classes each class is that was found."""
    places = {name: wanted.index(name) for name in found if name in wanted}
    if len(places) < len(found) <= len(wanted) == 2 and sides(wanted) == (False, True):
        said = (polarity(found[0]),) if len(found) == 1 else sides((found[0], found[1]))
        if said is not None and None not in said:
            return {name: int(bool(side)) for name, side in zip(found, said, strict=True)}
    return places


def open_labelled(
    path: Path | str,
    *,
    task: str | None = None,
    text: str | None = None,
    label: str | None = None,
    event: str | None = None,
    positive: Sequence[str] = (),
) -> LabelledPosts:
    """Open posts that people have judged.

    CrisisLex T6 and T26, CrisisNLP, HumAID, CrisisMMD, CrisisBench and Kaggle's table are known
    by their headers. Of any other CSV, TSV or JSON lines the columns are found by name and by
    content. ``origin`` of the result tells what was assumed.

    Parameters
    ----------
    path : Path
        A file, a folder of files of one kind, or a pseudonymised store of posts with labels.
    task : str, optional
        What is asked, of :data:`~inundate.posts.labelled.tasks.TASKS`; it chooses the column
        of known tables, and the classes. With ``emoji`` labels are made of the signs in the
        texts, which ``origin["strip_markers"]`` then names; see
        :mod:`~inundate.posts.labelled.weak`.
    text, label : str, optional
        Columns with the text and the label; in a store, the name of the label.
    event : str, optional
        Column with the event, or the event of all posts.
    positive : sequence of str
        Labels that are looked for; all others are the other class.

    Raises
    ------
    MissingFileError
        If nothing is there.
    ConfigError
        If the task is not known.
    DataError
        If it is no table of labelled posts, columns are absent or several would do, labels are
        not those of the task, or it is a store that is not pseudonymised.
    """
    from inundate.posts.labelled.gather import EMOJI, Wanted
    from inundate.posts.labelled.opening import read_labelled

    if task is not None and task != EMOJI:
        find_task(task)
    return read_labelled(Path(path), Wanted(task, text, label, event, tuple(positive)))


def open_weak(
    path: Path | str,
    categories: Mapping[str, tuple[str, ...]],
    *,
    text: str | None = None,
    event: str | None = None,
) -> LabelledPosts:
    """Open posts and label them by the emoji in them; see :func:`open_labelled`.

    Parameters
    ----------
    path : Path
        As there; labels of people are not needed.
    categories : mapping
        Class to its signs, as :func:`~inundate.posts.labelled.weak.read_categories` gives it.
    text, event : str, optional
        As there.

    Raises
    ------
    MissingFileError, DataError
        As there, and when no post has a sign.
    """
    from inundate.posts.labelled.gather import EMOJI, Wanted
    from inundate.posts.labelled.opening import read_labelled

    return read_labelled(Path(path), Wanted(EMOJI, text, None, event, (), categories))
