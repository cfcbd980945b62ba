import json

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.core.errors import ConfigError, DataError
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.gaps import StoredGap
from inundate.posts.importers.formats import ImportSettings
from inundate.posts.ingest import import_posts
from inundate.posts.locate.answers import read_answers
from inundate.posts.locate.located import open_located
from inundate.posts.locate.resolve import LocateSettings
from inundate.posts.locate.run import Posts, locate_posts, read_posts
from inundate.posts.serve.labels import open_labels, to_label_table
from inundate.posts.store import create_store

BOX = (-1.6, 51.3, -0.9, 51.8)
SETTINGS = LocateSettings(area=BOX)
TEXTS = (
    "Water is up to the doors in Mill Lane, Oakford",
    "RT @someone: Water is up to the doors in Mill Lane, Oakford",
    "By the old bridge the road is gone",
    "A photo of the river",
    "All of Middleshire is wet",
)


def token(number):
    return "".join("abcdefghijklmnop"[(number >> (4 * place)) & 15] for place in range(32))


def row(number, text, **more):
    return {"post": token(number), "text": text, "created_bin": "2024-01-02T10:00:00Z", **more}


@pytest.fixture
def posts():
    rows = [row(number, text, lang="en") for number, text in enumerate(TEXTS)]
    rows[3] |= {
        "latitude": 51.55, "longitude": -1.25, "geo_cell_degrees": 0.1, "place_kind": "city",
        "server_bin": 1_704_193_200_000,
    }  # fmt: skip
    gap = StoredGap(source="x", start="2024-01-02T09:00:00Z", to=None, why="it stopped")
    return Posts(rows, (gap,), "made-up")


def test_posts_are_located_in_their_order(posts, gazetteer):
    found = locate_posts(posts, gazetteer, SETTINGS)
    assert found.method == ("gazetteer", "gazetteer", "none", "place-box", "none")
    assert found.place[0] == "Mill Lane, Oakford"
    assert found.radius_m[0] == 500
    assert found.story.tolist()[0] == found.story.tolist()[1]
    assert len(set(found.story.tolist())) == 4
    assert found.text == TEXTS
    assert found.language == ("en",) * 5
    assert found.time[0] == np.datetime64("2024-01-02T10:00")
    assert found.time[3] == np.datetime64("2024-01-02T11:00")  # the server's clock is believed
    assert np.isnat(found.gaps[0].end)
    assert found.origin["methods"] == {"coordinates": 0, "place-box": 1, "gazetteer": 2}
    assert sum(found.origin["unlocated"].values()) == 2
    assert all(found.why)
    assert locate_posts(posts, gazetteer, SETTINGS, texts=False).text == ("",) * 5


def test_the_radius_of_a_cell_holds_the_whole_cell(gazetteer):
    place = {"latitude": 60.05, "longitude": 5.05, "geo_cell_degrees": 0.1}
    found = locate_posts(Posts([row(0, "", **place)]), gazetteer, SETTINGS)
    assert found.method == ("coordinates",)
    north, east = 0.05 * 111_320, 0.05 * 111_320 * np.cos(np.radians(60.0))
    assert found.radius_m[0] == pytest.approx(np.hypot(north, east))
    wide = {**place, "geo_cell_degrees": 5.0}  # tells less than the text
    told = locate_posts(Posts([row(0, "in Oakford", **wide)]), gazetteer, SETTINGS)
    assert told.method == ("gazetteer",)


def test_other_posts_of_the_author_decide(gazetteer):
    settings = LocateSettings(least=5.0)
    rows = [
        row(0, "Now in Newbridge again", author="ann"),
        row(1, "The lake in Oakford is full", author="ann"),
        row(2, "Now in Newbridge again, with friends of mine", author="bob"),
    ]
    found = locate_posts(Posts(rows), gazetteer, settings)
    assert found.place == ("Newbridge, Middleshire", "Oakford, Middleshire", "")
    assert found.origin["unlocated"] == {"has a name that several places bear": 1}


@pytest.fixture
def labels(tmp_path):
    folder = tmp_path / "labels"
    classes = ("wet", "dry", "other")
    chances = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.4, 0.3, 0.3]])
    ids = [token(number) for number in range(4)]
    open_labels(folder, "one", name="m", classes=classes).add(
        to_label_table(ids, chances, np.array([0, 1, 2, -1]), classes)
    )
    return folder


def test_classes_say_water_or_none(posts, gazetteer, labels):
    answers = read_answers(labels, wet=["wet"], dry=["dry"])
    found = locate_posts(posts, gazetteer, SETTINGS, answers=answers)
    assert found.water.tolist() == [1, -1, 0, 0, 0]
    assert found.label == ("wet", "dry", "other", "", "")
    np.testing.assert_allclose(found.probability, [0.7, 0.8, np.nan, np.nan, np.nan], rtol=1e-6)
    assert found.origin["model"] == "one"
    with pytest.raises(ConfigError, match="the model's classes are wet, dry, other"):
        read_answers(labels, wet=["flooded"])
    with pytest.raises(ConfigError, match="both"):
        read_answers(labels, wet=["wet"], dry=["wet"])
    with pytest.raises(DataError, match="expected one model"):
        read_answers(labels, wet=["wet"], model="two")


def test_raw_posts_are_refused(tmp_path):
    create_store(tmp_path / "raw")
    with pytest.raises(DataError, match="raw posts"):
        read_posts(tmp_path / "raw")
    lines = tmp_path / "raw.jsonl"
    lines.write_text(json.dumps({"post_id": "17", "text": "x", "author_handle": "ann"}) + "\n")
    with pytest.raises(DataError, match="raw"):
        read_posts(lines)
    lines.write_text("")
    with pytest.raises(DataError, match="no posts in it"):
        read_posts(lines)
    create_store(tmp_path / "safe", "posts")
    with pytest.raises(DataError, match="no posts in it"):
        read_posts(tmp_path / "safe")


def test_a_pseudonymised_store_is_read(tmp_path, gazetteer):
    table = tmp_path / "posts.csv"
    rows = [
        f"{number},2024-01-02T1{number}:00:00Z,author{number},cellars in Oakford are full,{place}"
        for number, place in enumerate(["51.51,-1.21"] * 7 + [","])
    ]
    head = "post_id,created_at,author_id,text,latitude,longitude\n"
    table.write_text(head + "\n".join(rows) + "\n")
    columns = {name: name for name in head.strip().split(",")}
    settings = ImportSettings(format="csv", source="x", columns=columns)
    import_posts([table], tmp_path / "raw", settings)
    anonymise_posts(tmp_path / "raw", tmp_path / "safe", Key(bytes(range(1, 33))))
    found = locate_posts(read_posts(tmp_path / "safe"), gazetteer, SETTINGS)
    assert sorted(found.method) == ["coordinates"] * 7 + ["gazetteer"]
    point = found.take(np.array([method == "coordinates" for method in found.method]))
    assert (np.abs(point.latitude - 51.51) <= 0.05).all()
    assert (point.radius_m > 6000).all()
    assert not np.isnat(found.time).any()


def test_a_time_that_is_none_is_told(gazetteer):
    with pytest.raises(DataError, match="time 'June'"):
        locate_posts(Posts([{**row(0, "x"), "created_bin": "June"}]), gazetteer, SETTINGS)


@pytest.fixture
def files(tmp_path, monkeypatch, posts):
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "places.csv").write_text(
        "name,latitude,longitude,kind,population,parent\nOakford,51.5,-1.2,town,24000,\n"
        "Mill Lane,51.503,-1.196,street,,Oakford\nbroken,north,,,,\n"
    )
    lines = "".join(json.dumps(one) + "\n" for one in posts.rows)
    (tmp_path / "posts.jsonl").write_text(lines + "no JSON\n")
    return tmp_path


def test_the_command(files, capsys, labels):
    words = ["posts", "locate", str(files / "posts.jsonl"), "-o", str(files / "l.parquet"),
             "--gazetteer", str(files / "places.csv")]  # fmt: skip
    assert main([*words, "--area", "-1.6,51.3,-0.9,51.8"]) == 0
    told = capsys.readouterr().out
    assert "3 of 5 posts located (60.0%)" in told
    assert "1 rows of the gazetteer could not be read" in told
    assert "1 lines of posts could not be read" in told
    assert open_located(files / "l.parquet").origin["settings"]["area"] == list(BOX)
    assert main(words) == 6  # it is there
    again = [*words, "--overwrite", "--json", "--labels", str(labels), "--wet", "wet"]
    capsys.readouterr()
    assert main(again) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["settings"]["area"][0] == pytest.approx(-1.3, abs=0.01)  # the gazetteer's
    assert open_located(files / "l.parquet").water.tolist() == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--area", "-1.6,51.3"], 2, "expected west,south,east,north"),
        (["--area", "1,2,0,3"], 2, "west < east"),
        (["--wet", "wet"], 2, "--labels is missing"),
        (["--labels", "x"], 2, "--wet is missing"),
        (["-o", "l.xlsx"], 2, "suffix '.xlsx'"),
        (["--gazetteer", "absent.csv"], 3, "absent.csv"),
        (["--largest-km", "0"], 2, "largest_km"),
    ],
)
def test_wrong_flags_are_told(files, monkeypatch, capsys, words, code, says):
    monkeypatch.chdir(files)
    base = ["posts", "locate", "posts.jsonl"]
    base += [] if "-o" in words else ["-o", "l.csv"]
    base += [] if "--gazetteer" in words else ["--gazetteer", "places.csv"]
    assert main([*base, *words]) == code
    assert says in capsys.readouterr().err
    assert not (files / "l.csv").exists()


@pytest.mark.slow  # reading rasters takes seconds to load
def test_the_extent_of_a_raster_is_an_area(files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    heights = "ncols 2\nnrows 2\nxllcorner -1.6\nyllcorner 51.3\ncellsize 0.25\n1 2\n3 4\n"
    (files / "dem.asc").write_text(heights)
    (files / "dem.prj").write_text("EPSG:4326")
    words = ["posts", "locate", "posts.jsonl", "-o", "l.csv", "--gazetteer", "places.csv"]
    assert main([*words, "--area", "dem.asc", "--json"]) == 0
    box = json.loads(capsys.readouterr().out)["settings"]["area"]
    assert box == pytest.approx([-1.6, 51.3, -1.1, 51.8])
