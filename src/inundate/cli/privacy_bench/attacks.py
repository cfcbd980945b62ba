"""Attacks on a stolen output, each beside a control that shows that it would be seen to work."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from inundate.cli.privacy_bench.archives import Truth
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.tokens import Pseudonyms, letters
from inundate.posts.store import open_posts

__all__ = ["count_enumerated", "count_linked", "order_told", "tokens_of"]

_GUESSES = (b"", b"\0" * 32, b"salt", b"secret", b"inundate")


def tokens_of(store: Path) -> set[str]:
    """Give every pseudonym in a store."""
    names = ("post", "author", "conversation", "reply_to", "reply_to_author", "refers_to",
             "refers_to_author", "mentions")  # fmt: skip
    found: set[str] = set()
    for table in open_posts(store).batches(names):
        for name in names:
            column = table[name].combine_chunks()
            values = column.flatten() if pa.types.is_list(column.type) else column
            found.update(values.drop_null().to_pylist())
    return found


def _hashes(fingerprint: str) -> list[Callable[[bytes], bytes]]:
    """Give the ways that somebody without the key would hash an id."""
    keys = [*_GUESSES, bytes.fromhex(fingerprint), fingerprint.encode()]
    ways: list[Callable[[bytes], bytes]] = [
        lambda value: hashlib.sha256(value).digest()[:16],
        lambda value: hashlib.blake2b(value, digest_size=16).digest(),
        lambda value: hashlib.shake_128(value).digest(16),
        *(lambda value, key=key: hmac.digest(key, value, "sha256")[:16] for key in keys),
        *(
            lambda value, key=key, kind=kind: hashlib.blake2b(
                value, digest_size=16, key=key, person=kind
            ).digest()
            for key in keys
            for kind in (b"author", b"post")
        ),
    ]
    return ways


def count_enumerated(store: Path, ids: Sequence[str], key: Key | None = None) -> int:
    """Hash ids in every way that the output lets one think of; count those that are found.

    Parameters
    ----------
    store : Path
    ids : sequence of str
        Candidates; those of the store are among them.
    key : Key, optional
        The control: with the key, all are found.
    """
    wanted = tokens_of(store)
    if key is not None:
        found = Pseudonyms(key).column("author", "x", pa.array(ids)).to_pylist()
        return len(wanted & set(found))
    fingerprint = str(open_posts(store).manifest["key"])
    number = 0
    for hashed in _hashes(fingerprint):
        for prefix in (b"", b"x\0"):
            digests = b"".join(hashed(prefix + value.encode()) for value in ids)
            number += len(wanted & set(letters(digests).to_pylist()))
    return number


def count_linked(first: Path, second: Path) -> int:
    """Count the pseudonyms that two outputs share."""
    return len(tokens_of(first) & tokens_of(second))


def order_told(store: Path, truths: Iterable[Truth], key: Key) -> tuple[float, float, int]:
    """Try to tell posts of one bin apart by their order, from exact times that are known.

    Within a bin the attacker takes the rows in their order for the posts in order of time.

    Returns
    -------
    tuple of (float, float, int)
        Share of posts named rightly, the share that guessing gives, and the number of posts in
        bins with more than one.
    """
    tokens = Pseudonyms(key)
    times: dict[str, datetime] = {}
    for truth in truths:
        if truth.source in ("x", "mastodon"):
            times[tokens.one("post", truth.source, truth.post_id)] = truth.time
    bins: dict[tuple[object, ...], list[str]] = {}
    for table in open_posts(store).batches(["source", "format", "created_bin", "post"]):
        for row in table.to_pylist():
            if row["post"] in times:
                place = (row["source"], row["format"], row["created_bin"])
                bins.setdefault(place, []).append(row["post"])
    right, chance, number = 0, 0.0, 0
    for rows in bins.values():
        if len(rows) > 1:
            by_time = sorted(rows, key=times.__getitem__)
            right += int(np.sum([a == b for a, b in zip(rows, by_time, strict=True)]))
            chance += 1.0  # one of n is right by chance, n times
            number += len(rows)
    return right / max(number, 1), chance / max(number, 1), number
