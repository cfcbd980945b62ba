"""The page of results: what is not met comes first, and every figure has its baseline."""

import json

import pytest

from inundate.cli.results import results_page
from inundate.core.errors import DataError


def figure(name, *, met, **changes):
    return {
        "id": name,
        "value": 0.1234,
        "low": 0.1,
        "high": 0.15,
        "unit": "m",
        "goal": "better than 6 baselines",
        "met": met,
        "beats_all": met,
        "baseline": {"name": "hybrid", "value": 0.2},
        "samples": 18,
        "blocks": 9,
        "split": "test: unseen storm and terrain block, hash abc123",
    } | changes


@pytest.fixture
def results(tmp_path):
    def write(figures, name="chain", **changes):
        found = {
            "name": "chain",
            "command": "inundate benchmark chain",
            "version": "0.1.0",
            "commit": "0123abc",
            "machine": "2 cores, x86_64, Linux",
            "date": "2026-11-23",
            "quick": False,
            "figures": figures,
        } | changes
        (tmp_path / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
        return results_page(tmp_path)

    return write


def test_table_of_a_run_and_its_origin(results):
    page = results([figure("mode_h-flat-rmse_wet", met=True)])
    row = "| flat | `rmse_wet` (m) | 0.123 [0.100, 0.150] | `hybrid` 0.200 | yes | yes | 18 / 9 |"
    assert row in page.splitlines()
    assert "### `mode_h`\n" in page
    assert "commit `0123abc`, on 2 cores, x86_64, Linux." in page
    assert "`inundate benchmark chain`, 2026-11-23" in page
    assert "Split: test: unseen storm and terrain block, hash abc123." in page
    assert "All 1 goals are met." in page
    assert "`persistence_30min`" in page


def test_goals_that_are_not_met_come_before_every_table(results):
    page = results(
        [
            figure("mode_h-flat-nse", met=True),
            figure("temporal_cnn_vae-steep-csi_0.05", met=False, unit="1"),
        ]
    )
    missed = (
        "- `temporal_cnn_vae`, steep, `csi_0.05`: 0.123 [0.100, 0.150], "
        "goal: better than 6 baselines; the best is `hybrid`, 0.200"
    )
    assert "**1 of 2 goals are NOT met:**" in page
    assert page.index(missed) < page.index("### `mode_h`")
    assert "| `csi_0.05` | 0.123 [0.100, 0.150] | `hybrid` 0.200 | **no** | **no** |" in page


def test_value_without_an_interval_and_undefined_value(results):
    page = results(
        [
            figure("mode_h-all-nse", met=False, low=None, high=None),
            figure("mode_h-all-csi_0.3", met=False, value=None, low=None, high=None),
        ]
    )
    assert "| `nse` (m) | 0.123 | " in page
    assert "| `csi_0.3` (m) | undefined | " in page


def test_page_without_results(tmp_path):
    assert "There are no results yet." in results_page(tmp_path)
    assert results_page(tmp_path / "absent") == results_page(tmp_path)


def test_quick_version_is_no_result(results):
    page = results([figure("mode_h-flat-nse", met=True)], name="chain-quick", quick=True)
    assert "There are no results yet." in page


def test_damaged_result(tmp_path):
    path = tmp_path / "chain.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="found no JSON"):
        results_page(tmp_path)
    path.write_text('{"name": "chain", "figures": []}', encoding="utf-8")
    with pytest.raises(DataError, match="found no command, commit, machine, date, expected"):
        results_page(tmp_path)


def test_goal_that_asks_for_less_does_not_hide_a_better_baseline(results):
    lesser = {"goal": "better than all_dry", "beats_all": False}
    page = results([figure("temporal_cnn-flat-nse", met=True, unit="1", **lesser)])
    assert "`hybrid` 0.200 | **no** | yes |" in page
    page = results([figure("temporal_cnn-flat-nse", met=True, beats_all=None)])
    assert "| not stated | yes |" in page
