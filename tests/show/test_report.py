"""The report: failures first, every score beside its baselines, every string inert."""

import json

import pytest
from matplotlib.figure import Figure

from inundate.core.errors import DataError, MissingFileError, RunError
from inundate.core.run import Run
from inundate.show.report import write_report
from inundate.show.runs import report_run
from inundate.show.verdict import verdict_html, verdict_lines

from .html_check import check_page
from .mock import make_evaluation, make_metrics

HOSTILE = "<img src=x onerror=alert(1)>\"'</style></script>"


def small_figure():
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, 1])
    return figure


def report(tmp_path, **parts):
    path = write_report(tmp_path / "report.html", overwrite=True, **parts)
    return check_page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    return report(
        tmp_path_factory.mktemp("report"),
        evaluation=make_evaluation(),
        figures={"Peak depth": small_figure()},
        training=make_metrics(),
        provenance={"inundate": "0.1.0", "packages": {"torch": "2.13"}},
        limits=["The storms are synthetic."],
        title="Mode H on Jacksboro",
    )


def test_failure_is_the_first_thing_said(failed):
    shown = [text.strip() for text in failed.visible if text.strip()]
    after = shown[shown.index("Mode H on Jacksboro", 1) + 1 :]
    assert after[0] == "Mode H does NOT beat Untrained hybrid"
    assert after[1].startswith("Mode H does NOT beat Untrained hybrid on RMSE wet (steep: −0.112")


def test_success_names_what_was_asked():
    html = verdict_html(make_evaluation(beaten=True))
    assert "Mode H beats every baseline (Untrained hybrid, All dry" in html
    assert "RMSE wet, CSI 0.05 m, CSI 0.30 m, in every regime" in html
    assert "NOT" not in html


def test_a_rival_told_the_truth_is_named_where_it_is_not_beaten():
    evaluation = make_evaluation(beaten=True)
    evaluation["advantages"] = {"persistence": "told the true depth 30 min earlier"}
    evaluation["verdict"]["against"].remove("persistence")
    assert "NOT" not in verdict_html(evaluation)
    evaluation["regimes"]["flat"]["difference"]["persistence"]["rmse_wet"]["better"] = False
    html = verdict_html(evaluation)
    assert "Mode H beats every baseline" in html
    assert (
        "does NOT beat Persistence, which is told the true depth 30 min earlier and so is not "
        "judged, on RMSE wet (flat: "
    ) in html


def test_failures_told_only_in_words_are_kept():
    evaluation = make_evaluation(beaten=True)
    evaluation["verdict"].update(beats_all=False, fails=["flat: too few samples"])
    assert verdict_lines(evaluation) == ["flat: too few samples"]
    assert "does NOT beat every baseline" in verdict_html(evaluation)


def test_without_a_baseline_nothing_is_beaten():
    evaluation = make_evaluation(beaten=True)
    evaluation["verdict"].update(beats_all=False, fails=[], against=[])
    assert "was compared with no baseline" in verdict_html(evaluation)


def test_missing_interval_and_undefined_scores():
    evaluation = make_evaluation()
    told = evaluation["regimes"]["steep"]["difference"]["hybrid"]
    told["rmse_wet"].update(low=None, high=None)
    told["csi_0.3"].update(value=None)
    line = verdict_lines(evaluation)[0]
    assert "−0.112, no interval" in line
    assert "CSI 0.30 m (steep: undefined)" in line


def test_scores_stand_beside_their_baselines_with_intervals_and_split(failed):
    shown = [text.strip() for text in failed.visible]
    for words in ("Mode H", "Untrained hybrid", "All dry", "Temporal CNN", "RMSE wet (m) ↓",
                  "0.140", "0.110 to 0.170", "NOT better", "Split of the data", "blocks A3, B1",
                  "Steep terrain: 12 samples, 3 terrains, 5 blocks, 4 storms"):  # fmt: skip
        assert words in shown, words


def test_images_are_inside(failed):
    images = [found for tag, found in failed.tags if tag == "img"]
    assert len(images) == 3 + 2 + 1 + 1  # score bars, reliability, figure, training
    assert all(found["alt"] for found in images)


def test_limits_and_origin(failed):
    shown = " ".join(failed.visible)
    assert "The storms are synthetic." in shown
    assert "Truth is the solver's result" in shown
    assert "packages: torch" in shown


def test_every_string_is_inert(tmp_path):
    evaluation = make_evaluation()
    text = json.dumps(evaluation).replace('"hybrid"', json.dumps(HOSTILE))
    text = text.replace('"steep"', json.dumps(HOSTILE + "2"))
    text = text.replace("RMSE wet", HOSTILE.replace('"', '\\"')).replace("A3", "<script>1")
    evaluation = json.loads(text)
    evaluation["verdict"]["fails"] = [HOSTILE]
    evaluation["regimes"]["all"]["note"] = HOSTILE
    evaluation["advantages"] = {HOSTILE: HOSTILE}
    page = report(
        tmp_path, evaluation=evaluation, figures={HOSTILE: small_figure()}, title=HOSTILE,
        provenance={HOSTILE: HOSTILE, "n": {HOSTILE: [HOSTILE]}}, limits=[HOSTILE],
        problems=[HOSTILE], training=[{"step": 1, HOSTILE: 1.0}, {"step": 2, HOSTILE: 2.0}],
    )  # fmt: skip
    assert page.scripts == []
    assert all(found["src"].startswith("data:image/png") for t, found in page.tags if t == "img")
    assert sum(HOSTILE in text for text in page.visible) > 8


def test_problems_come_before_the_verdict(tmp_path):
    page = report(tmp_path, problems=["Training stopped: all dry."])
    shown = " ".join(text.strip() for text in page.visible)
    assert shown.index("Training stopped") < shown.index(
        "Not evaluated: this report shows no score"
    )


def test_what_is_not_an_evaluation_is_refused(tmp_path):
    with pytest.raises(DataError, match="kind 'simulation'"):
        report(tmp_path, evaluation={**make_evaluation(), "kind": "simulation"})
    with pytest.raises(DataError, match=r"without \['regimes'\]"):
        report(tmp_path, evaluation={k: v for k, v in make_evaluation().items() if k != "regimes"})
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(DataError, match="is not a PNG"):
        report(tmp_path, figures={"a": tmp_path / "a.png"})
    with pytest.raises(MissingFileError):
        report(tmp_path, figures={"b": tmp_path / "b.png"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_existing_report_is_kept(tmp_path):
    write_report(tmp_path / "report.html")
    with pytest.raises(RunError, match="exists already"):
        write_report(tmp_path / "report.html")


@pytest.fixture
def run(tmp_path):
    run = Run.create(tmp_path / "run", kind="train", config={"train": {"seed": 1}})
    for record in make_metrics(3):
        if "train" in record:
            run.log_metrics(record)
    run.set_status("finished", step=150, alarms=[])
    return run


def test_report_of_a_run(run):
    (run.path / "evaluation.json").write_text(json.dumps(make_evaluation(regimes={"steep": 1.4})))
    (run.path / "figures").mkdir()
    small_figure().savefig(run.path / "figures" / "peak_depth.png")
    found = report_run(run.path)
    assert found.path == run.path / "report.html"
    assert found.beats_all is False
    assert len(found.fails) == 1
    assert found.figures == ("Peak depth",)
    assert found.problems == ()
    page = check_page(found.path.read_text(encoding="utf-8"))
    assert "settings: train: seed" in page.visible


def test_report_of_a_run_that_was_stopped(run):
    run.set_status("stopped", step=40, alarms=[{"cause": "all_zero", "says": "all dry",
                                                "evidence": "depth 0 everywhere"}])  # fmt: skip
    found = report_run(run.path)
    assert found.beats_all is None
    assert found.problems == (
        "The run is not finished: stopped at step 40.",
        "all dry. depth 0 everywhere",
    )


def test_broken_evaluation_of_a_run(run):
    (run.path / "evaluation.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        report_run(run.path)
    (run.path / "evaluation.json").write_text("[1]")
    with pytest.raises(DataError, match="a list, expected an object"):
        report_run(run.path)
    with pytest.raises(MissingFileError):
        report_run(run.path, evaluation=run.path / "other.json")
    with pytest.raises(MissingFileError):
        report_run(run.path / "nothing")
