"""What of a page is kept: wanted, allowed, and not there yet; everything is counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from inundate.posts.collect.folder import Step
from inundate.posts.collect.seen import GONE, Ident, Seen

__all__ = ["Sift", "named"]


def named(posts: Iterable[Any], step: Step, *names: str) -> list[Any]:
    """Give the posts that have all that a post needs; others are counted as dropped.

    Parameters
    ----------
    posts : iterable
        What stands in the place of posts on a page.
    step : Step
        Receives the count.
    names : str
        Keys that hold something.
    """
    found = []
    for post in posts:
        if isinstance(post, dict) and all(post.get(name) for name in names):
            found.append(post)
        else:
            step.counts.read += 1
            step.counts.drop("not a post")
    return found


class Sift:
    """Decides for one page, and counts in its step.

    Parameters
    ----------
    seen : Seen
        What the collection holds.
    step : Step
        Receives counts, names and times of what is kept.
    posts : iterable of str
        Names of the posts on the page.
    """

    def __init__(self, seen: Seen, step: Step, posts: Iterable[str]) -> None:
        self.step = step
        self._known = seen.known(posts)

    def keeps(
        self,
        ident: Ident,
        *,
        micros: int | None,
        wanted: bool = True,
        refusals: Collection[str] = (),
    ) -> bool:
        """Whether a post is to be written.

        Parameters
        ----------
        ident : Ident
        micros : int or None
            Its time by the server's clock.
        wanted : bool
            Whether it is what was asked for.
        refusals : collection of str
            Why it may not be kept; the first counts.
        """
        counts = self.step.counts
        counts.read += 1
        for reason in refusals:
            counts.drop(reason)
            return False
        if not wanted:
            counts.not_wanted += 1
            return False
        if ident.post in self._known:
            return self._again(ident)
        counts.posts += 1
        self._note(ident)
        if micros is not None:
            self.step.times.append(micros)
        return True

    def _again(self, ident: Ident) -> bool:
        before = self._known[ident.post]
        self.step.counts.duplicates += 1
        if before in (GONE, ident.version):
            return False
        self.step.counts.edits += 1
        self._note(ident)
        return True

    def _note(self, ident: Ident) -> None:
        self._known[ident.post] = ident.version
        self.step.idents.append(ident)

    def deletes(self, post: str) -> bool:
        """Whether the notice that a post was deleted is to be written: once, if it is here."""
        if self._known.get(post, GONE) == GONE:
            return False
        self._known[post] = GONE
        self.step.gone.append(post)
        self.step.counts.deletions += 1
        return True
