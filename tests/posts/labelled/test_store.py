"""Labelled posts out of a store: pseudonymised ones alone."""

import json

import pytest

from inundate.core.errors import DataError
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.importers.formats import ImportSettings
from inundate.posts.ingest import import_posts
from inundate.posts.labelled.table import open_labelled

TABLE = (
    "nr,who,body,flood,mood,at\n"
    "1,made_up,@someone the water is here 😢,yes,sad,2020-02-16T10:00Z\n"
    "2,made_up,tea and cake at http://example.org/x,no,,2020-02-16T11:00Z\n"
    "3,other,no idea,,glad,2020-02-16T12:00Z\n"
    "4,other,,yes,glad,2020-02-16T13:00Z\n"
)


@pytest.fixture
def stores(tmp_path):
    """Raw and pseudonymised store of a table with these labels."""

    def make(**labels):
        (tmp_path / "mine.csv").write_text(TABLE, encoding="utf-8")
        columns = {"post_id": "nr", "text": "body", "author_id": "who", "created_at": "at"}
        settings = ImportSettings(columns=columns, labels=labels, event="Dennis")
        import_posts([tmp_path / "mine.csv"], tmp_path / "raw", settings)
        anonymise_posts(
            tmp_path / "raw", tmp_path / "safe", Key(bytes(range(1, 33))), AnonymiseSettings()
        )
        return tmp_path / "raw", tmp_path / "safe"

    return make


def named(posts):
    found = zip(posts.texts, posts.labels, strict=True)
    return {text: posts.classes[label] if label >= 0 else None for text, label in found}


def test_labels_of_a_store(stores):
    _, safe = stores(flood="flood")
    posts = open_labelled(safe)
    assert named(posts) == {
        "<user> the water is here 😢": "yes", "tea and cake at <url>": "no", "no idea": None,
    }  # fmt: skip
    assert posts.classes == ("no", "yes")
    assert set(posts.events) == {"Dennis"}
    assert len(set(posts.authors)) == 2
    assert all(posts.ids)
    assert posts.origin["dropped"] == {"empty text": 1}
    assert "label 'flood' is read" in posts.origin["assumed"]
    json.dumps(posts.origin)
    assert named(open_labelled(safe, task="water"))["no idea"] is None
    assert open_labelled(safe, task="water").classes == ("no water", "water")


def test_one_of_several_labels_must_be_named(stores):
    _, safe = stores(flood="flood", mood="mood")
    with pytest.raises(DataError) as caught:
        open_labelled(safe)
    assert caught.value.message.endswith("posts have several labels: flood, mood")
    assert caught.value.hint == "name the one that is meant: --label flood"
    assert open_labelled(safe, label="mood").classes == ("glad", "sad")
    with pytest.raises(DataError, match="no post has a label 'moods'; did you mean 'mood'"):
        open_labelled(safe, label="moods")


def test_a_store_without_labels(stores):
    _, safe = stores()
    with pytest.raises(DataError) as caught:
        open_labelled(safe)
    assert caught.value.message.endswith("no post of the store has a label")
    assert "inundate posts label" in caught.value.hint
    weak = open_labelled(safe, task="emoji")
    assert named(weak)["<user> the water is here 😢"] == "negative"


def test_a_raw_store_is_refused(stores):
    raw, _ = stores(flood="flood")
    with pytest.raises(DataError) as caught:
        open_labelled(raw)
    assert "it holds raw posts with names and ids in clear" in caught.value.message
    assert caught.value.hint == f"inundate posts anonymise {raw} -o {raw}-safe"
