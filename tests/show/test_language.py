"""The words of a page: the same keys and fields in every language, and no key without use."""

import copy
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

import inundate
from inundate.core.errors import ConfigError
from inundate.show.language import (
    LANGUAGES,
    all_words,
    check_language,
    say_html,
    speak,
    symbol,
    tell,
    translate,
)
from inundate.show.page import write_map

from .html_check import check_page
from .mock import make_prediction
from .posts_mock import make_posts

SOURCES = Path(inundate.__file__).parent / "show"

MADE = (  # keys that code puts together
    r"exact\.every\.\d",
    r"head\.kind\.\w+",
    r"post\.(unlocated|outside|early|late|timeless)",
    r"table\.(time|area|volume|deepest|rain)",
    r"posts\.(water|none|neither)",
)


def fields(sentence):
    return sorted(re.findall(r"\{(\w+)\}", sentence))


def test_all_languages_have_the_same_keys_and_fields():
    english = all_words("en")
    for language in LANGUAGES:
        others = all_words(language)
        assert list(others) == list(english)
        for key, sentence in others.items():
            assert fields(sentence) == fields(english[key]), key
            assert sentence.strip(), key


def test_every_file_of_words_is_offered():
    found = {path.name for path in files("inundate.show").joinpath("assets", "words").iterdir()}
    assert found == {f"{language}.json" for language in LANGUAGES}


def test_german_is_not_english():
    same = [key for key, words in all_words("de").items() if words == all_words("en")[key]]
    # signs and names that both languages write alike
    assert all(re.fullmatch(r"[^a-z]*|.*(Simulation|name).*", all_words("en")[key]) or
               key.startswith("language.") for key in same), same  # fmt: skip


def test_every_key_is_used_and_every_used_key_is_there():
    paths = [*SOURCES.rglob("*.py"), *SOURCES.glob("assets/*.js"), SOURCES / "assets/map.html"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    known = {re.sub(r"\.(one|other)$", "", key) for key in all_words("en")}
    groups = "|".join(sorted({key.partition(".")[0] for key in known}))
    used = set(re.findall(rf"""["'`]((?:{groups})\.[\w.]+)["'`]""", code))
    used = {key for key in used if not key.endswith((".js", ".css", ".html"))}
    assert used - known == set(), "said, but in no file"
    unused = {key for key in known - used if not any(re.fullmatch(made, key) for made in MADE)}
    assert unused == set(), "in the files, but never said"


def test_a_sentence_is_a_string_that_can_be_said_again():
    inner = tell("layer.rain")
    said = tell("page.shown", layer=inner)
    assert said == "Rain rate shown"
    assert translate(said, "de") == "Regenrate gezeigt"
    assert symbol(said) == {
        "say": "page.shown",
        "with": {"layer": {"say": "layer.rain", "with": {}}},
    }
    assert json.loads(json.dumps(said)) == "Rain rate shown"
    assert translate("own words {layer}", "de") == "own words {layer}"
    assert translate(copy.deepcopy(said), "de") == "Regenrate gezeigt"


def test_values_are_put_in_once_and_escaped():
    said = tell("page.failed", error="<b>{error}</b>")
    assert said == "This map could not be drawn: <b>{error}</b>."
    assert "<b>" not in say_html(said, "de")
    assert speak('<p data-say="page.clock"></p>', "de") == '<p data-say="page.clock">Zeit</p>'


def test_an_unknown_language_is_told():
    with pytest.raises(ConfigError, match="language of a page: 'fr', expected one of en, de"):
        check_language("fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_language_that_was_asked_for(tmp_path, language):
    data = make_prediction(40, 5)
    write_map(tmp_path / "map.html", data, posts=make_posts(data, 20), language=language)
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    shown = " ".join(check_page(text).visible)
    words = all_words(language)
    assert f'<html lang="{language}">' in text
    for key in ("page.limits", "limit.film", "posts.title", "table.deepest", "page.keys"):
        assert words[key] in text
    other = all_words("de" if language == "en" else "en")
    for key in ("page.limits", "limit.film", "table.deepest", "page.noscript", "page.opacity"):
        assert other[key] not in shown
    assert not re.search(r"data-say=\"[\w.]+\"[^>]*></", text), "every element has its words"
