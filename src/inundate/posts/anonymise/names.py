"""Names of persons in texts, found by a spaCy model that the user has; without one none is."""

from __future__ import annotations

from collections.abc import Iterator

from inundate.core.errors import DataError, MissingFileError, require_extra
from inundate.posts.anonymise.scrub import Finder

__all__ = ["name_finder"]

_PERSON = frozenset({"PERSON", "PER"})
_NOT_NEEDED = ("attribute_ruler", "lemmatizer", "morphologizer", "parser", "tagger")


def name_finder(model: str) -> Finder:
    """Give a finder of names.

    Parameters
    ----------
    model : str
        Name of an installed spaCy model, or folder of one.

    Raises
    ------
    MissingExtraError
        If spaCy is not installed.
    MissingFileError
        If there is no such model.
    DataError
        If the model knows no persons.
    """
    spacy = require_extra("names", "spacy", what="finding names of persons")
    try:
        known = spacy.load(model, exclude=list(_NOT_NEEDED))
    except OSError as error:
        raise MissingFileError(
            f"loading the spaCy model {model}: it is neither installed nor a folder",
            hint="give the folder that holds its config.cfg",
        ) from error
    labels = {label for found in known.pipe_labels.values() for label in found}
    if not labels & _PERSON:
        found = ", ".join(sorted(labels)) or "nothing"
        raise DataError(
            f"loading the spaCy model {model}: it labels {found}; expected PERSON or PER",
            hint="give a model with named entities, such as en_core_web_sm",
        )

    def find(text: str) -> Iterator[tuple[int, int, str]]:
        for entity in known(text).ents:
            if entity.label_ in _PERSON:
                yield entity.start_char, entity.end_char, "person"

    return find
