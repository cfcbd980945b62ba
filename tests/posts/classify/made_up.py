"""Made-up posts whose classes follow from rules that a test can choose."""

import numpy as np

from inundate.core.seeds import make_rng
from inundate.posts.labelled.table import LabelledPosts

PLACES = ("mill", "street", "bridge", "station", "harbour", "school", "church", "market", "lane")
FILLER = ("today", "again", "near", "the", "old", "and", "at", "of", "in", "my", "our", "very")
WET = ("flood", "flooded", "flooding", "floods")
DRY = ("music", "football", "coffee", "birthday", "concert", "holiday", "lunch", "film", "party")


def table(texts, labels, *, classes=("other", "flood"), events=None):
    """Make a table of labelled posts."""
    count = len(texts)
    return LabelledPosts(
        texts=tuple(texts),
        labels=np.array(labels, np.int64),
        classes=tuple(classes),
        events=("",) * count if events is None else tuple(events),
        authors=("",) * count,
        ids=tuple(str(k) for k in range(count)),
        languages=("",) * count,
        origin={"path": "made up"},
    )


def _padding(rng):
    return list(rng.choice(FILLER, rng.integers(2, 8)))


def keyword_posts(count, seed=0):
    """A post is of a flood where it has a word for it."""
    rng = make_rng(seed, "keyword")
    labels = rng.integers(0, 2, count)
    texts = []
    for label in labels:
        words = [*_padding(rng), rng.choice(PLACES), rng.choice(WET if label else DRY)]
        texts.append(" ".join(rng.permutation(words)))
    return table(texts, labels)


def order_posts(count, seed=0):
    """Both classes have the same words: what comes first decides."""
    rng = make_rng(seed, "order")
    labels = rng.integers(0, 2, count)
    texts = []
    for label in labels:
        pair = ["water", "sun"] if label else ["sun", "water"]
        words = [*_padding(rng), pair[0], *_padding(rng), pair[1]]
        texts.append(" ".join(words))
    return table(texts, labels)


def negation_posts(count, seed=0):
    """The word for a flood counts unless ``no`` stands before it."""
    rng = make_rng(seed, "negation")
    labels = rng.integers(0, 2, count)
    texts = []
    for label in labels:
        said, denied = ("flood", "party") if label else ("party", "flood")
        words = [*_padding(rng), said, *_padding(rng), "no", denied]
        texts.append(" ".join(words))
    return table(texts, labels)


def three_kinds(count, seed=0):
    """Three classes, each with a word of its own."""
    rng = make_rng(seed, "kinds")
    labels = rng.integers(0, 3, count)
    words = ["rescue", "donate", "damage"]
    texts = [" ".join([*_padding(rng), words[label], *_padding(rng)]) for label in labels]
    return table(texts, labels, classes=("help", "money", "harm"))
