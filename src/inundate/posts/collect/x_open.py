"""X API v2: what every request needs, what is checked before, and what a search would cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from inundate.core.errors import ConfigError
from inundate.posts.collect.client import Client
from inundate.posts.collect.clock import iso_seconds
from inundate.posts.collect.retry import Retry
from inundate.posts.collect.secret import read_secret
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.x_cost import Prices
from inundate.posts.collect.x_query import search_query

__all__ = ["KEY", "check_x", "estimate_x", "open_x", "period_of", "query_of"]

KEY = "X_BEARER_TOKEN"
_SERVER = "https://api.x.com"
_ARCHIVE_PACE_S = 1.0  # X takes one request a second of the full archive


def query_of(settings: CollectSettings, archive: str) -> str:
    """Give the query with its filters; see :func:`~inundate.posts.collect.x_query.search_query`."""
    return search_query(
        settings.query, languages=settings.languages, box=settings.box, archive=archive
    )


def period_of(settings: CollectSettings) -> list[tuple[str, str]]:
    """Give the parameters of the period."""
    found = []
    if settings.start is not None:
        found.append(("start_time", iso_seconds(settings.start)))
    if settings.end is not None:
        found.append(("end_time", iso_seconds(settings.end)))
    return found


def check_x(
    settings: CollectSettings, environment: Mapping[str, str], *, name: str, archive: str
) -> None:
    """Check query, server, key and budget.

    Raises
    ------
    ConfigError
    """
    query_of(settings, archive)
    check_server(settings.server or _SERVER, schemes=("https", "http"), has_key=True)
    read_secret(environment, KEY, what=f"collecting from {name}")
    if settings.budget_usd is None:
        raise ConfigError(
            f"collecting from {name}: X bills every post and author that is read, "
            "and no budget is given",
            hint="give --budget-usd; with --estimate X is asked how many posts there are, no more",
        )


def open_x(
    settings: CollectSettings,
    environment: Mapping[str, str],
    *,
    name: str,
    retry: Retry,
    should_stop: Callable[[], bool] = lambda: False,
) -> Client:
    """Give a client with the key in its headers.

    Raises
    ------
    ConfigError
        If there is no key.
    """
    server = settings.server or _SERVER
    key = read_secret(environment, KEY, what=f"collecting from {name}")
    client = Client(
        check_server(server, schemes=("https", "http"), has_key=True),
        retry=retry,
        secrets=(key,),
        should_stop=should_stop,
        pace_s=_ARCHIVE_PACE_S if server == _SERVER and name == "x-archive" else 0.0,
    )
    client.headers["Authorization"] = f"Bearer {key.reveal()}"
    return client


def estimate_x(
    settings: CollectSettings,
    environment: Mapping[str, str],
    *,
    name: str,
    archive: str,
    retry: Retry,
) -> dict[str, Any]:
    """Ask X how many posts match, and give what they would cost.

    Answers in threads are not in it: how many there are is known only when the posts are read.

    Returns
    -------
    dict
        ``posts``; ``posts_wanted``, at most the limit; ``likely_usd`` with one author a post,
        ``at_most_usd`` with all that a post can bring along; ``budget_usd``.

    Raises
    ------
    Refused, GaveUp
    """
    prices, total, token = Prices.of(settings), 0, ""
    with open_x(settings, environment, name=name, retry=retry) as client:
        while True:
            params = [("query", query_of(settings, archive)), ("granularity", "day")]
            params += period_of(settings)
            if token:
                params.append(("next_token", token))
            meta = client.get(f"/2/tweets/counts/{archive}", params, has="meta").data["meta"]
            total += int(meta.get("total_tweet_count", 0))
            token = meta.get("next_token", "")
            if not token:
                break
    wanted = total if settings.limit is None else min(total, settings.limit)
    return {
        "posts": total,
        "posts_wanted": wanted,
        "likely_usd": round(prices.likely(wanted), 2),
        "at_most_usd": round(prices.worst(wanted), 2),
        "budget_usd": settings.budget_usd,
    }
