"""What is asked of a post, and how the labels of known tables answer it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inundate.core.errors import ConfigError, nearest

__all__ = ["NOT_JUDGED", "TASKS", "Task", "find_task", "plain", "polarity", "sides"]

NOT_JUDGED = frozenset(
    ("", "not labeled", "not labelled", "unlabeled", "unlabelled", "na", "n/a", "nan", "none",
     "null", "?", "-", "not applicable", "dont know or cant judge", "not know or cannot judge")
)  # fmt: skip
"""Labels, as :func:`plain` gives them, of posts that nobody has judged."""


def plain(label: str) -> str:
    """Give a label in the spelling in which labels are compared.

    Examples
    --------
    >>> plain(" Related_and-informative"), plain("Don't know"), plain("-1.0")
    ('related and informative', 'dont know', '-1')
    """
    if _NUMBER.fullmatch(label.strip()):
        return f"{float(label.strip()):g}"  # knows fewer blanks than strip
    kept = "".join(char if char.isalnum() or char in "?/+." else " " for char in _flat(label))
    return " ".join(kept.split()) or label.strip()


_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{0,9})?", re.ASCII)


def _flat(label: str) -> str:
    return label.casefold().replace("'", "").replace("’", "")


@dataclass(frozen=True)
class Task:
    """A question about a post.

    Parameters
    ----------
    name : str
    classes : tuple of str
        The answers. Of two, the second is what is looked for.
    labels : mapping
        Label of a known table, as :func:`plain` gives it, to its class.
    doc : str
    """

    name: str
    classes: tuple[str, ...]
    labels: dict[str, str]
    doc: str

    def class_of(self, label: str) -> str | None:
        """Give the class of a label, None where it is not known."""
        return self.labels.get(plain(label))


def _task(name: str, doc: str, **classes: str) -> Task:
    """Make a task of its classes in order, each with its labels between bars."""
    labels: dict[str, str] = {}
    names = tuple(key.replace("_", " ") for key in classes)
    for found, written in zip(names, classes.values(), strict=True):
        labels[plain(found)] = found
        labels |= {plain(label): found for label in written.split("|")}
    return Task(name, names, labels, doc)


_NO = "no|n|0|false|f|negative|neg|none of it"
_YES = "yes|y|1|true|t|positive|pos"
_NOT_ABOUT = (
    "not related|unrelated|irrelevant|not relevant|off|offtopic|not humanitarian|other topic"
    "|not related or irrelevant|not physical landslide|not crisis|non disaster|not disaster"
)
_ABOUT = (
    "related|relevant|on|ontopic|crisis|disaster|flood|flooding|related and informative"
    "|related but not informative"
)
_AFFECTED = (
    "affected individual|injured or dead people|injured dead people|injured people|dead people"
    "|missing or found people|missing trapped or found people|missing and found people"
    "|displaced people and evacuations|displaced and evacuations|people missing or found"
    "|injuries or deaths|casualties|personal updates"
)
_DONATIONS = (
    "donation and volunteering|donations|donation needs or offers or volunteering services"
    "|donations of money|donations of supplies and or volunteer work|donation"
    "|rescue volunteering or donation effort|requests or urgent needs|requests or needs"
    "|volunteer or professional services|shelter and supplies|money|needs and requests"
)
_DAMAGE = (
    "infrastructure|infrastructure and utility damage|infrastructure and utilities damage"
    "|infrastructure damage|vehicle damage|utilities|damage"
)
_USEFUL = (
    "other relevant information|other useful info|other relevant|other useful information"
    "|other humanitarian information|other information"
)
_SYMPATHY = (
    "sympathy|sympathy and emotional support|emotional support|sympathy and prayers"
    "|thoughts and prayers|praying"
)
_CAUTION = "caution|cautions and advice|advice|warnings|warning|response efforts"

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        _task(
            "relevance",
            "whether a post is about the event",
            **{"off-topic": f"{_NO}|{_NOT_ABOUT}", "on-topic": f"{_YES}|{_ABOUT}"},
        ),
        _task(
            "informativeness",
            "whether a post tells something about the event",
            not_informative=f"{_NO}|{_NOT_ABOUT}|related but not informative|uninformative"
            "|non informative|not applicable",
            informative=f"{_YES}|related and informative|informative direct|informative indirect"
            "|direct|indirect",
        ),
        _task(
            "information-type",
            "what a post about the event tells",
            affected_individuals=_AFFECTED,
            caution_and_advice=_CAUTION,
            donations_and_volunteering=_DONATIONS,
            infrastructure_and_utilities=_DAMAGE,
            other_useful_information=_USEFUL,
            sympathy_and_support=_SYMPATHY,
        ),
        _task(
            "information-source",
            "who a post comes from",
            business="businesses",
            eyewitness="eyewitnesses|witness",
            government="authorities",
            media="traditional and or internet media|traditional or internet media|news",
            ngos="ngo|non government|non governmental",
            outsiders="outsider",
        ),
        _task(
            "sentiment",
            "how a post feels",
            negative="neg|-1|slightly negative|very negative|0 negative",
            neutral="neu|0|mixed",
            positive="pos|1|slightly positive|very positive",
        ),
        _task(
            "severity",
            "how bad the damage or the water is by a post",
            little_or_none="none|no|no damage|little|little or no damage|low|0",
            mild="moderate|minor|mild damage|medium|1",
            severe="high|major|severe damage|extreme|2",
        ),
        _task(
            "water",
            "whether a post tells of water where it should not be",
            no_water=f"{_NO}|dry|no flood|not flooded|no flooding",
            water=f"{_YES}|wet|flood|flooded|flooding",
        ),
    )
}
"""By name. ``emoji`` is not here: its classes are those of a table of markers, see
:mod:`inundate.posts.labelled.weak`."""

_SAYS_NO = {plain(label) for label in f"{_NO}|{_NOT_ABOUT}".split("|")}
_SAYS_YES = {plain(label) for label in f"{_YES}|{_ABOUT}".split("|")}
for _binary in (task for task in TASKS.values() if len(task.classes) == 2):
    _SAYS_NO |= {label for label, found in _binary.labels.items() if found == _binary.classes[0]}
    _SAYS_YES |= {label for label, found in _binary.labels.items() if found == _binary.classes[1]}
_BOTH = _SAYS_NO & _SAYS_YES  # "related but not informative" depends on the question


def polarity(label: str) -> bool | None:
    """Say whether a label means yes or no whatever the question; None where it means neither.

    Examples
    --------
    >>> polarity("on-topic"), polarity("0"), polarity("sympathy")
    (True, False, None)
    """
    word = plain(label)
    if word in _BOTH or not (word in _SAYS_NO or word in _SAYS_YES):
        return None
    return word in _SAYS_YES


def sides(pair: Sequence[str]) -> tuple[bool, bool] | None:
    """Say which of two labels means yes; None where that cannot be told.

    One that denies the other (``flood``, ``not_flood``) means no; so does the other one where
    only one is known.

    Examples
    --------
    >>> sides(["1", "0"]), sides(["storm", "no storm"]), sides(["flood", "other"])
    ((True, False), (True, False), (True, False))
    >>> sides(["rain", "wind"]) is None
    True
    """
    first, second = map(plain, pair)
    for one, other, found in ((first, second, (True, False)), (second, first, (False, True))):
        if other in {f"{word}{one}" for word in _DENYING}:
            return found
    said = polarity(first), polarity(second)
    if said[0] is None and said[1] is None:
        return None
    if said[0] == said[1]:
        return None
    yes = said[0] if said[0] is not None else not said[1]
    return yes, not yes


_DENYING = ("not ", "no ", "non ", "un", "in", "ir", "non", "not a ", "without ")


def find_task(name: str) -> Task:
    """Give a task by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name in TASKS:
        return TASKS[name]
    close = nearest(name, [*TASKS, "emoji"])
    raise ConfigError(
        f"reading labels: task {name!r} is not known; "
        + (f"did you mean {close!r}?" if close else "expected a task of posts"),
        hint="tasks: " + ", ".join([*TASKS, "emoji"]),
    )
