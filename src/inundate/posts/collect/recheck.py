"""Look at the platform again: which posts of a collection are deleted, hidden or edited now."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError, RunError
from inundate.core.interrupt import Interrupts
from inundate.core.progress import Progress
from inundate.posts.collect.client import Client
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import GaveUp, Refused, Stopped
from inundate.posts.collect.folder import Collection, Step
from inundate.posts.collect.mastodon import MastodonClient
from inundate.posts.collect.notices import bluesky_deletion, mastodon_deletion
from inundate.posts.collect.retry import Retry
from inundate.posts.collect.run import find_collector
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.state import read_state
from inundate.posts.importers.mastodon import Mastodon
from inundate.posts.importers.record import Dropped

__all__ = ["recheck"]

_BLUESKY = "https://public.api.bsky.app"  # tells posts to those who are not logged in
_MOST = {"bluesky": 25, "mastodon": 20}  # posts that one request may ask for


def recheck(
    path: Path,
    *,
    server: str | None = None,
    retry: Retry | None = None,
    environment: Mapping[str, str] | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Write a notice of deletion for each post that is no longer to be seen.

    Posts of Mastodon that are hidden now, or whose authors have opted out since, count as
    deleted; edited ones are written anew.

    Parameters
    ----------
    path : Path
        Collection of Mastodon or Bluesky.
    server : str, optional
        Address of the server; by default that of the collection, or Bluesky's public one.
    retry : Retry, optional
    environment : mapping, optional
        Where keys are; by default ``os.environ``.
    progress : bool
        Show posts and rate on standard error.

    Returns
    -------
    dict
        ``checked``, ``deleted``, ``edited``.

    Raises
    ------
    DataError
        If the folder is no collection.
    ConfigError
        If it is of X, which has compliance jobs for this.
    RunError
        If the platform does not answer; what was found until then is written.
    """
    state = read_state(path)
    cls = find_collector(state.source)
    if cls.source not in _MOST:
        raise ConfigError(
            f"rechecking {path}: X bills for looking at posts again, and has compliance jobs, "
            "which do it for ids",
            hint="inundate posts import RESULT --format x-compliance takes what such a job tells",
        )
    environment = os.environ if environment is None else environment
    with (
        Collection(path, state.source, state.settings, cls.idents_of) as collection,
        Interrupts() as interrupts,
        Progress("recheck", total=len(collection.seen), unit="posts", enabled=progress) as bar,
    ):
        settings = CollectSettings(**{**state.settings, **({"server": server} if server else {})})
        context = Context(
            settings, collection, retry or Retry(), environment, lambda: interrupts.pending
        )
        look = _Mastodon(context) if cls.source == "mastodon" else _Bluesky(context, server)
        try:
            return _go(collection, look, _MOST[cls.source], bar)
        except Stopped:
            error = KeyboardInterrupt()
            error.add_note("what was found is written; the same command begins anew")
            raise error from None
        except (Refused, GaveUp) as error:
            raise RunError(
                f"rechecking {path}: {error}", hint="what was found until then is written"
            ) from None
        finally:
            look.close()


def _go(
    collection: Collection, look: _Mastodon | _Bluesky, most: int, bar: Progress
) -> dict[str, Any]:
    state = collection.state
    before = (state.counts.deletions, state.counts.edits, state.stopped)
    checked, last = 0, ""
    while posts := collection.seen.after(last, most):
        step = Step(cursor=state.cursor, rest=next((gap for gap in state.gaps if gap.open), None))
        missing = look.missing(step, posts)
        if missing:  # an answer may be cut, and a notice is for good: only twice is gone
            missing = look.missing(Step(cursor={}), missing)
        for post in missing:
            step.gone.append(post)
            step.counts.deletions += 1
            step.lines.append(look.notice(post))
        if step.lines:
            collection.commit(step)
            state.stopped = before[2]
            collection.save()
        checked, last = checked + len(posts), posts[-1]
        bar.update(checked)
    return {
        "checked": checked,
        "deleted": state.counts.deletions - before[0],
        "edited": state.counts.edits - before[1],
    }


class _Mastodon(MastodonClient):
    def __init__(self, context: Context) -> None:
        super().__init__(context, needs_key=False)
        self._reader = Mastodon(context.consent)
        self.notice = mastodon_deletion

    def missing(self, step: Step, posts: list[str]) -> list[str]:
        """Give the posts that are not to be seen; put edited ones into the step."""
        params = [("id[]", post) for post in posts]
        statuses = self.client.get("/api/v1/statuses", params, has="[]").data
        there = {status["id"]: status for status in statuses if self._is_allowed(status)}
        known = self.context.collection.seen.known(there)
        self.fill(step, [one for id, one in there.items() if one.get("edited_at") != known.get(id)])
        return [post for post in posts if post not in there]

    def _is_allowed(self, status: Mapping[str, Any]) -> bool:
        items = self._reader.parse(json.dumps(status).encode())
        return not any(isinstance(item, Dropped) for item in items)


class _Bluesky:
    def __init__(self, context: Context, server: str | None) -> None:
        address = check_server(server or _BLUESKY, schemes=("https", "http"), has_key=False)
        self.client = Client(address, retry=context.retry, should_stop=context.should_stop)

    def close(self) -> None:
        self.client.close()

    def missing(self, _step: Step, posts: list[str]) -> list[str]:
        """Give the posts that are not to be seen; those of Bluesky are not edited."""
        params = [("uris", post) for post in posts]
        found = self.client.get("/xrpc/app.bsky.feed.getPosts", params, has="posts").data["posts"]
        there = {post.get("uri") for post in found}
        return [post for post in posts if post not in there]

    def notice(self, post: str) -> bytes:
        return bluesky_deletion(post, int(time.time() * 1e6))
