"""From labels as people wrote them to classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from inundate.core.errors import DataError
from inundate.posts.labelled.tasks import NOT_JUDGED, TASKS, Task, find_task, plain, polarity, sides

__all__ = ["Classes", "answers", "choose_classes"]

_MOST = 50  # classes; what has more is a text or a number


@dataclass(frozen=True)
class Classes:
    """The classes of a table, and where each written label goes."""

    names: tuple[str, ...]
    places: dict[str, int]
    """Written label to the index of its class, -1 where it says that nobody judged."""
    positive: str | None = None
    """Of two classes that say yes and no, the one that says yes."""
    assumed: list[str] = field(default_factory=list)

    def written(self, labels: Sequence[str]) -> dict[str, dict[str, object]]:
        """Give for each written label its number and class."""
        return {
            label.strip(): {
                "posts": number,
                "class": self.names[self.places[label]] if self.places[label] >= 0 else None,
            }
            for label, number in Counter(labels).most_common()
        }


def choose_classes(
    labels: Sequence[str], task: str | None, positive: Sequence[str], where: str
) -> Classes:
    """Choose the classes of written labels.

    Parameters
    ----------
    labels : sequence of str, N
    task : str or None
        Its classes are taken.
    positive : sequence of str
        Labels that are looked for; all others are the other class.
    where : str
        Name of the table in errors.

    Raises
    ------
    DataError
        If no post is judged, there are too many labels for classes, or labels that the task
        does not know.
    """
    known = find_task(task) if task is not None else None
    found = Counter(labels)
    judged = [label for label in found if not _is_open(label, known, positive)]
    if not judged:
        raise DataError(
            f"opening {where}: none of {len(labels)} posts has a label",
            hint="name the column with the labels by --label",
        )
    if positive:
        return _by_positive(found, judged, known, positive, where)
    if known is not None:
        return _by_task(found, judged, known, where)
    return _by_themselves(found, judged, where)


def answers(labels: Iterable[str], task: Task) -> bool:
    """Whether written labels are those of a task, or say that nobody judged."""
    return all(
        task.class_of(label) or _of_type(label, task) or _is_aside(label, task)
        or plain(label) in NOT_JUDGED
        for label in labels
    )  # fmt: skip


def _is_open(label: str, task: Task | None, positive: Sequence[str]) -> bool:
    word = plain(label)
    if task is not None and word in task.labels:
        return False
    return word in NOT_JUDGED and word not in map(plain, positive)


def _by_positive(
    found: Counter[str],
    judged: Sequence[str],
    task: Task | None,
    positive: Sequence[str],
    where: str,
) -> Classes:
    wanted = {plain(label) for label in positive}
    absent = wanted - {plain(label) for label in judged}
    if absent:
        raise DataError(
            f"opening {where}: no post has the label {', '.join(sorted(absent))}, which is "
            "looked for",
            hint="labels: " + ", ".join(sorted({label.strip() for label in judged})[:_MOST]),
        )
    names = task.classes if task is not None and len(task.classes) == 2 else ("no", "yes")
    places = dict.fromkeys(found, -1)
    places |= {label: int(plain(label) in wanted) for label in judged}
    return Classes(names, places, names[1])


def _by_task(found: Counter[str], judged: Sequence[str], task: Task, where: str) -> Classes:
    places = dict.fromkeys(found, -1)
    unknown = []
    aside: Counter[str] = Counter()
    for label in judged:
        name = task.class_of(label) or _of_type(label, task)
        if name is not None:
            places[label] = task.classes.index(name)
        elif _is_aside(label, task):
            aside[label.strip()] += found[label]
        else:
            unknown.append(f"{label.strip()!r} ({found[label]})")
    if unknown:
        raise DataError(
            f"opening {where}: labels that the task {task.name} does not know: "
            + ", ".join(sorted(unknown)[:10]),
            hint="name those that are looked for by --positive, or leave --task out"
            if len(task.classes) == 2
            else f"leave --task out; classes of {task.name}: " + ", ".join(task.classes),
        )
    if all(place < 0 for place in places.values()):
        raise DataError(
            f"opening {where}: no label answers the task {task.name}: "
            + ", ".join(sorted(aside)[:10]),
            hint="name another task or column: --task, --label",
        )
    assumed = [f"label {label!r} is no answer to {task.name}: not judged" for label in aside]
    return Classes(task.classes, places, task.classes[1] if len(task.classes) == 2 else None,
                   assumed)  # fmt: skip


def _of_type(label: str, task: Task) -> str | None:
    """Give the class of a type of information: such a post is about the event."""
    if task.name == "relevance" and TASKS["information-type"].class_of(label) is not None:
        return task.classes[1]
    return None


def _is_aside(label: str, task: Task) -> bool:
    """Whether a label says that a question of many answers was not for this post."""
    return len(task.classes) > 2 and polarity(label) is False


def _by_themselves(found: Counter[str], judged: Sequence[str], where: str) -> Classes:
    spellings: dict[str, Counter[str]] = {}
    for label in judged:
        spellings.setdefault(plain(label), Counter())[label.strip()] += found[label]
    if len(spellings) > _MOST:
        raise DataError(
            f"opening {where}: {len(spellings)} different labels, expected at most {_MOST}",
            hint="name the column with the labels by --label",
        )
    order = sorted(spellings, key=_key)
    said = sides((order[0], order[1])) if len(order) == 2 else None
    if said == (True, False):
        order.reverse()
    names = tuple(spellings[word].most_common(1)[0][0] for word in order)
    places = dict.fromkeys(found, -1)
    places |= {label: order.index(plain(label)) for label in judged}
    assumed = [f"label {names[1]!r} is what is looked for"] if said else []
    return Classes(names, places, names[1] if said else None, assumed)


def _key(word: str) -> tuple[bool, float, str]:
    try:
        return False, float(word), word
    except ValueError:
        return True, 0.0, word
