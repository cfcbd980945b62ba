"""A small classifier for tests of what goes around classifiers: naive Bayes over words."""

import json
from pathlib import Path

import numpy as np

from inundate.core.files import atomic_folder, write_text
from inundate.posts.labelled.table import LabelledPosts


class Bayes:
    """As sure as naive Bayes is, which is too sure by far."""

    def __init__(self, classes=("off-topic", "on-topic"), words=None, prior=None):
        self.name = "bayes"
        self.classes = tuple(classes)
        self.words = words or {}
        self.prior = prior or [0.0] * len(self.classes)
        self.calls = []

    def fit(self, train, valid=None, *, seed=0, run=None):
        self.classes = train.classes
        known = train.judged()
        counts = {}
        for text, label in zip(known.texts, known.labels, strict=True):
            for word in text.split():
                counts.setdefault(word, np.ones(len(self.classes)))[label] += 1
        total = sum(counts.values())
        self.words = {word: np.log(number / total).tolist() for word, number in counts.items()}
        shares = np.bincount(known.labels, minlength=len(self.classes)) + 1
        self.prior = np.log(shares / shares.sum()).tolist()
        return {"posts": len(known)}

    def probabilities(self, texts):
        self.calls.append(len(texts))
        zero = np.zeros(len(self.classes))
        scores = np.array(
            [
                np.array(self.prior)
                + sum((np.array(self.words.get(word, zero)) for word in text.split()), zero)
                for text in texts
            ]
        ).reshape(len(texts), len(self.classes))
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def save(self, folder, *, notes=None):
        with atomic_folder(folder) as temporary:
            told = {"classes": self.classes, "words": self.words, "prior": self.prior}
            write_text(temporary / "bayes.json", json.dumps(told, sort_keys=True))


def open_bayes(folder):
    return Bayes(**json.loads((Path(folder) / "bayes.json").read_text()))


def made_up(number=200, *, events=("aire", "bode"), seed=0, noise=0.1, share=0.5):
    """Posts of words, some of which every event has and some only one."""
    rng = np.random.default_rng(seed)
    texts, labels, names = [], [], []
    for row in range(number):
        event = events[row % len(events)]
        label = int(rng.random() < share)
        said = label if rng.random() > noise else 1 - label
        common = rng.choice(["water", "rising", "road"] if said else ["music", "lunch", "match"], 2)
        own = rng.choice([f"{event}{said}{place}" for place in range(4)], 2)
        texts.append(" ".join([*common, *own]))
        labels.append(label)
        names.append(event)
    blank = ("",) * number
    return LabelledPosts(
        tuple(texts), np.array(labels), ("off-topic", "on-topic"), tuple(names), blank,
        tuple(f"p{row}" for row in range(number)), blank, {},
    )  # fmt: skip
