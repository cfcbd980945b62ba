"""A model must not see the sign that made its label, in whatever way it is written."""

import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import ConfigError
from inundate.posts.text.emoji import canonical, clusters
from inundate.posts.text.markers import Stripper
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

TONES = ["", "\U0001f3fb", "\U0001f3ff", "\ufe0f", "\ufe0e", "\U0001f3fd\ufe0f"]
MARKERS = ("👍", "❤️", "😢", "☔", "👨‍👩‍👧", "🇬🇧", "7️⃣", ":)", "#sarcasm", "great")
WAYS = [
    lambda sign: sign,
    html.escape,
    lambda sign: "".join(f"&#{ord(char)};" for char in sign),
    lambda sign: "".join(f"&amp;#x{ord(char):x};" for char in sign),
    lambda sign: sign.encode("utf-16-le", "surrogatepass").decode("utf-16-le"),
    lambda sign: "".join(
        chr(unit) for pair in [sign.encode("utf-16-le")] for unit in memoryview(pair).cast("H")
    ),
    str.upper,
]


@pytest.mark.parametrize("style", ["posts", "glove-twitter"])
@settings(max_examples=50, deadline=None)
@given(
    words=st.lists(st.sampled_from(["wet", "dry", "water", "#flood", "@bob", "x", ""]), max_size=6),
    marker=st.sampled_from(MARKERS),
    tone=st.sampled_from(TONES),
    way=st.sampled_from(WAYS),
    between=st.sampled_from([" ", "", "\n", "!"]),
)
def test_no_marker_is_left(style, words, marker, tone, way, between):
    sign = marker + tone if marker in ("👍", "😢", "☔") else marker
    if marker[-1].isalnum() or marker[0].isalnum():
        between = " "  # part of a longer word it is another one
    text = between.join([*words, way(sign), *words])
    strip = TokeniserSettings(style=style, strip_markers=MARKERS)
    tokens = Tokeniser(strip)(text)
    plain = Tokeniser(TokeniserSettings(style=style))(between.join([*words, " ", *words]))
    assert "".join(tokens).replace("!", "") == "".join(plain).replace("!", ""), text
    left = Tokeniser(strip).strip(text)
    assert not set(clusters(left)) & {canonical(one) for one in MARKERS}
    assert "great" not in left.lower()
    assert "#sarcasm" not in left.lower()


def test_texts_without_markers_stay_as_they_are():
    strip = Stripper(["👍"])
    text = "ﬂood  &amp; mud’s 👎🏽 "
    assert strip(text) is text
    assert Stripper([])(text) is text


def test_a_joined_sign_is_another_one():
    assert Stripper(["❤"])("❤️‍🔥 ❤️") == "❤‍🔥"


def test_a_word_is_stripped_whole():
    assert Stripper(["great"])("GREAT, greatest great") == ", greatest"


@pytest.mark.parametrize("marker", ["", " ", "\ufe0f", "so sad", "\u200d"])
def test_what_is_no_marker_is_refused(marker):
    with pytest.raises(ConfigError, match="is no marker; expected a sign or a word"):
        Tokeniser(TokeniserSettings(strip_markers=("👍", marker)))


def test_clusters_are_what_a_reader_counts():
    text = "👍🏽👍 ❤️❤ 👨‍👩‍👧‍👦 🇬🇧🇫🇷 7️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ☎"
    assert clusters(text) == [
        "👍", "👍", "❤", "❤", "👨‍👩‍👧‍👦", "🇬🇧", "🇫🇷", "7⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☎"
    ]  # fmt: skip
    assert clusters("no 7 # * signs") == []
