"""What scrubbing costs a classifier: the same model on texts as they are and as they are left."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from inundate.core.errors import require_extra
from inundate.posts.anonymise.scrub import Scrubber

__all__ = ["labelled_posts", "scores_before_and_after"]

_FILE = "text/CrisisLexT6/2013_Alberta_Floods/2013_Alberta_Floods-ontopic_offtopic.csv"
_TEST = 3  # of ten


def labelled_posts(data: Path) -> list[tuple[str, bool]]:
    """Read posts of the Alberta floods, each text once, and whether they are on topic."""
    path = data / _FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return sorted({row[1]: row[2] == "on-topic" for row in rows if len(row) > 2}.items())


def scores_before_and_after(posts: Sequence[tuple[str, bool]]) -> tuple[float, float]:
    """Give macro-F1 of TF-IDF and logistic regression on texts as they are, and scrubbed.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.
    """
    texts = [text for text, _ in posts]
    scrubbed = Scrubber().column(pa.array(texts, pa.string()))[0].to_pylist()
    truth = [label for _, label in posts]
    is_test = [hashlib.blake2b(text.encode()).digest()[0] % 10 < _TEST for text in texts]
    return _score(texts, truth, is_test), _score(scrubbed, truth, is_test)


def _score(texts: Sequence[str], truth: Sequence[bool], is_test: Sequence[bool]) -> float:
    what = "training a classifier"
    text: Any = require_extra("boosted", "sklearn.feature_extraction.text", what=what)
    linear: Any = require_extra("boosted", "sklearn.linear_model", what=what)
    metrics: Any = require_extra("boosted", "sklearn.metrics", what=what)
    rows = list(zip(texts, truth, is_test, strict=True))
    train = [(one, label) for one, label, held_out in rows if not held_out]
    test = [(one, label) for one, label, held_out in rows if held_out]
    words = text.TfidfVectorizer(min_df=2, sublinear_tf=True)
    model = linear.LogisticRegression(max_iter=1000)
    model.fit(words.fit_transform([one for one, _ in train]), [label for _, label in train])
    predicted = model.predict(words.transform([one for one, _ in test]))
    return float(metrics.f1_score([label for _, label in test], predicted, average="macro"))
