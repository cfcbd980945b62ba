"""What a post says of water: a model's answer, or the rule of keywords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from inundate.core.errors import require_extra

__all__ = ["Answer", "Says", "open_says"]

_RULE = "keyword rule"


@dataclass(frozen=True)
class Answer:
    """What was said of one post.

    Attributes
    ----------
    water : int
        1 says water, -1 says none, 0 neither or not known.
    label : str
        Class, empty without one.
    probability : float or None
        That the label is right; None where nothing tells it.
    """

    water: int
    label: str
    probability: float | None


class Says(Protocol):
    """Classifies texts."""

    name: str

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        """Give an answer a text."""


def open_says(model: Path | None, yes: str | None = None) -> Says:
    """Open a model of posts, or the rule that stands in where none is given.

    Parameters
    ----------
    model : Path, optional
        Folder that ``inundate posts train`` has made.
    yes : str, optional
        The class that means water; by default the last, if the model has two.

    Raises
    ------
    MissingFileError, DataError
        If it is no model.
    ConfigError
        If the class is not known, or must be told.
    """
    return _Rule() if model is None else _Model(model, yes)


class _Rule:
    """Yes where a stem of a word for floods is; never a no, since a rule cannot tell."""

    name = f"{_RULE} (no model was given)"

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        require_extra("text", "regex", what="classifying posts")
        from inundate.posts.classify.signs import FLOOD_STEMS, StemSign

        flags = StemSign(FLOOD_STEMS)(texts)
        return [Answer(1, "names a flood", None) if flag else Answer(0, "", None) for flag in flags]


class _Model:
    def __init__(self, folder: Path, yes: str | None) -> None:
        from inundate.core.errors import ConfigError
        from inundate.posts.shift.opening import model_id, open_for_texts

        self._model: Any = open_for_texts(folder, what="serving")
        self.name = f"{self._model.name} {model_id(folder)[:8]}"
        classes = list(self._model.classes)
        if yes is None and len(classes) == 2:
            yes = classes[1]
        if yes not in classes:
            found = "none was named" if yes is None else f"found {yes!r}"
            raise ConfigError(
                f"serving with the model {folder}: {found}, expected the class that means water, "
                f"one of {', '.join(classes)}",
                hint="give it with --yes",
            )
        self._yes = yes

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        from inundate.posts.serve.stream import answer

        table = answer(self._model, [""] * len(texts), list(texts))
        rows = zip(table["label"].to_pylist(), table["probability"].to_pylist(), strict=True)
        return [
            Answer(int(label == self._yes), label or "not sure", round(float(share), 4))
            for label, share in rows
        ]
