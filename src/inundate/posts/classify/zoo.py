"""Names to classifiers: what there is, how one is made and a saved one opened."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from inundate.core.config import read_toml, resolve_settings
from inundate.core.errors import ConfigError, nearest
from inundate.posts.classify.base import TextClassifier
from inundate.posts.classify.configs import find_config
from inundate.posts.classify.folder import read_model, restored

__all__ = ["CLASSIFIERS", "make_classifier", "open_classifier"]

# modules are imported by name, so that a rule loads no network library
CLASSIFIERS: dict[str, tuple[str, str]] = {
    "majority": ("inundate.posts.classify.rules", "Majority"),
    "keyword": ("inundate.posts.classify.rules", "Keyword"),
    "lexicon": ("inundate.posts.classify.rules", "Lexicon"),
    "sentiment": ("inundate.posts.classify.sentiment", "Sentiment"),
    "tfidf_words": ("inundate.posts.classify.tfidf", "TfidfWords"),
    "tfidf_characters": ("inundate.posts.classify.tfidf", "TfidfCharacters"),
    "fasttext": ("inundate.posts.classify.fasttext", "FastText"),
    "vector_mean": ("inundate.posts.classify.means", "VectorMean"),
    "context": ("inundate.posts.classify.context", "Context"),
    "stack": ("inundate.posts.classify.stack", "Stack"),
    "lstm": ("inundate.posts.classify.networks", "Lstm"),
    "bilstm": ("inundate.posts.classify.networks", "Bilstm"),
    "transformer": ("inundate.posts.classify.networks", "Transformer"),
    "original_lstm": ("inundate.posts.classify.networks", "OriginalLstm"),
    "elmo_bilstm": ("inundate.posts.classify.elmo", "ElmoBilstm"),
    "bert_frozen": ("inundate.posts.classify.bert_frozen", "BertFrozen"),
    "bert_finetuned": ("inundate.posts.classify.bert", "BertFinetuned"),
    "vote": ("inundate.posts.classify.vote", "Vote"),
}
"""Every classifier by name: module and class."""


def make_classifier(name: str | Path, **settings: Any) -> TextClassifier:
    """Make a classifier that is not fitted yet.

    Parameters
    ----------
    name : str or Path
        Of :data:`CLASSIFIERS`, of a configuration that ships, or a TOML file with a table
        ``[model]`` whose key ``model`` names the classifier.
    **settings
        Settings of that classifier, over those of the file.

    Raises
    ------
    ConfigError
        If the name or a setting is not known.

    Examples
    --------
    >>> make_classifier("keyword", stems=("flood", "hochwasser")).settings.stems
    ('flood', 'hochwasser')
    """
    file = find_config(name, CLASSIFIERS)
    table = dict(read_toml(file).get("model", {}))
    model = table.pop("model", None)
    if model is None:
        raise ConfigError(
            f"reading {file}: no key 'model' in a table [model]; expected one of "
            f"{', '.join(CLASSIFIERS)}"
        )
    kind = _class_of(str(model), where=f"reading {file}")
    return kind(resolve_settings(kind.kind, flags={**table, **settings}))


def open_classifier(folder: Path | str, *, embedding: str | Path | None = None) -> TextClassifier:
    """Open a classifier that was saved.

    Parameters
    ----------
    folder : Path
        From :meth:`~inundate.posts.classify.base.Classifier.save`.
    embedding : str or Path, optional
        Where the vectors of words are now, if not where they were in training; they must be the
        same ones.

    Raises
    ------
    MissingFileError, MissingExtraError
        If it, or the embedding or package that it needs, is absent.
    DataError
        If it is damaged, or was made with another tokeniser or other vectors.
    """
    stored = read_model(Path(folder))
    table = stored.table
    kind = _class_of(str(table["model"]), where=f"opening a classifier in {folder}")
    settings = dict(table["settings"])
    if embedding is not None and settings.get("embedding", "none") != "none":
        settings["embedding"] = str(embedding)
    model = kind(resolve_settings(kind.kind, flags=settings))
    model.classes = tuple(table["classes"])
    model.training, model.notes = table["training"], table["notes"]
    parts = {
        name: open_classifier(place, embedding=embedding) for name, place in stored.parts().items()
    }
    model.take_state(restored(stored, parts))
    return model


def _class_of(name: str, *, where: str) -> type[TextClassifier]:
    if name not in CLASSIFIERS:
        close = nearest(name, CLASSIFIERS)
        raise ConfigError(
            f"{where}: no classifier {name!r}; there are {', '.join(CLASSIFIERS)}",
            hint=f"did you mean {close}?" if close else None,
        )
    module, attribute = CLASSIFIERS[name]
    found: type[TextClassifier] = getattr(import_module(module), attribute)
    return found
