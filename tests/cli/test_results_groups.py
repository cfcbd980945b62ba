"""The page of a benchmark whose figures stand in groups, such as that of the solver."""

import json

from inundate.cli.results import results_page, value_text
from inundate.cli.solver_bench.figures import figure


def page(tmp_path, figures, tables=()):
    found = {
        "name": "solver",
        "command": "inundate benchmark solver",
        "commit": "0123abc",
        "machine": "2 cores, x86_64, Linux",
        "date": "2026-11-23",
        "quick": False,
        "packages": {"numba": "0.68.1"},
        "figures": figures,
        "tables": list(tables),
    }
    (tmp_path / "solver.json").write_text(json.dumps(found), encoding="utf-8")
    return results_page(tmp_path)


def test_figures_stand_below_their_group_with_their_notes(tmp_path):
    fast = figure("fast", "Speed", 23_705.2, "M/s", ">= 400", low=23_000.0, high=24_000.0)
    small = figure("small", "Accuracy", 1.5e-7, "1", "<= 5e-6", note="how it was measured")
    text = page(tmp_path, [fast, small])
    assert "| `fast` | 23,705 [23,000, 24,000] | M/s | >= 400 | yes |  |" in text.splitlines()
    assert "| `small` | 1.5e-07 |  | <= 5e-6 | yes |  |" in text.splitlines()
    assert text.index("### Speed") < text.index("`fast`") < text.index("### Accuracy")
    assert "- `small`: how it was measured." in text.splitlines()
    assert "All 2 goals are met." in text
    assert "With numba 0.68.1." in text
    assert "95 % bootstrap" not in text  # that is how models are scored


def test_what_is_not_met_or_not_measured_comes_first(tmp_path):
    rows = [
        figure("slow", "Speed", 3.0, "M/s", ">= 400"),
        figure("absent", "GPU", None, "G/s", ">= 40", note="no CUDA device"),
        figure("told", "GPU", 7.0, "s", ""),
    ]
    text = page(tmp_path, rows)
    assert "**2 of 2 goals are NOT met:**" in text
    assert "- `slow`: 3, goal: >= 400" in text.splitlines()
    assert "- `absent`: not measured, goal: >= 40: no CUDA device" in text.splitlines()
    assert "| `absent` | not measured | G/s | >= 40 | **no** |  |" in text.splitlines()
    assert text.index("NOT met") < text.index("### Speed")
    assert "| `told` | 7 | s |  |  |  |" in text.splitlines()  # told, neither met nor missed


def test_tables_follow_the_figures(tmp_path):
    table = {
        "title": "Agreement on town",
        "note": "No row is the truth.",
        "columns": ["solver", "a"],
        "rows": [["b", "0.9"]],
    }
    text = page(tmp_path, [figure("told", "Speed", 7.0, "s", "")], [table])
    assert text.endswith(
        "### Agreement on town\n\nNo row is the truth.\n\n| solver | a |\n| --- | --- |\n"
        "| b | 0.9 |\n"
    )


def test_baseline_is_named(tmp_path):
    row = figure("ratio", "Peers", 30.0, "ratio", ">= 25", baseline=("landlab 2.11.0", 1.0))
    assert "| yes | landlab 2.11.0 |" in page(tmp_path, [row])


def test_value_on_one_line():
    assert value_text(figure("a", "Speed", 0.99876, "1", "")) == "0.9988"
    assert value_text(figure("a", "Speed", None, "1", "")) == "not measured"
    row = figure("a", "Speed", 2.0, "1", "", low=1.5, high=2.5)
    assert value_text(row) == "2 [1.5, 2.5]"
