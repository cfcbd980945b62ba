"""Attacks on a stolen output, each beside a control that shows that it would be seen to work."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.anonymise.tokens import Pseudonyms, letters
from inundate.posts.ingest import import_posts
from inundate.posts.store import open_posts

__all__ = ["count_enumerated", "count_linked", "order_told", "tokens_of"]

_FIRST = 1_204_084_171_334_832_128  # id of a post
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


def order_told(folder: Path, key: Key, number: int) -> tuple[float, float]:
    """Try to tell posts of one bin apart by their order, from exact times that are known.

    Posts of one hour are made, imported in the order of time, as searches give them, and
    pseudonymised. Within a bin the attacker takes the rows in their order for the posts in theirs.

    Parameters
    ----------
    folder : Path
        For the posts and stores.
    key : Key
    number : int
        Of posts.

    Returns
    -------
    tuple of (float, float)
        Share of posts named rightly, and the share that guessing gives.
    """
    folder.mkdir(parents=True)
    posts = [
        {
            "id": str(_FIRST + place), "text": "rain", "author_id": str(place % 97),
            "author": {"id": str(place % 97)},
            "created_at": f"2020-02-01T10:{60 * place // number:02d}:"
            f"{3600 * place // number % 60:02d}.{place % 1000:03d}Z",
        }
        for place in range(number)
    ]  # fmt: skip
    source = folder / "posts.jsonl"
    source.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
    import_posts([source], folder / "raw")
    anonymise_posts(folder / "raw", folder / "safe", key)
    tokens = Pseudonyms(key).column("post", "x", pa.array([str(post["id"]) for post in posts]))
    rank = {token: place for place, token in enumerate(tokens.to_pylist())}
    bins: dict[object, list[int]] = {}
    for table in open_posts(folder / "safe").batches(["created_bin", "post"]):
        for row in table.to_pylist():
            bins.setdefault(row["created_bin"], []).append(rank[row["post"]])
    right = sum(
        shown == true
        for rows in bins.values()
        for shown, true in zip(rows, sorted(rows), strict=True)
    )
    return right / number, len(bins) / number  # one of each bin is right by chance
