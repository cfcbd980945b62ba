"""Weak labels: the class of a post is that of the emoji in it, and the emoji are taken away.

Signs are counted as a reader sees them, one a cluster. A post without any, and one with as many
of two classes, has no label: neither is evidence of anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.posts.text.clean import clean
from inundate.posts.text.emoji import clusters

__all__ = ["POLARITY", "Weak", "read_categories", "weak_labels"]

POLARITY: dict[str, tuple[str, ...]] = {
    "negative": tuple("😢😭😿💔😞😔😟😕🙁☹😣😖😫😩😠😡🤬😤😨😰😱😧😦🤮🤢👎😒🙄😷🥺😥"),
    "positive": tuple("😊😍😘🤗💕😀💙💪🙌💚🙂😎😆☺😃😻💖💋💜♥😄💛💗✨🎉😋😇💞😺🖤❤🥰🥳👏😁"),
}
"""Signs that most people mean as they look. Left out on purpose: laughing with tears (often
mockery), the warning sign (official warnings are no sentiment), praying hands, thumbs up."""


class Weak(dict[str, int]):
    """Counts of what became of the texts: classes, ``absent``, ``tied``."""


def weak_labels(
    texts: Sequence[str], categories: Mapping[str, Iterable[str]] = POLARITY
) -> tuple[np.ndarray, Weak]:
    """Give each text the class of which most signs are in it.

    Parameters
    ----------
    texts : sequence of str, N
    categories : mapping
        Class to its signs; a sign belongs to one class.

    Returns
    -------
    tuple of (array (N,) int64, Weak)
        Index of the class in the order of ``categories``, -1 where no sign is or several
        classes have as many; and how many there are of each.

    Raises
    ------
    DataError
        If a sign is no emoji, or belongs to two classes.

    Examples
    --------
    >>> labels, counts = weak_labels(["so wet 😢", "dry 😊😢", "on it"])
    >>> labels.tolist(), dict(counts)
    ([0, -1, -1], {'negative': 1, 'positive': 0, 'absent': 1, 'tied': 1})
    """
    class_of = _classes(categories)
    labels = np.full(len(texts), -1, dtype=np.int64)
    counts = Weak(dict.fromkeys(categories, 0) | {"absent": 0, "tied": 0})
    names = list(categories)
    for row, text in enumerate(texts):
        found = Counter(class_of[sign] for sign in clusters(clean(text)) if sign in class_of)
        ranked = found.most_common(2)
        if not ranked:
            counts["absent"] += 1
        elif len(ranked) == 2 and ranked[0][1] == ranked[1][1]:
            counts["tied"] += 1
        else:
            labels[row] = names.index(ranked[0][0])
            counts[ranked[0][0]] += 1
    return labels, counts


def _classes(categories: Mapping[str, Iterable[str]]) -> dict[str, str]:
    class_of: dict[str, str] = {}
    for name, signs in categories.items():
        if name in ("absent", "tied"):
            raise DataError(f"labelling by emoji: a class cannot be named {name!r}")
        for sign in signs:
            seen = clusters(sign)
            if len(seen) != 1:
                raise DataError(
                    f"labelling by emoji: {sign!r} of class {name!r} is {len(seen)} signs, "
                    "expected one emoji"
                )
            other = class_of.setdefault(seen[0], name)
            if other != name:
                raise DataError(
                    f"labelling by emoji: {seen[0]} is in two classes, {other!r} and {name!r}",
                    hint="take it out of one; a sign that is used for both tells nothing",
                )
    return class_of


def read_categories(path: Path | str) -> dict[str, tuple[str, ...]]:
    r"""Read a table of categories: one a line, its name, a tab, its signs in a row.

    Signs are taken whole, whatever they are joined of; skin tones and variation selectors do
    not count, and blanks between signs do not either.

    Raises
    ------
    MissingFileError
        If there is no such file.
    DataError
        If a line is none of these, or a name comes twice.
    """
    source = check_input(path, what="reading categories of emoji")
    found: dict[str, tuple[str, ...]] = {}
    try:
        lines = source.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(
            f"reading {source}: not UTF-8 ({error.reason} at byte {error.start})",
            hint="save it as UTF-8",
        ) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, tab, signs = line.partition("\t")
        seen = tuple(dict.fromkeys(clusters(signs)))
        if not tab or not name.strip() or not seen:
            raise DataError(
                f"reading {source}, line {number}: expected a name, a tab and emoji, found "
                f"{line[:60]!r}"
            )
        if name.strip() in found:
            raise DataError(f"reading {source}, line {number}: {name.strip()!r} comes twice")
        found[name.strip()] = seen
    if len(found) < 2:
        raise DataError(f"reading {source}: {len(found)} categories, expected two or more")
    _classes(found)
    return found
