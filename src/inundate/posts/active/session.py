"""One person labelling: what to ask next, what was said."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from inundate.core.errors import ConfigError
from inundate.posts.active.choose import doubt, order_posts
from inundate.posts.active.judgements import UNSURE, Judgements
from inundate.posts.active.kappa import pairwise_kappa
from inundate.posts.active.pool import PoolPost
from inundate.posts.evaluate.near import near_duplicates
from inundate.posts.shift.model import Model

__all__ = ["Session", "agreement"]


class Session:
    """Asks one person for judgements, in the order in which they teach most.

    Posts that others have judged and that are to be judged twice come first: one of every few,
    the same ones for everybody.

    Parameters
    ----------
    pool : sequence of PoolPost
    judgements : Judgements
        What was said so far; a session goes on from there.
    classes : sequence of str
    by : str
        Who judges.
    model : Model, optional
        What it doubts is asked first; without one the order is one of chance.
    double : float
        Share of posts that two people are asked about.
    seed : int

    Raises
    ------
    ConfigError
        If there are fewer than two classes, no name, or judgements have other classes.
    """

    def __init__(
        self,
        pool: Sequence[PoolPost],
        judgements: Judgements,
        classes: Sequence[str],
        by: str,
        *,
        model: Model | None = None,
        double: float = 0.2,
        seed: int = 0,
    ) -> None:
        _check(judgements, classes, by, double)
        self.classes, self.by, self.judgements = tuple(classes), by, judgements
        self._posts = {post.id: post for post in pool}
        said = judgements.by_post()
        texts = [post.text for post in pool]
        order = order_posts(
            None if model is None else doubt(model.probabilities(texts)),
            near_duplicates(texts, seed=seed),
            judged=np.array([post.id in said for post in pool], bool),
            seed=seed,
        )
        ordered = [pool[row] for row in order.tolist()]
        again = [post for post in ordered if self._is_double(post, said, double)]
        fresh = [post for post in ordered if post.id not in said]
        self._queue = [*again, *fresh]
        self._place = 0

    def _is_double(self, post: PoolPost, said: dict[str, dict[str, str]], double: float) -> bool:
        others = said.get(post.id, {})
        return len(others) == 1 and self.by not in others and _share(post.id) < double

    @property
    def left(self) -> int:
        """Posts that are still to be asked about."""
        return len(self._queue) - self._place

    @property
    def done(self) -> int:
        """Posts that were answered in this session."""
        return self._place

    def current(self) -> PoolPost | None:
        """Give the post that is asked about, None when all are done."""
        return self._queue[self._place] if self._place < len(self._queue) else None

    def say(self, post: str, label: str) -> None:
        """Take a judgement, and go on to the next post if it was about this one.

        Parameters
        ----------
        post : str
            Id of a post of the pool.
        label : str
            One of the classes; empty for not decided.

        Raises
        ------
        ConfigError
            If the post or the class is not known.
        """
        if post not in self._posts:
            raise ConfigError(f"labelling: post {post[:32]!r} is not in the pool")
        if label != UNSURE and label not in self.classes:
            raise ConfigError(
                f"labelling: {label!r} is no class; expected one of {', '.join(self.classes)}"
            )
        self.judgements.add(self._posts[post], label, self.by)
        now = self.current()
        if now is not None and now.id == post:
            self._place += 1

    def back(self) -> None:
        """Ask again about the post before; the new judgement will count."""
        self._place = max(self._place - 1, 0)

    def counts(self) -> dict[str, int]:
        """Give what this person has said so far, by class."""
        mine = Counter(one.label for one in self.judgements.all() if one.by == self.by)
        return {name: mine[name] for name in self.classes}


def agreement(judgements: Judgements, *, seed: int = 0) -> dict[str, Any]:
    """Give posts, judgements and Cohen's kappa of each two people.

    Parameters
    ----------
    judgements : Judgements
    seed : int
    """
    said = judgements.by_post()
    return {
        "posts": len(said),
        "twice": sum(sum(map(bool, labels.values())) > 1 for labels in said.values()),
        "people": {
            name: sum(1 for one in judgements.all() if one.by == name)
            for name in judgements.people()
        },
        "kappa": {
            f"{one} and {other}": found.told()
            for (one, other), found in pairwise_kappa(said, seed=seed).items()
        },
    }


def _share(post: str) -> float:
    """Give a number from 0 to 1 that is the same for a post whoever asks."""
    return int.from_bytes(hashlib.blake2b(post.encode(), digest_size=6).digest()) / 2**48


def _check(judgements: Judgements, classes: Sequence[str], by: str, double: float) -> None:
    if len(set(classes)) < 2 or len(set(classes)) != len(classes) or "" in classes:
        raise ConfigError(
            f"labelling: classes {', '.join(classes) or 'none'}; expected at least two, no two "
            "the same",
            hint="--classes off-topic on-topic, or --task relevance",
        )
    if not by.strip() or not by.isprintable():
        raise ConfigError(f"labelling: {by!r} names nobody; expected who judges, such as --by anna")
    if not 0 <= double <= 1:
        raise ConfigError(f"labelling: double = {double}, expected from 0 to 1")
    others = sorted({one.label for one in judgements.all()} - {*classes, UNSURE})
    if others:
        raise ConfigError(
            f"labelling: {judgements.path} has judgements of {', '.join(others)}, expected "
            f"{', '.join(classes)}",
            hint="give the same classes, or another -o",
        )
