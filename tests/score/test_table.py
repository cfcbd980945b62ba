"""The score book: collecting, restarting, merging, judging."""

import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.score import ScoreBook
from inundate.score.sample import Forecast
from inundate.score.summary import REQUIRED
from inundate.score.table import metrics_of

SPLIT = {"name": "test", "unseen": "terrain and storm"}
REGIMES = ("flat", "steep")
SHARES = {"mode_h": 1.0, "hybrid": 0.1, "all_dry": 0.0}


def truth_of(index):
    return np.random.default_rng(index).gamma(0.5, 0.4, (3, 10, 9)).astype(np.float32)


def predictions(index, *, good=0.02, bad=0.2):
    rng = np.random.default_rng(1000 + index)
    truth = truth_of(index)
    off = rng.normal(0, 1, truth.shape)
    return {
        "mode_h": np.maximum(truth + good * off, 0),
        "hybrid": np.maximum(truth + bad * off, 0),
        "all_dry": np.zeros_like(truth),
    }


def empty(**more):
    given = {"reference": "mode_h", "baselines": ("hybrid", "all_dry"), "split": SPLIT}
    return ScoreBook(**{**given, **more})


def put(book, index, predicted=None, **more):
    """Add one sample: eight blocks of four terrains in two regimes, two storms a block."""
    block = index // 2
    given = {
        "terrain": f"t{block // 2}",
        "block": f"b{block}",
        "storm": f"s{index % 2}",
        "regime": REGIMES[block % 2],
        "observed": truth_of(index),
        "predicted": predictions(index) if predicted is None else predicted,
        "interval_s": 600.0,
    }
    book.add(f"sample-{index:02d}", **{**given, **more})


def full(indices=range(16), **more):
    book = empty(**more)
    for index in indices:
        put(book, index)
    return book


@pytest.fixture(scope="module")
def book():
    return full()


@pytest.fixture(scope="module")
def summary(book):
    return book.summary(draws=400)


def test_summary_has_the_agreed_form(summary):
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["kind"] == "evaluation"
    assert summary["split"] == SPLIT
    assert summary["thresholds_m"] == [0.05, 0.1, 0.3, 0.5, 1.0]
    assert summary["models"] == ["mode_h", "hybrid", "all_dry"]
    assert summary["reference"] == "mode_h"
    assert list(summary["regimes"]) == ["all", "flat", "steep"]
    regime = summary["regimes"]["flat"]
    assert {key: regime[key] for key in ("samples", "terrains", "blocks", "storms")} == {
        "samples": 8,
        "terrains": 4,
        "blocks": 4,
        "storms": 2,
    }
    assert set(regime["scores"]) == {"mode_h", "hybrid", "all_dry"}
    assert set(regime["difference"]) == {"hybrid", "all_dry"}
    score = regime["scores"]["mode_h"]["rmse_wet"]
    assert set(score) == {
        "value", "low", "high", "unit", "best", "count", "undefined", "terrain_median",
    }  # fmt: skip
    assert score["low"] <= score["value"] <= score["high"]
    assert set(regime["difference"]["hybrid"]["rmse_wet"]) == {"value", "low", "high", "better"}


def test_every_model_has_every_metric_in_every_regime(summary):
    names = [metric.name for metric in metrics_of(summary["thresholds_m"], probabilistic=False)]
    assert len(names) == len(set(names))
    assert list(summary["metrics"]) == names
    for regime in summary["regimes"].values():
        for part in (regime["scores"], regime["difference"]):
            for scores in part.values():
                assert list(scores) == names


def test_scores_equal_those_of_all_cells_at_once(summary):
    truth = np.stack([truth_of(i) for i in range(16)])
    predicted = np.stack([predictions(i)["hybrid"] for i in range(16)]).astype(np.float32)
    wet = truth > np.float32(0.05)
    score = summary["regimes"]["all"]["scores"]["hybrid"]["rmse_wet"]
    expected = np.sqrt(np.mean((predicted[wet].astype(float) - truth[wet]) ** 2))
    assert score["value"] == pytest.approx(expected, rel=1e-6)
    assert score["count"] == wet.sum()


def test_difference_is_reference_less_other(summary):
    scores = summary["regimes"]["all"]["scores"]
    for other in ("hybrid", "all_dry"):
        for name in ("rmse_wet", "csi_0.3"):
            found = summary["regimes"]["all"]["difference"][other][name]
            expected = scores["mode_h"][name]["value"] - scores[other][name]["value"]
            assert found["value"] == pytest.approx(expected, rel=1e-5)


def test_a_better_model_beats_all(summary):
    assert summary["verdict"] == {
        "beats_all": True,
        "fails": [],
        "required": list(REQUIRED),
        "against": ["hybrid", "all_dry"],
    }


def test_a_worse_model_fails_with_figures():
    book = empty()
    for index in range(16):
        put(book, index, predictions(index, good=0.2, bad=0.02))
    verdict = book.summary(draws=400)["verdict"]
    assert not verdict["beats_all"]
    against_hybrid = [f for f in verdict["fails"] if "hybrid" in f]
    assert len(against_hybrid) == 9  # three scores in three regimes
    assert against_hybrid[0].startswith("all: rmse wet against hybrid: +0.")
    assert against_hybrid[1].startswith("all: csi 0.05 m against hybrid: -0.")
    assert "[" in against_hybrid[0]


def test_a_draw_is_not_a_win():
    book = empty()
    for index in range(16):
        made = predictions(index)
        put(book, index, {**made, "hybrid": made["mode_h"]})
    verdict = book.summary(draws=200)["verdict"]
    assert "flat: csi 0.30 m against hybrid: +0.000 [+0.000, +0.000]" in verdict["fails"]
    assert not any("all_dry" in fail for fail in verdict["fails"])


def test_too_few_blocks_have_no_interval_and_fail_the_verdict():
    book = full(range(8))  # two blocks a regime
    summary = book.summary(draws=100)
    flat = summary["regimes"]["flat"]
    assert flat["scores"]["mode_h"]["rmse_wet"]["low"] is None
    assert flat["note"] == "no intervals: 2 independent cluster(s), at least 3 needed"
    assert not flat["difference"]["hybrid"]["rmse_wet"]["better"]
    assert "note" not in summary["regimes"]["all"]
    assert summary["verdict"]["fails"] == [
        f"{regime}: nothing can be judged, {flat['note']}" for regime in REGIMES
    ]
    assert not summary["verdict"]["beats_all"]


def test_a_flood_in_one_block_alone_gives_no_interval():
    """Without that block in a draw the score is 0/0: the rest would be an interval of luck."""
    book = empty()
    for index in range(16):
        deep = 1.0 if index == 0 else 0.0
        made = {name: np.full((2, 4, 4), deep * share) for name, share in SHARES.items()}
        put(book, index, made, observed=np.full((2, 4, 4), deep))
    summary = book.summary(draws=200)
    found = summary["regimes"]["all"]["difference"]["hybrid"]["csi_0.3"]
    assert found["value"] == 1
    assert (found["low"], found["better"]) == (None, False)
    assert found["note"].startswith("undefined in ")
    fails = summary["verdict"]["fails"]
    assert f"all: csi 0.30 m against hybrid: +1.000, no interval ({found['note']})" in fails


def test_undefined_scores_are_none_with_a_count_and_fail():
    book = empty()
    dry = np.zeros((2, 4, 4))
    for index in range(16):
        made = {"mode_h": dry, "hybrid": dry, "all_dry": dry}
        put(book, index, made, observed=dry)
    summary = book.summary(draws=50)
    score = summary["regimes"]["all"]["scores"]["mode_h"]["csi_0.3"]
    assert (score["value"], score["low"], score["count"], score["undefined"]) == (None, None, 0, 16)
    assert score["terrain_median"] is None
    assert "all: csi 0.30 m against hybrid: undefined" in summary["verdict"]["fails"]
    assert summary["worst_terrain"]["mode_h"]["csi_0.3"] == {"terrain": None, "value": None}
    assert summary["regimes"]["all"]["scores"]["mode_h"]["rmse"]["value"] == 0


def test_worst_terrain_is_the_one_where_it_is_worst():
    book = empty()
    for index in range(16):
        put(book, index, predictions(index, good=0.3 if index in (8, 9) else 0.01))
    summary = book.summary(draws=50)
    worst = summary["worst_terrain"]["mode_h"]
    assert worst["rmse_wet"]["terrain"] == worst["csi_0.3"]["terrain"] == "t2"
    score = summary["regimes"]["all"]["scores"]["mode_h"]["rmse_wet"]
    assert worst["rmse_wet"]["value"] > score["value"] > score["terrain_median"]


def test_required_rivals_and_metrics_can_be_chosen(book):
    found = book.summary(
        draws=50, required=["mae_wet"], against=["all_dry"], metrics=["nse"], cluster="block+storm"
    )
    assert list(found["metrics"]) == ["mae_wet", "nse"]
    assert found["verdict"]["required"] == ["mae_wet"]
    assert found["verdict"]["against"] == ["all_dry"]
    assert found["bootstrap"] == {"cluster": "block+storm", "draws": 50, "seed": 0, "level": 0.95}
    assert found["regimes"]["all"]["note"].startswith("no intervals: 2 independent")  # two storms
    assert not book.summary(draws=50, against=[])["verdict"]["beats_all"]


@pytest.mark.parametrize("cluster", ["terrain", "storm", "terrain+storm"])
def test_each_kind_of_cluster(book, cluster):
    clustered = book.summary(draws=50, cluster=cluster, metrics=[])
    assert clustered["bootstrap"]["cluster"] == cluster
    assert ("note" in clustered["regimes"]["all"]) == ("storm" in cluster)


def test_faulty_options_are_refused(book):
    with pytest.raises(ConfigError, match="metric 'csi_0.33'") as caught:
        book.summary(required=["csi_0.33"])
    assert caught.value.hint == "did you mean csi_0.3?"
    with pytest.raises(ConfigError, match="cluster 'cell'"):
        book.summary(cluster="cell")
    with pytest.raises(ConfigError, match="against .'mode_h'."):
        book.summary(against=["mode_h"])


def test_a_score_is_never_given_without_all_models():
    book = full(range(3))
    put(book, 3, {"mode_h": predictions(3)["mode_h"]})
    with pytest.raises(DataError, match=r"2 score\(s\) missing, .* sample-03 has no hybrid"):
        book.summary()
    with pytest.raises(DataError, match="holds no sample"):
        empty().summary()


@pytest.mark.parametrize(
    "wrong",
    [
        {"baselines": ()},
        {"baselines": ("mode_h",)},
        {"split": {}},
        {"thresholds_m": ()},
        {"thresholds_m": (0.3, 0.1)},
        {"thresholds_m": (0.0, 0.1)},
    ],
)
def test_books_without_baseline_split_or_thresholds_are_refused(wrong):
    with pytest.raises(ConfigError, match="score book"):
        empty(**wrong)


def test_saved_and_loaded_book_gives_the_same_summary(book, summary, tmp_path):
    path = book.save(tmp_path / "book.json")
    loaded = ScoreBook.load(path)
    assert loaded.summary(draws=400) == summary
    assert loaded.save(tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_interrupted_evaluation_goes_on_where_it_stopped(book, summary, tmp_path):
    path = full(range(5)).save(tmp_path / "book.json")
    resumed = ScoreBook.load(path)
    for index in range(16):
        if not resumed.has(f"sample-{index:02d}", "mode_h"):
            put(resumed, index)
    assert resumed.summary(draws=400) == summary
    assert resumed.has("sample-00")
    assert not resumed.has("sample-00", "temporal_cnn")
    assert not resumed.has("sample-99")


def test_parts_merge_in_any_order_to_the_last_bit(book, summary):
    for order in ([0, 1, 2], [2, 0, 1]):
        parts = [full(range(i, 16, 3)) for i in range(3)]
        whole = empty()
        for i in order:
            whole.merge(parts[i])
        whole.merge(parts[0])  # the same sums once more change nothing
        assert whole.summary(draws=400) == summary


def test_models_can_be_scored_one_after_another(summary):
    book = empty()
    for name in ("all_dry", "mode_h", "hybrid"):
        for index in range(16):
            put(book, index, {name: predictions(index)[name]})
    assert book.summary(draws=400) == summary


def test_other_models_are_scored_and_do_not_count_for_the_verdict():
    book = full()
    for index in range(16):
        put(book, index, {"temporal_cnn": truth_of(index)})
    found = book.summary(draws=200)
    assert found["models"] == ["mode_h", "hybrid", "all_dry", "temporal_cnn"]
    assert not found["regimes"]["all"]["difference"]["temporal_cnn"]["rmse_wet"]["better"]
    assert found["verdict"]["beats_all"]


def test_merging_books_of_different_evaluations_is_refused(book):
    with pytest.raises(DataError, match=r"differ in split .*; thresholds_m"):
        book.merge(empty(split={"name": "other"}, thresholds_m=(0.1,)))


def test_same_sample_with_another_truth_or_other_sums_is_refused():
    book = full(range(2))
    with pytest.raises(DataError, match="has scores of 'mode_h' already"):
        put(book, 0)
    with pytest.raises(DataError, match="'sample-00' is .* it was .* before") as caught:
        put(book, 0, {"new": truth_of(0)}, observed=truth_of(0) + 1)
    assert "same observed depths" in caught.value.hint
    with pytest.raises(DataError, match="it was"):
        put(book, 0, {"new": truth_of(0)}, storm="s7")
    other = empty()
    put(other, 0, {"mode_h": truth_of(0)})
    with pytest.raises(DataError, match="'sample-00' has other scores of 'mode_h'"):
        book.merge(other)
    assert not book.has("sample-00", "new")


def test_a_faulty_prediction_adds_nothing():
    book = empty()
    made = predictions(0)
    made["all_dry"] = np.full_like(made["all_dry"], np.nan)
    with pytest.raises(DataError, match="scoring all_dry of sample sample-00: nan at frame 0"):
        put(book, 0, made)
    assert book.entries == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"kind": "evaluation", "format": 1}',
        '{"kind": "score_sums", "format": 1, "split": {}}',
    ],
)
def test_files_that_are_no_book_are_refused(tmp_path, text):
    path = tmp_path / "book.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"reading score book .*book\.json"):
        ScoreBook.load(path)


def test_cut_or_flipped_files_are_refused(tmp_path):
    path = full(range(1)).save(tmp_path / "book.json")
    whole = path.read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError):
            ScoreBook.load(path)
    path.write_bytes(whole.replace(b'"terrain"', b'"\xff\xff"'))
    with pytest.raises(DataError):
        ScoreBook.load(path)
    path.write_bytes(whole.replace(b'"models"', b'"model"'))
    with pytest.raises(DataError):
        ScoreBook.load(path)


def test_absent_file_is_told(tmp_path):
    with pytest.raises(MissingFileError, match="reading score book"):
        ScoreBook.load(tmp_path / "none.json")


def test_probabilistic_book_has_reliability_beside_the_baselines():
    book = empty(probabilistic=True)
    for index in range(8):
        truth = truth_of(index)
        made = predictions(index)
        members = made["mode_h"] + np.random.default_rng(index).gamma(1, 0.02, (4, *truth.shape))
        put(book, index, {**made, "mode_h": Forecast(members.mean(axis=0), members=members)})
    found = book.summary(draws=100)
    scores = found["regimes"]["all"]["scores"]
    assert scores["mode_h"]["crps"]["value"] < scores["hybrid"]["crps"]["value"]
    assert scores["hybrid"]["crps"]["value"] == pytest.approx(scores["hybrid"]["mae"]["value"])
    assert scores["hybrid"]["coverage_90"]["value"] is None
    tables = found["regimes"]["all"]["reliability"]
    assert set(tables) == set(found["models"])
    table = tables["mode_h"]["0.3"]
    assert sum(table["count"]) == scores["mode_h"]["crps"]["count"]
    assert len({len(column) for column in table.values()}) == 1


def test_regime_order_is_flat_mixed_steep_then_others():
    book = empty()
    for index, regime in enumerate(("steep", "urban", "mixed", "flat")):
        put(book, index, regime=regime)
    found = book.summary(draws=20, metrics=[])
    assert list(found["regimes"]) == ["all", "flat", "mixed", "steep", "urban"]


def test_lazy_names_of_the_package():
    from inundate import score

    assert all(getattr(score, name) for name in score.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = score.nothing
