"""Events of Jetstream: what frames of both shapes tell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inundate.posts.collect.faults import Broke, Refused, printable
from inundate.posts.importers.times import iso_time

__all__ = ["POSTS", "Event", "read_event"]

POSTS = "app.bsky.feed.post"
# of an account: its posts are no longer to be shown
_HIDDEN = {"deleted", "takendown", "suspended", "deactivated"}


@dataclass(frozen=True)
class Event:
    """What both shapes of a frame tell."""

    line: bytes
    micros: int
    seq: int | None
    did: str
    operation: str | None
    uri: str | None
    record: Mapping[str, Any]
    version: str | None
    hides: bool


def read_event(frame: bytes) -> Event | None:
    """Read a frame of either shape; None of one that is about nothing of ours.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If it is neither.
    """
    found = json.loads(frame)
    line = frame if b"\n" not in frame else json.dumps(found, separators=(",", ":")).encode()
    kind = found.get("$type")
    if kind == "error":
        says = printable(str(found.get("error")))
        raise Refused(400, says) if "cursor" in says.lower() else Broke(f"the server says {says}")
    if kind is not None:
        if kind != "message":
            return None
        payload = found["payload"]
        name = payload["$type"].rpartition("#")[2]
        micros = iso_time(payload["time"]) or 0
        account = payload.get("account") or payload
        return _shaped(line, name, payload, account, payload["did"], micros, payload["seq"])
    name = found["kind"]
    return _shaped(
        line, name, found.get("commit") or {}, found.get("account") or {}, found["did"],
        int(found["time_us"]), None,
    )  # fmt: skip


def _shaped(
    line: bytes,
    name: str,
    commit: Mapping[str, Any],
    account: Mapping[str, Any],
    did: str,
    micros: int,
    seq: int | None,
) -> Event:
    is_post = name == "commit" and commit["collection"] == POSTS
    hides = name == "account" and account.get("active") is False
    return Event(
        line=line,
        micros=micros,
        seq=seq,
        did=did,
        operation=commit["operation"] if is_post else None,
        uri=f"at://{did}/{POSTS}/{commit['rkey']}" if is_post else None,
        record=(commit.get("record") or {}) if is_post else {},
        version=_version(commit.get("record")) if is_post else None,
        hides=hides and account.get("status") in _HIDDEN,
    )


def _version(record: object) -> str:
    """Give a short hash, which changes with any part of the record."""
    text = json.dumps(record, sort_keys=True).encode()
    return hashlib.blake2b(text, digest_size=8).hexdigest()
