"""Names of persons are found by the model that the user has, or the want of one is told."""

import importlib.util
from types import SimpleNamespace

import pytest

from inundate.core.errors import MissingExtraError, MissingFileError
from inundate.posts.anonymise.names import name_finder


def load(model, exclude):
    """What spaCy does, as far as it is used: Anna is a person, Hull is none."""
    assert "parser" in exclude
    if model != "mine":
        raise OSError(f"[E050] Can't find model '{model}'.")

    def known(text):
        labels = {"Anna": "PERSON", "Hull": "GPE"}
        found = [(word, label, text.find(word)) for word, label in labels.items()]
        return SimpleNamespace(ents=[
            SimpleNamespace(label_=label, start_char=at, end_char=at + len(word))
            for word, label, at in found if at >= 0
        ])  # fmt: skip

    return known


@pytest.fixture
def spacy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "spacy", SimpleNamespace(load=load))


def test_persons_leave_texts(spacy, lines, safe):
    post = {"id": "1", "text": "Anna of Hull asks @bob", "author_id": "1", "author": {"id": "1"}}
    _, rows = safe(lines([post]), names="mine")
    assert rows[0]["text"] == "<person> of Hull asks <user>"


def test_an_unknown_model_is_told(spacy):
    with pytest.raises(MissingFileError, match="spaCy model other"):
        name_finder("other")


@pytest.mark.skipif(importlib.util.find_spec("spacy") is not None, reason="spaCy is installed")
def test_the_extra_is_told():
    with pytest.raises(MissingExtraError, match="'spacy'") as caught:
        name_finder("mine")
    assert caught.value.hint == 'pip install "inundate[names]"'
