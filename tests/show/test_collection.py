"""Reports of a collection and of an event: what is missing comes first, and nobody is named."""

import json

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.core.errors import DataError, RunError
from inundate.core.grid import grid_of
from inundate.core.store import write_dataset
from inundate.posts.importers.formats import ImportSettings
from inundate.posts.ingest import import_posts
from inundate.posts.locate.located import write_located
from inundate.posts.store import open_store
from inundate.show.collection import count_over_time, report_collection
from inundate.show.event import _deepest_near, report_event
from inundate.show.event_check import check_problems, check_words

from .html_check import check_page
from .mock import make_prediction
from .posts_mock import HOSTILE, make_posts

GAP = {"source": "x-stream", "from": "2020-02-02T03:00:00Z", "to": None, "why": HOSTILE[0]}


def made_post(number, day, hour):
    made = f"2020-02-{day:02d}T{hour:02d}:10:00.000Z"
    post = {
        "id": str(number), "text": "a secret word", "created_at": made, "lang": "en",
        "author": {"id": "7", "username": "somebody"},
    }  # fmt: skip
    kept = {"retrieved_at": "2020-03-01T00:00:00+00:00"}
    return json.dumps(post | {"__twarc": kept}) + "\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collection")
    lines = [made_post(n, 1 + n % 3, n % 5) for n in range(30)]
    (folder / "posts.jsonl").write_text("".join([*lines, lines[0], "{broken\n"]), encoding="utf-8")
    import_posts([folder / "posts.jsonl"], folder / "raw", ImportSettings())
    (folder / "raw" / "gaps.json").write_text(
        json.dumps({"collections": {"made-up": [GAP]}}), encoding="utf-8"
    )
    return folder / "raw"


def test_collection_says_what_is_missing_first(store, tmp_path):
    found = report_collection(store, output=tmp_path / "report.html")
    text = found.path.read_text(encoding="utf-8")
    page = check_page(text)
    shown = " ".join(page.visible)
    assert found.posts == 30
    assert any("Gaps in which posts may be missing: 1." in words for words in found.problems)
    assert any("1 records could not be read" in words for words in found.problems)
    assert shown.index("What is missing or went wrong") < shown.index("Volume over time")
    assert "duplicate" in shown
    assert "en" in shown
    assert HOSTILE[0] in shown, "the reason of a gap is shown as text"
    assert not {"img src=x", "script"} & {tag for tag, _ in page.tags}
    for secret in ("somebody", "a secret word"):
        assert secret not in text


def test_volume_counts_every_post(store):
    volume = count_over_time(open_store(store), [GAP])
    assert volume.step_hours == 1
    assert volume.counts.sum() == 30
    assert volume.starts[0] == np.datetime64("2020-02-01T00")
    assert np.isnat(volume.gaps[0][1])


def test_long_collections_are_counted_by_the_day(tmp_path):
    lines = [made_post(n, 1 + n, 23) for n in range(28)]
    (tmp_path / "posts.jsonl").write_text("".join(lines), encoding="utf-8")
    import_posts([tmp_path / "posts.jsonl"], tmp_path / "raw", ImportSettings())
    volume = count_over_time(open_store(tmp_path / "raw"), [])
    assert volume.step_hours == 24
    assert volume.counts.tolist() == [1] * 28


def test_what_is_no_store_is_told(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(DataError):
        report_collection(tmp_path / "x", output=tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_command_knows_a_store(store, tmp_path, capsys):
    arguments = ["report", str(store), "-o", str(tmp_path / "r.html")]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["posts"] == 30
    assert main(arguments) == 6
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments, "--overwrite", "--evaluation", "x.json"]) == 2
    assert "the report of a collection, expected that of a run" in capsys.readouterr().err


@pytest.fixture(scope="module")
def event():
    data = make_prediction(40, 6)
    return data, make_posts(data, 40)


def test_event_shows_failures_first_and_no_texts(event, tmp_path):
    data, posts = event
    found = report_event(tmp_path / "event.html", data, posts)
    text = found.path.read_text(encoding="utf-8")
    shown = " ".join(check_page(text).visible)
    assert found.problems[0] == "The flood was not checked against the posts."
    assert "1 of 40 posts have no place." in found.problems
    assert shown.index("was not checked") < shown.index("Where")
    assert "From 2026-03-01 12:35" in shown
    assert not any(words in text for words in set(posts.text))
    with pytest.raises(RunError, match="exists already"):
        report_event(tmp_path / "event.html", data, posts)


CHECK = {
    "hits": 12, "misses": 3, "false_alarms": 0, "correct_negatives": 9, "agreement": 0.8,
    "agreement_by_chance": {"median": 0.5, "low": 0.4, "high": 0.6}, "p_value": 0.01,
}  # fmt: skip


def test_event_with_a_check(event, tmp_path):
    data, posts = event
    check = {**CHECK, HOSTILE[0]: {HOSTILE[0]: 1}}
    found = report_event(tmp_path / "event.html", data, posts, check=check)
    shown = " ".join(check_page(found.path.read_text(encoding="utf-8")).visible)
    assert found.problems[0] == "3 of 15 reports of water lie where the flood has none."
    assert "better than chance: agreement 0.800, by chance 0.500, p = 0.010." in shown
    assert "The flood checked against the posts" in shown


def test_a_check_that_fails_comes_first():
    found = check_problems({**CHECK, "p_value": 0.4, "false_alarms": 1})
    assert found[0].startswith("The posts fit the flood no better than chance: agreement 0.800")
    assert found[-1] == "1 of 10 reports of no water lie where the flood has it."
    assert check_words({**CHECK, "p_value": 0.4}) == []
    with pytest.raises(DataError, match="the check lacks hits, misses"):
        check_problems({})


def test_depth_near_a_post():
    data = make_prediction(40, 2, holes=False)
    grid = grid_of(data)
    plane = np.zeros((40, 40), np.float32)
    plane[10, 10] = 1.5
    plane[30, 30] = np.nan
    payload = {
        "x": [grid.x[10], grid.x[14], grid.x[14], grid.x[30]],
        "y": [grid.y[10], grid.y[10], grid.y[10], grid.y[30]],
        "radius_m": [1.0, 150.0, 320.0, 1.0],
    }
    found = [_deepest_near(plane, grid, payload, row) for row in range(4)]
    assert found[:3] == [1.5, 0.0, 1.5]
    assert np.isnan(found[3])


def test_command_for_an_event(event, tmp_path, capsys):
    data, posts = event
    depth = write_dataset(data, tmp_path / "pred.zarr")
    located = write_located(posts, tmp_path / "located.parquet")
    (tmp_path / "check.json").write_text(json.dumps(CHECK))
    arguments = ["report", str(depth), "--posts", str(located)]
    assert main([*arguments, "--check", str(tmp_path / "check.json"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["posts"]["read"] == 40
    assert (tmp_path / "report.html").is_file()
    (tmp_path / "check.json").write_text("[1]")
    arguments += ["--check", str(tmp_path / "check.json"), "-o", str(tmp_path / "b.html")]
    assert main(arguments) == 3
    assert "a list, expected an object" in capsys.readouterr().err
