import math
import random

import pytest
from pydantic import ValidationError

from inundate.posts.locate.distance import great_circle_km
from inundate.posts.locate.locator import locate_text
from inundate.posts.locate.mentions import find_mentions
from inundate.posts.locate.resolve import LocateSettings, with_area
from inundate.posts.locate.words import WordSense, strip_affixes

BOX = (-1.6, 51.3, -0.9, 51.8)
IN_AREA = LocateSettings(area=BOX)
HOPEFUL = WordSense(["We hope it stops", "I hope so", "They say Hope is dry"] * 3)


def place_of(text, gazetteer, settings=IN_AREA, **more):
    found = locate_text(text, gazetteer, settings, **more)
    return None if found.row is None else gazetteer.name[found.row]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("the water has reached Oakford by now", "Oakford"),
        ("streets in oakford are wet", "Oakford"),
        ("oakford is wet", None),  # small, and no other sign
        ("flood in Mill Lane, Oakford", "Mill Lane"),  # the finest
        ("#OakfordFlood volunteers", "Oakford"),
        ("#prayforoakford", "Oakford"),
        ("#oakford2013", "Oakford"),
        ("ask @Oakford or http://oakford.example/Oakford", None),
        ("the Oakford River is over its banks", None),  # called after it, and not there
        ("read it in the Oakford Times today", None),
        ("so says Karl Oakford of the council", None),
        ("we saw Port Karl from the air", None),  # large, and far from the area
        ("we landed in Port Karl today", "Port Karl"),
        ("all of Middleshire is wet", None),  # too large
        ("we are in Valle", "Valle"),
        ("", None),
    ],
)
def test_names_in_texts(gazetteer, text, place):
    assert place_of(text, gazetteer) == place


def test_a_name_that_is_a_word_needs_more_than_a_capital(gazetteer):
    assert place_of("cellars in Hope are full", gazetteer) == "Hope"
    assert place_of("cellars in Hope are full", gazetteer, sense=HOPEFUL) is None
    assert HOPEFUL.is_word("hope")
    assert not HOPEFUL.is_word("oakford")
    assert not WordSense(["ALL OF HOPE IS LOST", "no capitals, no hope"]).is_word("hope")


def test_the_area_chooses_among_namesakes(gazetteer):
    found = locate_text("cellars in Newbridge are full", gazetteer, IN_AREA)
    assert gazetteer.latitude[found.row] == 51.47
    assert "2 places so called" in found.why
    assert "area of the event" in found.why
    without = LocateSettings(least=5.0)
    assert locate_text("cellars in Newbridge are full", gazetteer, without).reason == "ambiguous"
    told = locate_text("cellars in Newbridge, Northshire are full", gazetteer, without)
    assert gazetteer.latitude[told.row] == 54.9


def test_earlier_places_of_the_author_choose_too(gazetteer):
    without = LocateSettings(least=5.0)
    oakford = gazetteer.find("oakford")[0][0]
    found = locate_text("Now in Newbridge again", gazetteer, without, history=[oakford])
    assert gazetteer.latitude[found.row] == 51.47


def test_why_not(gazetteer):
    reasons = {
        "by the old bridge the road is gone": "relative",
        "roads in Middleshire are closed": "too large",
        "from Oakford to Newbridge by train": "several",
        "nothing of the kind": "no name",
        "a hope": "unsure",
    }
    for text, reason in reasons.items():
        found = locate_text(text, gazetteer, IN_AREA, sense=HOPEFUL)
        assert (found.reason, found.row) == (reason, None), text
        assert math.isnan(found.radius_m)
        assert found.why
    assert place_of("from Oakford to Port Karl by train", gazetteer) == "Oakford"  # the area's
    wide = LocateSettings(area=BOX, largest_km=150)
    assert place_of("roads in Middleshire are closed", gazetteer, wide) == "Middleshire"


def test_spans_are_those_of_the_text(gazetteer):
    text = "É vero 😀: water in «Mill Lane», #OakfordFlood"
    found = find_mentions(text, gazetteer, WordSense())
    spans = [text[one.start : one.end] for one in found]
    assert "Mill Lane" in spans
    assert "Oakford" in spans
    assert all(one.text == text[one.start : one.end] for one in found)


def test_odd_texts_keep_their_spans(gazetteer):
    rng = random.Random(8)
    pieces = [
        *"#@＃.,' \n_-1\x00\ud800\u202e😀ﬁßİǄⅧ水é", "e\u0301", "Oakford", "oakford",
        "#OakfordFlood", "Mill", "Lane", "St.", "PKL", "M.S.", "http://", "a@b.c", "in", "of",
        "#" + "a" * 200,
    ]  # fmt: skip
    for _ in range(300):
        text = "".join(rng.choice(pieces) + rng.choice(["", " "]) for _ in range(12))
        for one in locate_text(text, gazetteer, IN_AREA, sense=WordSense([text])).mentions:
            mention = one.mention
            assert text[mention.start : mention.end] == mention.text


def test_a_list_of_thousands_of_names_ends(gazetteer):
    found = locate_text("Oakford, Hope, " * 3000, gazetteer, IN_AREA)
    assert len(found.mentions) == 6000
    assert locate_text("#" + "flood" * 9000, gazetteer, IN_AREA).row is None


def test_codes_need_capitals_or_a_tag(gazetteer):
    wide = LocateSettings(area=(9, 39, 11, 41))
    assert place_of("flight to PKL", gazetteer, wide) == "Port Karl"
    assert place_of("flight to pkl", gazetteer, wide) is None
    assert place_of("#pkl", gazetteer, wide) == "Port Karl"
    assert place_of("wet in la today", gazetteer, LocateSettings(largest_km=900)) is None


def test_radius_factor(gazetteer):
    twice = LocateSettings(area=BOX, radius_factor=2)
    assert locate_text("in Oakford", gazetteer, twice).radius_m == pytest.approx(2 * 2764)


def test_a_local_gazetteer_brings_its_area(gazetteer):
    assert with_area(IN_AREA, gazetteer) is IN_AREA
    assert with_area(LocateSettings(), gazetteer).area is None  # it reaches over half of Europe


def test_settings_are_checked():
    with pytest.raises(ValidationError, match="west < east"):
        LocateSettings(area=(1, 2, 0, 3))


def test_affixes_and_distances():
    assert strip_affixes("allertameteooakford") == "oakford"
    assert strip_affixes("flood") == "flood"
    assert great_circle_km(0, 0, 0, 180) == pytest.approx(20015, abs=1)
