"""A model for one event: it learns the event's own words from what another model says of it.

Models of other events know few of the words by which people write of a new one. Yet their answers
on many of its posts, wrong ones among them, are enough to teach a plain model of letters which runs
of letters go with which answer; and that model is right more often than its teacher, and by a lot
where it is surest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.model import Floats, Model, log_probabilities
from inundate.posts.shift.taught_settings import TaughtSettings
from inundate.posts.shift.temperature import as_sure_as, cool
from inundate.posts.shift.wrapper import Wrapper

__all__ = ["LEAST_SHARE", "Taught"]

LEAST_SHARE = 0.1
"""Of the teacher's answers each class must have so many: rarer ones are drowned, not learnt."""


class Taught(Wrapper):
    """A model that has taught another one an event; answers are the other one's.

    As many posts of the event as before are on either side of one half, and the mean confidence
    is that of the teacher: what the student knows better is which posts they are.

    Parameters
    ----------
    inner : Model
        The teacher.
    settings : TaughtSettings, optional
    students : sequence of Model
        As :meth:`learn` has made them.
    temperatures : sequence of float
        Of each student, and of their mean.
    move : float
        Taken from the mean's log odds of the second of two classes.
    posts : int
        Learnt from.
    """

    kind: ClassVar[str] = "taught"
    needs_valid: ClassVar[bool] = False

    def __init__(
        self,
        inner: Model,
        settings: TaughtSettings | None = None,
        *,
        students: Sequence[Model] = (),
        temperatures: Sequence[float] = (),
        move: float = 0.0,
        posts: int = 0,
    ) -> None:
        super().__init__(inner)
        self.settings = settings or TaughtSettings()
        self.students, self.temperatures = tuple(students), tuple(temperatures)
        self.move, self.posts = move, posts
        self.answers: dict[str, int] = {}
        """Different posts by the teacher's answer, when it has taught here."""
        self.changed: float | None = None
        """Share of them that the student answers otherwise."""

    def learn(self, texts: Sequence[str], *, seed: int = 0) -> None:
        """Learn of posts of one event that nobody has judged.

        Parameters
        ----------
        texts : sequence of str
            Copies of a post teach once.
        seed : int
            Of the student's training.

        Raises
        ------
        DataError
            If there are too few posts, or the teacher gives a class to hardly any.
        """
        first = sorted({text: row for row, text in reversed(list(enumerate(texts)))}.values())
        said = self._asked(texts)[first]
        own = [texts[row] for row in first]
        answers = said.argmax(axis=1)
        self._check(answers)
        posts = LabelledPosts(
            texts=tuple(own),
            labels=answers.astype(np.int64),
            classes=self.classes,
            events=("",) * len(own),
            authors=("",) * len(own),
            ids=tuple(str(row) for row in first),
            languages=("",) * len(own),
            origin={"taught_by": self.inner.name},
        )
        students = self.make_students()
        temperatures, found = [], []
        for student in students:
            student.fit(posts, None, seed=seed)
            heard = student.probabilities(own)
            temperatures.append(as_sure_as(heard, said))
            found.append(log_probabilities(cool(heard, temperatures[-1])))
        mean = np.asarray(np.mean(found, axis=0), np.float64)
        self.move = _boundary(mean, answers)
        temperatures.append(as_sure_as(np.exp(_moved(mean, self.move)), said))
        self.students, self.temperatures, self.posts = students, tuple(temperatures), len(own)
        counts = np.bincount(answers, minlength=len(self.classes)).tolist()
        self.answers = dict(zip(self.classes, counts, strict=True))
        self.changed = float((self.probabilities(own).argmax(axis=1) != answers).mean())

    def make_students(self) -> tuple[Any, ...]:
        """Make the models that are to learn, not fitted."""
        from inundate.posts.classify.zoo import make_classifier

        return tuple(make_classifier(name) for name in self.settings.students)

    def _check(self, answers: np.ndarray[Any, Any]) -> None:
        s, what = self.settings, f"teaching a model by {self.inner.name}"
        if len(answers) < s.at_least:
            raise DataError(
                f"{what}: {len(answers)} different posts, expected {s.at_least} or more",
                hint="with fewer the student was no better than its teacher; use the teacher",
            )
        counts = np.bincount(answers, minlength=len(self.classes))
        rare = [
            f"{name} {count / len(answers):.1%}"
            for name, count in zip(self.classes, counts.tolist(), strict=True)
            if count < LEAST_SHARE * len(answers)
        ]
        if rare:
            raise DataError(
                f"{what}: of its answers about {len(answers)} posts hardly any are "
                f"{', '.join(rare)}; expected {LEAST_SHARE:.0%} or more of each class",
                hint="such a class would be drowned, not learnt; use the teacher",
            )

    def _asked(self, texts: Sequence[str]) -> Floats:
        return super().probabilities(texts)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Give probabilities (N, K) of the student; before it has learnt, of the teacher.

        Parameters
        ----------
        texts : sequence of str, N
        """
        if not self.students:
            return self._asked(texts)
        *own, last = self.temperatures
        found = [
            log_probabilities(cool(student.probabilities(texts), temperature))
            for student, temperature in zip(self.students, own, strict=True)
        ]
        mean = np.asarray(np.mean(found, axis=0), np.float64)
        return cool(np.exp(_moved(mean, self.move)), last)

    def apply(self, probabilities: Floats) -> Floats:
        """Give probabilities (N, K) of the teacher as they are."""
        return probabilities

    @property
    def others(self) -> tuple[Model, ...]:
        """The students, once they have learnt."""
        return self.students

    def values(self) -> dict[str, Any]:
        """Give settings, limit and temperatures."""
        return {
            "settings": self.settings.model_dump(),
            "move": self.move,
            "temperatures": list(self.temperatures),
            "posts": self.posts,
            "others": len(self.others),
        }

    @classmethod
    def from_values(cls, inner: Model, values: dict[str, Any], *others: Model) -> Taught:
        """Make it again of what :meth:`values` gave."""
        return cls(
            inner,
            TaughtSettings(**values["settings"]),
            students=others,
            temperatures=values["temperatures"],
            move=float(values["move"]),
            posts=int(values["posts"]),
        )


def _moved(logs: Floats, move: float) -> Floats:
    """Take a number from the log odds of the second of two classes, of (N, K); shares again."""
    moved = logs.copy()
    if logs.shape[1] == 2:
        moved[:, 1] -= move
    moved -= np.logaddexp.reduce(moved, axis=1, keepdims=True)
    return moved


def _boundary(logs: Floats, answers: np.ndarray[Any, Any]) -> float:
    """Give the log odds that as many posts are above as the teacher put into the second class."""
    if logs.shape[1] != 2:
        return 0.0
    odds = np.sort(logs[:, 1] - logs[:, 0])
    below = int((answers == 0).sum())  # both sides have posts, see LEAST_SHARE
    return float((odds[below - 1] + odds[below]) / 2)
