"""What a model must stand beside: the majority, the keyword rule and TF-IDF."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from inundate.posts.classify.signs import FLOOD_STEMS
from inundate.posts.evaluate.subset import has_keyword
from inundate.posts.labelled.table import LabelledPosts

__all__ = [
    "KEYWORD",
    "MAJORITY",
    "REFERENCES",
    "HardKeyword",
    "Predicts",
    "Shares",
    "copy_references",
    "fit_references",
    "open_references",
    "references_for",
    "save_references",
]

MAJORITY, KEYWORD, TFIDF = "majority", "keyword rule", "TF-IDF"
REFERENCES = {MAJORITY: "majority", KEYWORD: "keyword", TFIDF: "tfidf_words"}
"""Name in tables to name of the classifier."""
_FOLDER = "references"


class Predicts(Protocol):
    """What gives probabilities: all that is asked of a model here."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the K classes."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give (N, K); rows add up to 1."""


class Shares:
    """Gives every post the same probabilities.

    Parameters
    ----------
    classes : sequence of str, K
    counts : sequence of float, K
        Posts of each class.
    """

    def __init__(self, classes: Sequence[str], counts: Sequence[float]) -> None:
        self.classes = tuple(classes)
        found = np.asarray(counts, np.float64)
        self._row = found / found.sum() if found.sum() else np.full(len(found), 1 / len(found))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give (N, K), all rows alike."""
        return np.tile(self._row, (len(texts), 1))


class HardKeyword:
    """Of two classes, gives the second to posts with a stem and the first to others; never unsure.

    Parameters
    ----------
    classes : sequence of str, 2
    stems : sequence of str
    """

    def __init__(self, classes: Sequence[str], stems: Sequence[str] = FLOOD_STEMS) -> None:
        self.classes = tuple(classes)
        self.stems = tuple(stems)

    def probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give (N, 2), zeros and ones."""
        has_it = has_keyword(texts, self.stems)
        return np.stack([~has_it, has_it], axis=1).astype(np.float64)


def fit_references(train: LabelledPosts, *, seed: int = 0) -> dict[str, Any]:
    """Fit what models trained on the same posts are held against.

    Parameters
    ----------
    train : LabelledPosts
    seed : int

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.
    """
    from inundate.posts.classify.zoo import make_classifier

    fitted = {}
    for shown, name in REFERENCES.items():
        fitted[shown] = make_classifier(name)
        fitted[shown].fit(train, seed=seed)
    return fitted


def save_references(references: Mapping[str, Any], folder: Path) -> None:
    """Write references into the folder of the model that was trained on the same posts.

    Parameters
    ----------
    references : mapping of str to classifier
        By name in tables, as from :func:`fit_references`, or by name of the classifier.
    folder : Path
        Folder of the model, which is there; its id stays what it is.
    """
    for shown, model in references.items():
        model.save(Path(folder) / _FOLDER / REFERENCES.get(shown, shown))


def copy_references(source: Path, target: Path) -> None:
    """Copy the references of a model beside another that was trained on the same posts.

    Parameters
    ----------
    source, target : Path
        Folders of models; the first may have none.
    """
    found = _place(source)
    if found is not None:
        shutil.copytree(found, Path(target) / _FOLDER, dirs_exist_ok=True)


def _place(folder: Path) -> Path | None:
    """Give the folder of references of a model; of a wrapped one, the outermost that is there."""
    from inundate.posts.shift.wrapper import INNER

    place = Path(folder)
    while not (place / _FOLDER).is_dir():
        place = place / INNER
        if not place.is_dir():
            return None
    return place / _FOLDER


def open_references(folder: Path) -> dict[str, Predicts]:
    """Open the references that training stored beside a model; of a wrapped one, the innermost.

    Parameters
    ----------
    folder : Path
        Folder of the model.

    Returns
    -------
    dict of str to classifier
        Those that are there.
    """
    from inundate.posts.classify.zoo import open_classifier

    place = _place(folder)
    if place is None:
        return {}
    return {
        shown: open_classifier(place / name)
        for shown, name in REFERENCES.items()
        if (place / name).is_dir()
    }


def references_for(
    model: Any, folder: Path | None, posts: LabelledPosts
) -> tuple[dict[str, Predicts], dict[str, str], list[str]]:
    """Give what a model stands beside on some posts.

    Parameters
    ----------
    model : classifier
    folder : Path, optional
        Where it was saved.
    posts : LabelledPosts
        Those it is scored on.

    Returns
    -------
    found : dict of str to classifier
    absent : dict of str to str
        Why a reference is not there.
    assumed : list of str
        Where a reference is not the one that training stored.
    """
    stored = open_references(folder) if folder is not None else {}
    found = {name: one for name, one in stored.items() if one.classes == tuple(model.classes)}
    absent, assumed = {}, []
    if MAJORITY not in found:
        found[MAJORITY], told = _majority(model, posts)
        assumed.append(told)
    if KEYWORD not in found and len(model.classes) == 2:
        found[KEYWORD] = HardKeyword(model.classes)
        assumed.append(f"the keyword rule was not fitted: a stem such as {FLOOD_STEMS[0]!r} means "
                       f"{model.classes[1]!r}, and nothing else does")  # fmt: skip
    elif KEYWORD not in found:
        absent[KEYWORD] = (
            f"a rule that was not fitted cannot tell {len(model.classes)} classes apart, and "
            "training stored none"
        )
    if TFIDF not in found:
        absent[TFIDF] = "training stored none"
    return {name: found[name] for name in REFERENCES if name in found}, absent, assumed


def _majority(model: Any, posts: LabelledPosts) -> tuple[Shares, str]:
    training = getattr(model, "training", None) or {}
    counts = training.get("train", {})
    if counts and set(counts) == set(model.classes):
        return Shares(model.classes, [counts[name] for name in model.classes]), (
            "the majority is that of the model's training posts"
        )
    return Shares(model.classes, list(posts.counts().values())), (
        "the model does not tell the classes of its training posts: the majority is that of the "
        "posts scored, which favours it"
    )
