"""Notices that a post was deleted, in the shapes that the platforms' streams give them."""

from __future__ import annotations

import json

__all__ = ["bluesky_deletion", "mastodon_deletion"]


def bluesky_deletion(uri: str, micros: int) -> bytes:
    """Give a Jetstream event.

    Parameters
    ----------
    uri : str
        Name of the post, ``at://AUTHOR/COLLECTION/KEY``.
    micros : int
        When it was found to be gone, in microseconds.
    """
    did, collection, rkey = uri.removeprefix("at://").split("/")
    commit = {"operation": "delete", "collection": collection, "rkey": rkey}
    return _line({"did": did, "time_us": micros, "kind": "commit", "commit": commit})


def mastodon_deletion(post: str) -> bytes:
    """Give an event of a stream.

    Parameters
    ----------
    post : str
        Number of the status.
    """
    return _line({"event": "delete", "payload": post})


def _line(event: object) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()
