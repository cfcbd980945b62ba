"""Identifiers leave texts, whatever they are disguised as, and nothing else does."""

import re
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.posts.anonymise.scrub import Scrubber

SCRUBBER = Scrubber(domains=frozenset({"bbc.co.uk"}), bare=pa.array(["wurzelquax"]))
ZERO_WIDTH = "\u200b"

CASES = {
    "@Quizzwurz": "<user>",
    "@quizzwurz: hello": "<user>: hello",
    ".@quizzwurz yes": ".<user> yes",
    "(@quizzwurz)": "(<user>)",
    "＠quizzwurz": "<user>",
    "@quizzwurz@mastodon.social too": "<user> too",
    "@quizzwurz.bsky.social": "<user>",
    "RT @quizzwurz: flood": "RT <user>: flood",
    "RT@quizzwurz flood": "RT<user> flood",
    "cut off at the end RT @quizzw…": "cut off at the end RT <user>…",
    "@quiz" + ZERO_WIDTH + "zwurz hi": "<user> hi",
    "@\u2066quizzwurz\u2069 hi": "<user> hi",
    "@qυizzwυrz hi": "<user> hi",
    "@quizz🌊wurz hi": "<user> hi",
    "%40quizzwurz": "<user>",
    "%2540quizzwurz": "<user>",
    "&#64;quizzwurz": "<user>",
    "&commat;quizzwurz": "<user>",
    "wurzelquax says so": "<user> says so",
    "#Wurzelquax": "#<user>",
    "u/wurzelquax_2": "<user>",
    "ig: quizz.wurz": "<user>",
    "telegram:quizzwurz": "<user>",
    "quizzwurz#1234": "<user>",
    "@quizzwurz:matrix.org": "<url>",
    "did:plc:abcdefghijklmnopqrstuvwx": "<user>",
    "quizz.wurz@example.com, now": "<email>, now",
    "quizz [at] example [dot] com": "<email>",
    "quizz at example dot co dot uk": "<email>",
    "quizz @ example.com": "<url>",
    "mailto:quizz@example.com": "<url>",
    "https://twitter.com/quizzwurz/status/1204084171334832128 x": "<url> x",
    "twitter.com/quizzwurz": "<url>",
    "twitter.com%2Fquizzwurz%2Fstatus%2F1": "<url>",
    "https%3A%2F%2Ftwitter.com%2Fquizzwurz": "<url>",
    "https://www.bbc.co.uk/news/quizzwurz": "bbc.co.uk",
    "see bbc.co.uk": "see bbc.co.uk",
    "https://user:pass@www.bbc.co.uk/x": "bbc.co.uk",
    "quizzwurz.tumblr.com": "<url>",
    "at://did:plc:quizz/app.bsky.feed.post/3k": "<url>",
    "pic.twitter.com/AbCd": "<url>",
    "call 07700 900123 now": "call <phone> now",
    "+44 20 7946 0958": "<phone>",
    "(403) 555-0199": "<phone>",
    "555-0199": "<phone>",
    "tel:+442079460958": "<url>",
    "０７７００ ９００１２３": "<phone>",
    "0️⃣7️⃣7️⃣0️⃣0️⃣9️⃣0️⃣0️⃣1️⃣2️⃣3️⃣": "<phone>",
    "٠٧٧٠٠٩٠٠١٢٣": "<phone>",
    "4111 1111 1111 1111": "<card>",
    "GB82 WEST 1234 5698 7654 32 thanks": "<iban> thanks",
    "de89370400440532013000": "<iban>",
    "QQ 12 34 56 C": "QQ 12 34 56 C",  # Q opens no such number
    "AB 12 34 56 C": "<id>",
    "123-45-6789": "<id>",
    "3b241101-e2bb-4255-8caf-4136c566a962": "<id>",
    "192.168.17.10": "<ip>",
    "00:1b:44:11:3a:b7": "<ip>",
    "2001:db8:0:0:1:0:0:1": "<ip>",
    "AB12 CDE": "<plate>",
    "status 1204084171334832128": "status <number>",
    "id1204084171334832128x": "<id>",
    "no1234567890x": "no<number>x",
    "51.04471, -114.07191": "<place>",
    "51°30'26\"N 0°7'39\"W": "<place>",
    "///filled.count.soap": "<place>",
    "9C3W9QCJ+2V": "<place>",
    "TQ 300 800": "<place>",
    "HU5 2AB": "<postcode>",
    "hu52ab": "<postcode>",
    "T2P 1J9": "<postcode>",
    "TX 77002-1234": "TX <postcode>",
    "12 High Street": "<house> High Street",
    "221b baker street": "<house> baker street",
    "Flat 3": "Flat <house>",
    "Hauptstraße 12a": "Hauptstraße <house>",
    "12 rue de la Paix": "<house> rue de la Paix",
}

KEPT = [
    "Flooding on the A63, river at 3.4 m and rising, 100,000 people without power",
    "meet @ 7pm or @7pm, see you @ the bridge",
    "2013-06-21 12:30, 21/06/2013, 1999-2013, 10:30:45",
    "#yycflood #abflood 5-10 cm, $1000000, £2,500,000 raised",
    "evacuated.Please help and/or share. U.S. Army, e.g. this. No.1 of 24/7",
    "Highway 1 closed, 2 bridges on the road gone, 3 streets under water",
    "Crue à Passau: Überschwemmung, 洪水警報、水位3メートル",
    "text REDCROSS to 90999 to give $10",
    "<user> said <url>",
]


@pytest.mark.parametrize("text", CASES)
def test_identifiers_leave(text):
    assert SCRUBBER.scrub(text).text == CASES[text]


@pytest.mark.parametrize("text", KEPT)
def test_the_rest_stays(text):
    assert SCRUBBER.scrub(text).text == text


def test_postcodes_and_houses_by_policy():
    text = "12 High Street, HU5 2AB"
    area = Scrubber(postcodes="area", houses=False)
    assert area.scrub(text).text == "12 High Street, HU5<postcode>"
    assert Scrubber(postcodes="keep").scrub(text).text == "<house> High Street, HU5 2AB"


def test_offsets_are_those_of_the_new_text():
    found = SCRUBBER.scrub("hi @quizzwurz! see https://bbc.co.uk/1 or call 07700 900123")
    assert [(one.kind, found.text[one.start : one.end]) for one in found.replaced] == [
        ("user", "<user>"), ("url", "bbc.co.uk"), ("phone", "<phone>"),
    ]  # fmt: skip


def test_names_are_found_behind_the_rest():
    def names(text):
        return [(m.start(), m.end(), "person") for m in re.finditer("Anna|user", text)]

    found = Scrubber(names=names).scrub("@bob and Anna at http://t.co/x")
    assert found.text == "<user> and <person> at <url>"
    assert [found.text[one.start : one.end] for one in found.replaced] == [
        "<user>", "<person>", "<url>",
    ]  # fmt: skip


def test_handles_are_told_for_pseudonyms():
    assert SCRUBBER.scrub("＠Bob and @b\u200bob, wurzelquax").handles == (
        "Bob", "bob", "wurzelquax",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["@" * 100_000, "a.a." * 25_000, "7" * 100_000, "7 " * 50_000, "a" * 100_000, "a@" * 50_000,
     "-." * 50_000, "http://" * 14_000, "1.234," * 16_000, "@🌊" * 50_000, "%40" * 33_000,
     "a1" * 50_000, "AB12 " * 20_000, "1 Aa " * 20_000, "a:" * 50_000, "12 rue " * 14_000],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_time_grows_with_length_alone(cpu_seconds, text):
    """CPU time of twice the text is about twice as much; a square would be four times."""
    SCRUBBER.scrub(text[:1000])
    short = cpu_seconds(SCRUBBER.scrub, text[: len(text) // 4])
    assert cpu_seconds(SCRUBBER.scrub, text) < 10 * short + 0.05


HANDLES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{4,14}", fullmatch=True)
WORDS = st.text(st.sampled_from("abc XYZ.,;!? \n#'"), max_size=30)
DISGUISES = st.sampled_from([
    lambda handle: "@" + handle,
    lambda handle: "＠" + handle,
    lambda handle: "%40" + handle,
    lambda handle: "@" + ZERO_WIDTH.join(handle),
    lambda handle: "@" + handle[:3] + "🌊" + handle[3:],
    lambda handle: "@" + handle.translate(str.maketrans("aeopcx", "аеорсх")),
    lambda handle: "https://twitter.com/" + handle,
    lambda handle: quote("https://x.com/" + handle + "/status/1", safe=""),
    lambda handle: handle + "@example.org",
    lambda handle: "u/" + handle,
])  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(HANDLES, DISGUISES, WORDS, WORDS), min_size=15, max_size=40))
def test_no_handle_survives(cases):
    texts = [f"{before} {disguise(handle)} {after}" for handle, disguise, before, after in cases]
    made = scrubbed(texts)
    for (handle, _, before, after), text in zip(cases, made, strict=True):
        left = text.replace("<user>", "").replace("<url>", "").replace("<email>", "").casefold()
        pieces = {handle[place : place + 4].casefold() for place in range(len(handle) - 3)}
        rest = f"{before} {after}".casefold()
        assert not any(piece in left for piece in pieces if piece not in rest)
    assert scrubbed(made) == made


@settings(max_examples=10, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=200), st.none()), min_size=10, max_size=60))
def test_once_is_enough(texts):
    once = scrubbed(texts)
    assert scrubbed(once) == once
    assert [text is None for text in once] == [text is None for text in texts]
    assert scrubbed(texts[::-1]) == once[::-1]  # each text by itself


def scrubbed(texts):
    return SCRUBBER.column(pa.array(texts, pa.string()))[0].to_pylist()
