"""Posts that say the same in nearly the same words: MinHash, checked by the true overlap.

Retweets and copied headlines are a third of a crisis. If one copy is in training and another in
the test, a model is asked what it was told.

Source
------
Broder (1997), doi:10.1109/SEQUEN.1997.666900 (MinHash); Leskovec, Rajaraman and Ullman (2020),
Mining of Massive Datasets, ch. 3 (banding).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.seeds import make_rng

__all__ = ["SIMILARITY", "join_groups", "near_duplicates", "normalise"]

SIMILARITY = 0.7
"""From which two posts are copies; of ten words one may differ, or two be added."""
_BANDS, _ROWS = 32, 4  # a pair of similarity 0.7 is missed once in 5,000; 0.8: in 10^7
_REACH = 3  # neighbours of the same band that a post is compared with, in random order
_CHUNK = 20_000  # pairs that are compared at a time
_LINK = re.compile(r"\b(?:https?://|www\.|t\.co/)\S*|\bhttps?\b\S*", re.IGNORECASE)
_MENTION = re.compile(r"(?:^|(?<=\W))(?:rt\b\s*)?[@＠][\w.]+:?|^\s*rt\b:?", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


def normalise(text: str) -> list[str]:
    """Give the words of a text that copies of it share.

    Links, mentions, the sign of a retweet, punctuation and case are gone, and so is a last word
    that was cut by an ellipsis.

    Examples
    --------
    >>> normalise("RT @ann: The river is UP! http://t.co/x #wet")
    ['the', 'river', 'is', 'up', 'wet']
    >>> normalise("RT @ann: The river is up, see the br…")
    ['the', 'river', 'is', 'up', 'see', 'the']
    """
    plain = unicodedata.normalize("NFKC", text).casefold()  # an ellipsis becomes three dots
    plain = _MENTION.sub(" ", _LINK.sub(" ", plain)).rstrip()
    words = _WORD.findall(plain)
    return words[:-1] if plain.endswith("...") and len(words) > 3 else words


def near_duplicates(
    texts: Sequence[str], *, similarity: float = SIMILARITY, seed: int = 0
) -> NDArray[np.int64]:
    """Give the cluster of each post; posts in one cluster are copies of each other.

    Parameters
    ----------
    texts : sequence of str, N
    similarity : float
        Words and pairs of neighbouring words that two posts share, of all that either has, from
        which they are copies. Copies of copies are in one cluster.
    seed : int
        Of the hash functions that find candidates; each candidate is checked exactly.

    Returns
    -------
    array (N,), int64
        Numbered in the order of their first posts.

    Raises
    ------
    ConfigError
        If the similarity is not above 0 and at most 1.

    Examples
    --------
    >>> near_duplicates(["the river is up", "RT @x: the river is up http://t.co/a", "all dry"])
    array([0, 0, 1])
    """
    if not 0 < similarity <= 1:
        raise ConfigError(f"finding near-duplicates: similarity {similarity}, expected 0 to 1")
    if not len(texts):
        return np.empty(0, np.int64)
    words = [normalise(text) for text in texts]
    # what has nothing but links is the same only if it is the same to the letter
    keys = [" ".join(w) if w else "\0" + text for w, text in zip(words, texts, strict=True)]
    _, first, same = np.unique(np.array(keys, dtype=object), return_index=True, return_inverse=True)
    kept = [words[number] for number in first]
    shingles, owner = _shingles(kept)
    pairs = _candidates(shingles, owner, len(kept), seed)
    close = pairs[_overlap(shingles, owner, len(kept), pairs) >= similarity - 1e-12]
    return _numbered(_components(close, len(kept))[same])


def join_groups(*groups: Iterable[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the finest groups in which no group of any kind is torn apart.

    Parameters
    ----------
    *groups : arrays (N,), int
        Number of the group of each post, each of another kind; -1 is in no group.

    Examples
    --------
    >>> join_groups([0, 0, 1, 2], [-1, 5, 5, -1])
    array([0, 0, 0, 1])
    """
    columns = [np.asarray(one, dtype=np.int64) for one in groups]
    number = len(columns[0])
    links = [np.empty((0, 2), np.int64)]
    for column in columns:
        member = np.flatnonzero(column >= 0)
        _, first, place = np.unique(column[member], return_index=True, return_inverse=True)
        links.append(np.stack([member, member[first][place]], axis=1))
    return _numbered(_components(np.concatenate(links), number))


def _shingles(kept: Sequence[Sequence[str]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Give hashes of words and pairs of words, once for each post, and whose they are."""
    known: dict[str, int] = {}
    for words in kept:
        for word in words:
            if word not in known:
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
                known[word] = int.from_bytes(digest, "little")
    lengths = np.array([len(words) for words in kept])
    flat = np.array([known[word] for words in kept for word in words], dtype=np.uint64)  # (W,)
    owner = np.repeat(np.arange(len(kept)), lengths)
    together = owner[1:] == owner[:-1]
    pairs = _mixed(_mixed(flat[:-1]) + flat[1:])[together]
    hashes = np.concatenate([flat, pairs])
    owners = np.concatenate([owner, owner[1:][together]])
    order = np.lexsort((hashes, owners))
    hashes, owners = hashes[order], owners[order]
    is_new = np.ones(len(hashes), bool)
    is_new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    return hashes[is_new], owners[is_new]


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter hashes; splitmix64 (Steele et al. 2014)."""
    mixed = hashes + _ODD
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _candidates(
    hashes: NDArray[np.uint64], owner: NDArray[np.int64], number: int, seed: int
) -> NDArray[np.int64]:
    """Give pairs (M, 2) of posts that share the least hashes of a band."""
    rng = make_rng(seed, "near-duplicates")
    has = np.unique(owner)
    if not len(has):
        return np.empty((0, 2), np.int64)
    starts = np.searchsorted(owner, has)
    found = [np.empty(0, np.int64)]
    for _ in range(_BANDS):
        key = np.zeros(len(has), np.uint64)
        for salt in rng.integers(0, 2**63, _ROWS, dtype=np.uint64):
            least = np.minimum.reduceat(_mixed(hashes ^ salt) >> _SHIFT, starts)
            key = _mixed(key ^ least)
        order = np.lexsort((rng.random(len(has)), key))
        key, place = key[order], has[order]
        for step in range(1, _REACH + 1):
            same = np.flatnonzero(key[step:] == key[:-step])
            low = np.minimum(place[same], place[same + step])
            high = np.maximum(place[same], place[same + step])
            found.append(low * number + high)
    codes = np.unique(np.concatenate(found))
    return np.stack([codes // number, codes % number], axis=1)


def _overlap(
    hashes: NDArray[np.uint64],
    owner: NDArray[np.int64],
    number: int,
    pairs: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Give the Jaccard similarity (M,) of pairs."""
    distinct, column = np.unique(hashes, return_inverse=True)
    codes = owner * len(distinct) + column  # rising, since hashes rise within an owner
    sizes = np.bincount(owner, minlength=number)
    starts = np.cumsum(sizes) - sizes
    both = np.zeros(len(pairs), np.int64)
    for start in range(0, len(pairs), _CHUNK):
        one, other = pairs[start : start + _CHUNK].T
        pair = np.repeat(np.arange(len(one)), sizes[one])
        within = np.arange(len(pair)) - np.repeat(np.cumsum(sizes[one]) - sizes[one], sizes[one])
        wanted = other[pair] * len(distinct) + column[starts[one][pair] + within]
        place = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
        shared = np.bincount(pair, codes[place] == wanted, len(one))
        both[start : start + len(one)] = shared.astype(np.int64)
    return np.asarray(both / np.maximum(sizes[pairs].sum(axis=1) - both, 1), np.float64)


def _components(links: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Give the least number that each is linked to over any way."""
    least = np.arange(number)
    while True:
        low = np.minimum(least[links[:, 0]], least[links[:, 1]])
        new = least.copy()
        np.minimum.at(new, least[links[:, 0]], low)
        np.minimum.at(new, least[links[:, 1]], low)
        new = new[new]  # halves the way to the least
        if np.array_equal(new, least):
            return least
        least = new


def _numbered(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[place]
