"""The benchmark ``context``: its events, maps, entrants and figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inundate.cli.fusion_bench import context_events
from inundate.cli.fusion_bench.context_events import MAPS, EventsSettings, Told, told_events
from inundate.cli.fusion_bench.context_run import measure
from inundate.cli.fusion_bench.context_trials import ENTRANTS, SCORES, WORDS, run_entrant
from inundate.posts.classify.base import FitReport
from inundate.posts.classify.context import Context
from inundate.posts.labelled.table import LabelledPosts

pytest.importorskip("sklearn")
SMALL = EventsSettings(train=1, test=1, side_cells=24, cell_size_m=80.0, posts=90)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("context")


@pytest.fixture(scope="module")
def events(work: Path) -> list[Told]:
    found, counts = told_events(work, 5, SMALL, print)
    assert counts["left_out_posts"] >= 3 * len(found)  # the hostile ones
    return found


def test_events_are_made_once(
    work: Path, events: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_events, "make_event", None)  # not called again
    again, _ = told_events(work, 5, SMALL, print)
    assert [one.name for one in again] == [one.name for one in events]
    for first, second in zip(events, again, strict=True):
        assert first.says.texts == second.says.texts
        for source in MAPS:
            for name, values in first.maps[source].items():
                assert np.array_equal(values, second.maps[source][name], equal_nan=True)


def test_posts_are_of_both_halves_of_the_sentences_and_both_classes(events: list[Told]) -> None:
    for one in events:
        assert set(one.half.tolist()) == {0, 1}
        assert min(one.says.counts().values()) >= 10
        assert 0 < one.saw.sum() < len(one.saw)
        assert len(one.says) == len(one.saw) == len(one.half)
    of_half: dict[int, set[str]] = {0: set(), 1: set()}
    for one in events:
        for text, half in zip(one.says.texts, one.half.tolist(), strict=True):
            of_half[half].add(text)
    assert not of_half[0] & of_half[1]


def test_shuffled_numbers_are_those_of_other_posts(events: list[Told]) -> None:
    for part in (events[: SMALL.train], events[SMALL.train :]):
        own, other = (
            np.concatenate([one.maps[source]["depth_max_m"] for one in part])
            for source in ("forecast", "shuffled")
        )
        assert np.array_equal(np.isnan(own), np.isnan(other))
        assert np.array_equal(np.sort(own), np.sort(other), equal_nan=True)
        assert np.mean(own == other) < 0.3


def test_the_true_flood_is_nearer_to_what_was_seen_than_a_displaced_forecast(
    events: list[Told],
) -> None:
    def apart(source: str) -> float:
        share = np.concatenate([one.maps[source]["wet_share"] for one in events])
        saw = np.concatenate([one.saw for one in events])
        known = np.isfinite(share)
        return float(share[known & (saw == 1)].mean() - share[known & (saw == 0)].mean())

    assert apart("truth") > apart("displaced") + 0.05


def test_entrants_are_scored_on_events_that_they_have_not_seen(
    events: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = events[:1], events[1:]
    trained: list[set[str]] = []
    fit = Context.fit

    def watched(model: Context, posts: LabelledPosts) -> FitReport:
        trained.append(set(posts.ids))
        return fit(model, posts)

    monkeypatch.setattr(Context, "fit", watched)
    found = run_entrant(ENTRANTS["words and context"], train, test, "saw", "other")
    assert set(found) == {one.name for one in test}
    assert all(set(one) == set(SCORES) for one in found.values())
    assert len(trained) == 2  # one for each half of the sentences
    assert not trained[0] & trained[1]
    assert not any(set(one.says.ids) & (trained[0] | trained[1]) for one in test)


def test_words_alone_know_nothing_of_maps(events: list[Told]) -> None:
    train, test = events[:1], events[1:]
    blind = [replace(one, maps={"forecast": one.maps["forecast"]}) for one in events]
    found = run_entrant(ENTRANTS[WORDS], train, test, "says", "same")
    assert found == run_entrant(ENTRANTS[WORDS], blind[:1], blind[1:], "says", "same")


def scores(gain: float, others: float) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Scores of 8 events: what context adds, and what that of other posts adds."""
    added = {"words and context": gain, "words and context of other posts": others}
    return {
        name: {
            f"event-{row}": dict.fromkeys(SCORES, 0.7 + 0.01 * row + (1 + row / 8) * extra)
            for row in range(8)
        }
        for name in ENTRANTS
        for extra in [added.get(name, 0.0)]
    }


def test_goals_are_met_or_not_by_the_figures() -> None:
    good = measure({("says", "other"): scores(0.05, 0.0), ("says", "same"): scores(0.0, 0.0)})
    met = {one["id"]: one["met"] for one in good["figures"] if one["goal"]}
    assert len(met) == 4
    assert all(met.values())
    bad = measure({("says", "other"): scores(-0.01, 0.02), ("says", "same"): scores(-0.02, -0.02)})
    assert not any(one["met"] for one in bad["figures"] if one["goal"])
    assert len(good["tables"]) == 2
    assert len(good["tables"][0]["rows"]) == len(ENTRANTS)
    json.dumps(good, allow_nan=False)
