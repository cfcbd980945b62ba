"""Labels made of emoji: whole signs, ties and absences told, and no sign left in the input."""

import pytest

from inundate.core.errors import DataError
from inundate.posts.labelled.table import open_labelled, open_weak
from inundate.posts.labelled.weak import POLARITY, read_categories, weak_labels
from inundate.posts.text.emoji import clusters
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

CATEGORIES = {"good": ("👍", "❤️", "👨‍👩‍👧"), "bad": ("👎", "💔")}


def label(text):
    return weak_labels([text], CATEGORIES)[0][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dry 👍", 0),
        ("dry 👍🏽", 0),  # a skin tone is no sign of its own
        ("❤ and ❤️ 👎", 0),
        ("👎👎 👍", 1),
        ("👎 👍", -1),
        ("nothing", -1),
        ("👩 👧", -1),  # parts of a joined sign are other signs
        ("❤️‍🔥", -1),
        ("&#128077;", 0),
        ("\ud83d\udc4d", 0),
        ("a variation selector \ufe0f and a tone 🏽 alone", -1),
    ],
)
def test_classes(text, expected):
    assert label(text) == expected


def test_ties_and_absences_are_told():
    labels, counts = weak_labels(["👍", "👍👎", "x", "👎", "👎"], CATEGORIES)
    assert labels.tolist() == [0, -1, -1, 1, 1]
    assert counts == {"good": 1, "bad": 2, "absent": 1, "tied": 1}


def test_a_third_class_does_not_break_a_tie():
    labels, counts = weak_labels(["😀😢😡"], {"a": ["😀"], "b": ["😢"], "c": ["😡"]})
    assert labels.tolist() == [-1]
    assert counts["tied"] == 1


def test_signs_that_mean_both_are_refused():
    with pytest.raises(DataError, match="❤ is in two classes, 'a' and 'b'"):
        weak_labels([], {"a": ["❤️"], "b": ["❤"]})
    with pytest.raises(DataError, match="'no' of class 'a' is 0 signs, expected one emoji"):
        weak_labels([], {"a": ["no"], "b": ["❤"]})
    with pytest.raises(DataError, match="a class cannot be named 'tied'"):
        weak_labels([], {"tied": ["❤"], "b": ["💔"]})


def test_the_table_of_the_package_is_sound():
    assert list(POLARITY) == ["negative", "positive"]
    weak_labels([], POLARITY)
    left_out = {"😂", "🤣", "⚠", "🙏"}  # mockery, official warnings
    assert not left_out & {sign for signs in POLARITY.values() for sign in signs}


def test_a_table_of_categories(tmp_path):
    path = tmp_path / "categories.tsv"
    path.write_text("good\t👍🏽👍❤️👨‍👩‍👧\n\nbad\t👎 💔\n", encoding="utf-8")
    assert read_categories(path) == {"good": ("👍", "❤", "👨‍👩‍👧"), "bad": ("👎", "💔")}
    for text, message in [
        ("good 👍\nbad\t👎\n", "line 1: expected a name, a tab and emoji, found 'good 👍'"),
        ("good\t👍\nbad\tx\n", "line 2: expected a name, a tab and emoji"),
        ("good\t👍\ngood\t👎\n", "line 2: 'good' comes twice"),
        ("good\t👍\n", "1 categories, expected two or more"),
        ("good\t👍\nbad\t👍🏽\n", "👍 is in two classes"),
    ]:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=message):
            read_categories(path)
    path.write_bytes(b"good\t\xff\n")
    with pytest.raises(DataError, match="not UTF-8"):
        read_categories(path)


def test_labels_cannot_be_read_from_the_input(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text(
        "id,text\n1,so wet 😢😢🏽\n2,dry again 😊\n3,both 😢😊\n4,none\n", encoding="utf-8"
    )
    posts = open_labelled(path, task="emoji")
    assert posts.classes == ("negative", "positive")
    assert posts.labels.tolist() == [0, 1, -1, -1]
    assert posts.origin["labels"] == {"negative": 1, "positive": 1, "absent": 1, "tied": 1}
    markers = tuple(posts.origin["strip_markers"])
    for style in ("posts", "glove-twitter"):
        tokenise = Tokeniser(TokeniserSettings(style=style, strip_markers=markers))
        assert [tokenise(text) for text in posts.texts] == [
            ["so", "wet"],
            ["dry", "again"],
            ["both"],
            ["none"],
        ]
        assert not any(clusters(tokenise.strip(text)) for text in posts.texts)


def test_own_categories(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("id,text\n1,so wet 💔\n2,dry again 👍🏿\n", encoding="utf-8")
    posts = open_weak(path, CATEGORIES)
    assert posts.classes == ("good", "bad")
    assert posts.labels.tolist() == [1, 0]
    with pytest.raises(DataError, match="none has a sign of a category"):
        open_weak(path, {"a": ("😀",), "b": ("😢",)})
