"""The tokeniser: what it makes of posts, for ever, and that nothing in a text can break it."""

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import ConfigError, DataError
from inundate.posts.text.clean import clean
from inundate.posts.text.fixed import FIXED, STANDS_FOR
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings
from inundate.posts.text.vocabulary import Vocabulary
from inundate.posts.text.words import _ASCII_PIECES, _PIECES

STORED = json.loads((Path(__file__).parent / "tokens.json").read_text(encoding="utf-8"))
STYLES = ("posts", "glove-twitter")
ONES = {style: Tokeniser(TokeniserSettings(style=style)) for style in STYLES}
# what posts are made of, so that hypothesis finds what random letters would not
PIECES = st.sampled_from(
    ["RT @a: ", "@", "#", "#Ab", "http://", "t.co/x", "&amp;", "&#", ";", "'", "n't", "l'", "...",
     "<user>", "<", ">", ":)", "-", "_", "3", "1,5", "AAA", "aaa", "ha", "\u200d", "\ufe0f",
     "\U0001f3fd", "👍", "👨‍👩‍👧", "🇬🇧", "\ud83d", "\ude02", "é", "e\u0301", "ﬁ", "ſ", "İ", "ß",
     "洪", "水", "ไ", "\u3164", "\x00", "\x1c", "\u2028", "\u00a0", "\ufdfa", "½", "٣", " "]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(st.characters(), max_size=40),  # halves of signs too
    st.lists(PIECES, max_size=25).map("".join),
)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("case", STORED["cases"], ids=lambda case: case["name"])
def test_tokens_are_those_that_were_stored(style, case):
    """Whoever changes one must give the tokeniser another version, and run make.py."""
    assert Tokeniser.version == STORED["version"]
    assert ONES[style](case["text"]) == case[style]


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_any_text_has_tokens(style, text):
    tokens = ONES[style](text)
    assert all(token and token == token.strip() and " " not in token for token in tokens)
    assert tokens == Tokeniser(TokeniserSettings(style=style))(text)  # with nothing remembered
    json.dumps(tokens).encode()


@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_tokens_are_lower_case(text):
    tokens = ONES["posts"](text)
    assert [token.lower() for token in tokens] == tokens


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=8))
def test_texts_do_not_know_of_each_other(texts):
    one = Tokeniser()
    together = [one(text) for text in texts]
    alone = [Tokeniser()(text) for text in reversed(texts)]
    assert together == alone[::-1]
    assert one(" ".join([*texts, " "])) or not any(together)


@settings(max_examples=50, deadline=None)
@given(text=st.lists(st.sampled_from(
    ["can't", "l'eau", "flood-hit", "e-mail", "#yycflood", "#ABFlood", "sooo", "hahaha", ":)", "<3",
     "1,5", "100,000", "2nd", "U.S.", "http://t.co/x", "@bob:", "👍🏽", "o'clock", "C'est", "RT",
     "$5", "...", "!!!", "洪水", "don’t", "<phone>", "#Überflut", "I'M"]), max_size=9))  # fmt: skip
def test_tokens_of_tokens_are_the_same(text):
    tokens = ONES["posts"](" ".join(text))
    assert ONES["posts"](" ".join(tokens)) == tokens


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "piece",
    ["#aaaa", "@@@@", "a.a.a.", "#", "a-a-", "'", "<user>", "<", "&amp;", "&#38;", ":(", "!?", "1,",
     "http://", "www.", "a@", "@a.", "x'y", "haha", "#aB", "👍\u200d", "e\u0301", "_", "d)",
     "a\u0301\u0301", "()", "ab_", "🇬", "洪"],
)  # fmt: skip
def test_time_is_linear(cpu_seconds, style, piece):
    """Four times the text takes four times the CPU time; a square would be sixteen."""
    text = piece * (10_000 // len(piece))
    most = cpu_seconds(ONES[style], text * 4)
    assert most < 0.05 or most < 9 * cpu_seconds(ONES[style], text)


@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_the_quick_grammar_is_the_whole_one(text):
    """ASCII has a pattern of its own; it must cut as the other does."""
    for piece in clean(text.encode("ascii", "ignore").decode()).split():
        quick, whole = (
            [(match.lastgroup, match.group()) for match in pattern.finditer(piece)]
            for pattern in (_ASCII_PIECES, _PIECES)
        )
        assert quick == whole


@settings(max_examples=100, deadline=None)
@given(
    start=st.sampled_from(["http://", "https://", "@", "@a", "http:", "#"]),
    rest=st.text("ab1/.:@#&;-_)<>'\"*é…", max_size=12),
)
def test_quick_ways_are_the_way_of_the_grammar(start, rest):
    piece = start + rest
    whole = Tokeniser(TokeniserSettings(strip_markers=("\u2603",)))  # with markers there is none
    assert Tokeniser()(piece) == whole(piece)


@pytest.mark.parametrize("style", STYLES)
def test_what_pseudonymisation_puts_in_is_one_token(style):
    from inundate.posts.anonymise.scrub import KINDS

    for kind in KINDS:
        assert f"<{kind}>" in STANDS_FOR
        assert ONES[style](f"ask <{kind}> now") == ["ask", STANDS_FOR[f"<{kind}>"], "now"]


def test_a_scrubbed_text_has_the_tokens_of_the_text():
    from inundate.posts.anonymise.scrub import Scrubber

    scrub = Scrubber(domains={"example.org"})
    tokenise = ONES["posts"]
    for text in (
        "RT @bob_flood: High St is shut. @Ann see http://t.co/abc, stay safe!",
        "write to ann@example.net or ask .@city (https://www.example.org/a/b?c=1).",
        "VIA @bob.example.org... www.example.net/x #YYCFlood @ann@example.social",
        "seen at 5pm @ 12 feet, 3,000 homes",
    ):
        assert tokenise(scrub.scrub(text).text) == tokenise(text), text


def test_fixed_tokens_stay_what_they_are():
    assert ONES["posts"](" ".join(FIXED)) == list(FIXED)


def test_hashtags_may_stay_whole():
    whole = Tokeniser(TokeniserSettings(split_hashtags=False))
    assert whole("#YYCFlood now") == ["#yycflood", "now"]
    whole = Tokeniser(TokeniserSettings(style="glove-twitter", split_hashtags=False))
    assert whole("#HighRiver now") == ["<hashtag>", "highriver", "now"]


def test_an_own_vocabulary_cuts_hashtags():
    words = Vocabulary(["the", "water", "rising", "deich", "bruch"])
    tokenise = Tokeniser(vocabulary=words)
    assert tokenise("#deichbruch") == ["deich", "bruch"]
    assert ONES["posts"]("#deichbruch") != ["deich", "bruch"]
    described = tokenise.describe()
    again = Tokeniser.from_description(described, vocabulary=words)
    assert again("#deichbruch") == ["deich", "bruch"]
    with pytest.raises(DataError, match="its hashtags were cut by the words") as caught:
        Tokeniser.from_description(described)
    assert caught.value.hint == "give the embedding that it was trained with"


def test_a_description_makes_the_same_tokeniser():
    settings = TokeniserSettings(style="glove-twitter", strip_markers=("👍", ":("))
    described = json.loads(json.dumps(Tokeniser(settings).describe()))
    again = Tokeniser.from_description(described)
    assert again.settings == settings
    assert again.describe() == described


def test_another_version_is_refused():
    described = Tokeniser().describe() | {"version": "0"}
    with pytest.raises(DataError) as caught:
        Tokeniser.from_description(described)
    assert caught.value.message == (
        "opening a model: its tokens were made by version '0' of the tokeniser, "
        f"and this inundate has version {Tokeniser.version!r}"
    )
    assert caught.value.hint == "train it anew: inundate posts train"


def test_a_broken_description_is_refused():
    with pytest.raises(ConfigError, match="'stile' is not known; did you mean 'style'"):
        Tokeniser.from_description({"version": Tokeniser.version, "stile": "posts"})


def test_a_tokeniser_goes_to_workers():
    one = Tokeniser(TokeniserSettings(strip_markers=("👍",)))
    one("wet 👍")
    again = pickle.loads(pickle.dumps(one))
    assert again("dry 👍") == ["dry"]


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr("inundate.posts.text.tokenise._KEPT", 4)
    one = Tokeniser()
    for number in range(50):
        assert one(f"word{number} flood") == [f"word{number}", "flood"]
    assert len(one._known) <= 4
