"""``inundate posts collect`` and ``recheck``: what platforms give, for import to read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output
from inundate.cli.shell import emit

__all__ = ["collect", "recheck"]

Source = Literal[
    "bluesky-jetstream", "bluesky-search", "mastodon-search", "mastodon-stream", "mastodon-tag",
    "x-archive", "x-recent",
]  # fmt: skip
Words = Annotated[tuple[str, ...], Parameter(negative=())]
Flag = Annotated[bool, Parameter(negative=())]


def collect(
    source: Source,
    *,
    output: Output,
    query: str | None = None,
    tag: Words = (),
    language: Words = (),
    since: str | None = None,
    until: str | None = None,
    box: tuple[float, float, float, float] | None = None,
    replies: Flag = False,
    server: str | None = None,
    over: Literal["sse", "websocket"] | None = None,
    frames: Literal["v1", "v2"] | None = None,
    limit: int | None = None,
    max_minutes: float | None = None,
    budget_usd: float | None = None,
    price_post_usd: float | None = None,
    price_user_usd: float | None = None,
    estimate: Flag = False,
    tries: int = 8,
    unindexed: Flag = False,
    unlisted: Flag = False,
    json: Json = False,
) -> None:
    """Collect posts from a platform, page by page, with every gap written down.

    The same command goes on where it stopped, was killed or ran out of disk; nothing is lost or
    doubled by that. Keys come from the environment: X_BEARER_TOKEN, MASTODON_ACCESS_TOKEN,
    BLUESKY_HANDLE and BLUESKY_APP_PASSWORD. What a collection lacks stands in its
    collection.json. The files are for inundate posts import.

    Parameters
    ----------
    source
        Platform and way: searches go back in time, streams take what comes.
    output
        Folder, made if absent, otherwise gone on with.
    query
        Words; where the platform searches, in its own language of queries, in streams words,
        "words in quotes" and OR.
    tag
        Hashtag without #, for Mastodon; may be given several times.
    language
        Two letters; may be given several times.
    since
        Earliest time, ISO 8601, UTC where no zone is given.
    until
        Latest time, exclusive.
    box
        West, south, east and north in degrees, for X: of the few posts that carry a place.
    replies
        Also collect all answers in the threads of what is found.
    server
        Address of the server: needed for Mastodon, otherwise the platform's own.
    over
        What Mastodon's stream comes over; by default sse.
    frames
        Interface of Jetstream; by default v2.
    limit
        End after so many posts, at the end of a page.
    max_minutes
        End after so many minutes.
    budget_usd
        What X may bill for this collection, at most; needed for X.
    price_post_usd
        What X bills for a post, and for a picture or film; by default 0.005.
    price_user_usd
        What X bills for an author; by default 0.01.
    estimate
        Only ask X how many posts there are, and tell what they would cost.
    tries
        Requests for the same thing, with growing waits, before it is given up.
    unindexed
        Also take authors who do not want to be found in searches; ask your ethics board.
    unlisted
        Also take posts of Mastodon that are kept out of timelines; ask your ethics board.

    Examples
    --------
    ``inundate posts collect mastodon-tag --server https://mastodon.social --tag flood -o flood``
    ``inundate posts collect bluesky-jetstream --query "flood OR flooding" -o sky``
    ``inundate posts collect x-recent --query flood --budget-usd 20 --estimate -o none``
    """
    _require()
    from inundate.core.config import resolve_settings
    from inundate.posts.collect.retry import Retry
    from inundate.posts.collect.run import collect as collect_posts
    from inundate.posts.collect.settings import CollectSettings

    given: dict[str, Any] = {
        "query": query, "tags": list(tag) or None, "languages": list(language) or None,
        "since": since, "until": until, "box": box, "replies": replies or None, "server": server,
        "over": over, "frames": frames, "limit": limit, "max_minutes": max_minutes,
        "budget_usd": budget_usd, "price_post_usd": price_post_usd,
        "price_user_usd": price_user_usd, "unindexed": unindexed or None,
        "unlisted": unlisted or None,
    }  # fmt: skip
    settings = resolve_settings(CollectSettings, flags=given)
    retry = resolve_settings(Retry, flags={"tries": tries})
    figures: dict[str, Any] = {"output": str(output), "source": source}
    if estimate or (source.startswith("x-") and not (output / "collection.json").exists()):
        figures["estimate"] = _estimate(source, settings, retry, needed=estimate)
    if not estimate:
        figures.update(
            collect_posts(source, output, settings=settings, retry=retry, progress=not json)
        )
    emit(figures, json=json, text=lambda: _text(figures))


def _estimate(source: str, settings: Any, retry: Any, *, needed: bool) -> dict[str, Any] | None:
    """Ask what it would cost; a key that may not count can collect all the same."""
    from inundate.core.errors import RunError
    from inundate.posts.collect.run import estimate

    try:
        found = estimate(source, settings=settings, retry=retry)
    except RunError as error:
        if needed:
            raise
        print(f"no estimate: {error}", file=sys.stderr)
        return None
    if not needed:
        print(_estimate_text(found), file=sys.stderr)
    return found


def _estimate_text(found: dict[str, Any]) -> str:
    return (
        f"X tells {found['posts']:,} posts; {found['posts_wanted']:,} of them cost about "
        f"{found['likely_usd']:,.2f} USD, at most {found['at_most_usd']:,.2f}; "
        f"the budget is {found['budget_usd']:,.2f}"
    )


def _text(figures: dict[str, Any]) -> str:
    if "counts" not in figures:
        return _estimate_text(figures["estimate"])
    counts = figures["counts"]
    lines = [f"{figures['output']}: {counts['posts']:,} posts, {figures['stopped']}"]
    parts = [f"{counts['read']:,} read", f"{counts['duplicates']:,} duplicate"]
    parts.append(f"{counts['not_wanted']:,} not wanted")
    parts += [f"{number:,} dropped ({why})" for why, number in sorted(counts["dropped"].items())]
    if counts["deletions"]:
        parts.append(f"{counts['deletions']:,} notices of deletion")
    lines.append(f"  of {', '.join(parts)}")
    faults = sorted(counts["faults"].items())
    told = ", ".join(f"{number:,} x {name}" for name, number in faults) or "no faults"
    lines.append(f"  {counts['requests']:,} requests, {told}")
    if figures["first"]:
        lines.append(f"  posts of {figures['first']} to {figures['last']}")
    if figures["spent_usd"] is not None:
        lines.append(f"  billed at most {figures['spent_usd']:,.2f} USD")
    told_gaps = [
        f"  gap {gap['from'] or 'start'} to {gap['to'] or 'now'}: {gap['why']}"
        for gap in figures["gaps"]
    ]
    lines += told_gaps or ["  no gaps"]
    if counts["posts"]:
        lines.append(f"  go on with inundate posts import {figures['output']} -o raw")
    return "\n".join(lines)


def recheck(
    collection: Path, *, server: str | None = None, tries: int = 8, json: Json = False
) -> None:
    """Look again which posts of a collection are deleted, hidden or edited now.

    Searches cannot know what is deleted later. This asks the platform for every post of a
    collection of Mastodon or Bluesky, and writes a notice behind it for each that is gone; an
    import then removes them. For X, import the result of a compliance job.

    Parameters
    ----------
    collection
        Folder that inundate posts collect has made.
    server
        Address of the server; by default the collection's, or Bluesky's public one.
    tries
        Requests for the same thing, with growing waits, before it is given up.

    Examples
    --------
    ``inundate posts recheck flood``
    """
    _require()
    from inundate.core.config import resolve_settings
    from inundate.posts.collect.recheck import recheck as recheck_posts
    from inundate.posts.collect.retry import Retry

    retry = resolve_settings(Retry, flags={"tries": tries})
    found = recheck_posts(collection, server=server, retry=retry, progress=not json)
    figures = {"collection": str(collection), **found}
    emit(figures, json=json, text=lambda: _recheck_text(figures))


def _recheck_text(figures: dict[str, Any]) -> str:
    line = (
        f"{figures['collection']}: {figures['checked']:,} posts looked at again, "
        f"{figures['deleted']:,} deleted or hidden, {figures['edited']:,} edited"
    )
    if figures["deleted"] or figures["edited"]:
        line += f"\n  import it again: inundate posts import {figures['collection']} -o raw"
    return line


def _require() -> None:
    from inundate.core.errors import require_extra

    for module in ("httpx", "websockets", "msgspec"):
        require_extra("posts", module, what="collecting posts")
