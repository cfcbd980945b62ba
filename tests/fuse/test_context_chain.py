"""Depth and rain of a forecast beside the words, from a made-up event to scores on another."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from inundate.cli.app import main
from inundate.fuse.event.make import make_event
from inundate.fuse.event.settings import EventSettings
from inundate.posts.locate.located import open_located

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two events: town, storm, forecast and posts."""
    folder = tmp_path_factory.mktemp("events")
    settings = EventSettings(side_cells=32, cell_size_m=30, posts=150, storm_min=60, after_min=20)
    for seed, name in enumerate(("first", "second")):
        make_event(folder / name, seed, settings=settings)
    return {name: folder / name for name in ("first", "second")}


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, object]:
    assert main([*map(str, words), "--json"]) == 0, capsys.readouterr().err
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def judged(event: Path, path: Path) -> Path:
    """Write what the writers meant, by post, as people who judge posts would."""
    located = open_located(event / "located.geojson")
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["post", "text", "judged"])
        rows.writerows(zip(located.post, located.text, located.label, strict=True))
    return path


def test_from_an_event_to_scores_on_another(
    events: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contexts, tables = {}, {}
    for name, event in events.items():
        located, contexts[name] = tmp_path / f"{name}.parquet", tmp_path / f"{name}.csv"
        places = event / "places.csv"
        run(capsys, "posts", "locate", event / "posts.jsonl", "--gazetteer", places, "-o", located)
        run(capsys, "fuse", "context", event / "forecast.zarr", located, "-o", contexts[name])
        tables[name] = judged(event, tmp_path / f"{name}-judged.csv")
    model = tmp_path / "model"
    task = ("--label-column", "judged", "--positive", "water")
    trained = run(
        capsys, "posts", "train", "context", "--data", tables["first"], *task, "-o", model,
        "--context", contexts["first"], "--columns", "depth_max_m", "rain_hour_mm",
    )  # fmt: skip
    assert trained["details"]["columns"]["rain_hour_mm"]["unit"] == "mm"  # type: ignore[index]
    found = run(
        capsys, "posts", "evaluate", "--model", model, "--data", tables["second"], *task,
        "--context", contexts["second"], "--draws", "20",
    )  # fmt: skip
    rows = list(csv.DictReader(contexts["second"].read_text().splitlines()))
    inside = sum(row["inside"] == "true" for row in rows)
    assert 50 < inside < len(rows)
    assert found["context"]["with_context"] == inside  # type: ignore[index]
    assert set(found["paired"]) >= {"words alone", "keyword rule"}  # type: ignore[call-overload]
    answers = tmp_path / "answers"
    told = run(
        capsys, "posts", "classify", "--model", model, "--from", events["second"] / "posts.jsonl",
        "--context", contexts["second"], "-o", answers,
    )  # fmt: skip
    assert (told["posts"], told["with_context"]) == (len(rows), inside)
    # answers of another table are kept apart: the same posts are asked again
    other = run(
        capsys, "posts", "classify", "--model", model, "--from", events["second"] / "posts.jsonl",
        "--context", contexts["first"], "-o", answers,
    )  # fmt: skip
    assert other["model"] != told["model"]
    assert (other["posts"], other["with_context"]) == (len(rows), 0)


def test_a_table_with_words_is_enough_to_train_on(
    events: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, event in events.items():
        run(
            capsys, "fuse", "context", event / "forecast.zarr", event / "located.geojson",
            "--with-texts", "--event", name, "-o", tmp_path / f"{name}.csv",
        )  # fmt: skip
    model = tmp_path / "model"
    run(
        capsys, "posts", "train", "context", "--positive", "water", "-o", model,
        "--data", tmp_path / "first.csv", tmp_path / "second.csv",
        "--base", "keyword", "--leave-out", "second",
    )  # fmt: skip
    told = json.loads((model / "model.json").read_text(encoding="utf-8"))
    assert told["training"]["events"] == ["first"]
    assert told["notes"]["model"]["base"] == "keyword"
    assert set(told["notes"]["test"]) >= {"context", "words alone", "keyword"}


def test_what_lacks_context_is_told(
    events: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = events["first"]
    table, model = tmp_path / "first.csv", tmp_path / "model"
    places = event / "located.geojson"
    run(capsys, "fuse", "context", event / "forecast.zarr", places, "--with-texts", "-o", table)
    run(capsys, "posts", "train", "context", "--positive", "water", "-o", model, "--data", table)
    lines = str(event / "posts.jsonl")
    classify = ["posts", "classify", "--model", str(model), "--from", lines, "-o", "-"]
    assert main(classify) != 0
    err = capsys.readouterr().err
    assert "reads depth_max_m, wet_share, rain_hour_mm beside the words" in err
    assert "inundate fuse context" in err
    bare = judged(event, tmp_path / "judged.csv")
    evaluate = ["posts", "evaluate", "--model", str(model), "--positive", "water"]
    assert main([*evaluate, "--data", str(bare)]) != 0
    assert "no column depth_max_m, wet_share, rain_hour_mm" in capsys.readouterr().err


def test_words_that_are_not_there_are_not_written(
    events: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event, located = events["first"], tmp_path / "located.csv"
    places = event / "places.csv"
    run(
        capsys, "posts", "locate", event / "posts.jsonl", "--gazetteer", places, "--no-texts",
        "-o", located,
    )  # fmt: skip
    call = ["fuse", "context", str(event / "forecast.zarr"), str(located), "--with-texts", "-o"]
    assert main([*call, str(tmp_path / "context.csv")]) != 0
    assert "have no words" in capsys.readouterr().err
