"""What X bills: an estimate before, a bound while collecting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inundate.posts.collect.settings import CollectSettings

__all__ = ["PRICES", "Prices", "page_size"]

PRICES = (0.005, 0.010)  # USD a post or medium, and a user: X's pay-per-use prices of 2026
# of one post: itself, the post it answers and the one it quotes, their authors, four pictures
_POSTS, _USERS, _MEDIA = 3, 3, 4
_LEAST, _MOST = 10, 100


@dataclass(frozen=True)
class Prices:
    """Prices in USD an item."""

    post: float = PRICES[0]
    user: float = PRICES[1]

    @classmethod
    def of(cls, settings: CollectSettings) -> Prices:
        """Give the prices that a collection reckons with."""
        post, user = settings.price_post_usd, settings.price_user_usd
        return cls(PRICES[0] if post is None else post, PRICES[1] if user is None else user)

    def of_page(self, page: Mapping[str, Any]) -> float:
        """Give what a page costs when every item on it is billed.

        X bills an item once a day; here each counts each time, so that the sum is a bound.
        """
        includes = page.get("includes") or {}
        posts = len(page.get("data") or ()) + len(includes.get("tweets") or ())
        posts += len(includes.get("media") or ())
        return posts * self.post + len(includes.get("users") or ()) * self.user

    def worst(self, posts: int) -> float:
        """Give the most that a page of so many posts can cost."""
        return posts * ((_POSTS + _MEDIA) * self.post + _USERS * self.user)

    def likely(self, posts: int) -> float:
        """Give what posts cost with an author each and no media."""
        return posts * (self.post + self.user)


def page_size(prices: Prices, left_usd: float, limit: int | None) -> int | None:
    """Give the largest page that cannot break the budget, or None when none is small enough.

    Parameters
    ----------
    prices : Prices
    left_usd : float
        What may still be spent.
    limit : int or None
        Posts that are still wanted.

    Examples
    --------
    >>> [page_size(Prices(), left, None) for left in (100.0, 1.0, 0.1)]
    [100, 15, None]
    """
    most = _MOST if limit is None else max(_LEAST, min(_MOST, limit))
    while most >= _LEAST and prices.worst(most) > left_usd:
        most -= 1
    return most if most >= _LEAST else None
