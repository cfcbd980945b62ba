"""The table in words: failures first, aligned, with split and baselines."""

import numpy as np
import pytest

from inundate.score import ScoreBook
from inundate.score.render import render


def book(*, better, blocks=4, advantages=None):
    made = ScoreBook(
        reference="mode_h",
        baselines=("hybrid", "persistence_30min"),
        split={"name": "test", "unseen": "terrain and storm"},
        advantages=advantages,
    )
    for index in range(blocks):
        rng = np.random.default_rng(index)
        truth = rng.gamma(0.5, 0.4, (3, 9, 9))
        off = rng.normal(0, 0.1, truth.shape)
        near, far = np.maximum(truth + 0.1 * off, 0), np.maximum(truth + off, 0)
        made.add(
            f"s{index}",
            terrain="t",
            block=f"b{index}",
            storm="one",
            regime="flat",
            observed=truth,
            predicted={
                "mode_h": near if better else far,
                "hybrid": far if better else near,
                "persistence_30min": far * 1.5,
            },
            interval_s=600,
        )
    return made


def text_of(made):
    return made.text(made.summary(draws=100, metrics=["far_0.3", "nse"]))


def test_win_is_told_with_what_was_beaten():
    lines = text_of(book(better=True)).splitlines()
    assert lines[0] == "Scores of mode_h; split: name test, unseen terrain and storm"
    assert lines[2] == "BETTER than hybrid, persistence_30min"
    assert lines[3] == "on rmse wet, csi 0.05 m, csi 0.30 m, in every regime"


def test_failures_come_first():
    lines = text_of(book(better=False)).splitlines()
    assert lines[2] == "NOT BETTER than every baseline:"
    assert lines[3].startswith("  all: rmse wet against hybrid: +0.")
    table = next(i for i, line in enumerate(lines) if line.startswith("all: 4 samples"))
    assert table > 3


def test_a_rival_told_the_truth_is_named_where_it_is_not_beaten():
    told = {"persistence_30min": "told the true depth 30 min earlier"}
    made = book(better=True, advantages=told)
    summary = made.summary(draws=100, against=["hybrid"])
    assert "not judged" not in made.text(summary)
    summary["regimes"]["flat"]["difference"]["persistence_30min"]["csi_0.3"]["better"] = False
    lines = made.text(summary).splitlines()
    assert lines[2] == "BETTER than hybrid"
    assert lines[4] == (
        "not judged: persistence_30min, told the true depth 30 min earlier, is NOT beaten on "
        "flat csi 0.30 m"
    )


def test_table_is_aligned_and_marks_what_is_beaten():
    lines = text_of(book(better=True)).splitlines()
    start = lines.index("flat: 4 samples, 1 terrain, 4 blocks, 1 storm")
    head, *rows = lines[start + 1 : start + 5]
    assert head.split()[:3] == ["rmse", "wet,", "m"]
    assert [row.split()[0] for row in rows] == ["mode_h", "hybrid", "persistence_30min"]
    at = head.index("csi 0.05 m")
    assert all(row[at - 1] == " " and row[at].isdigit() for row in rows)
    assert "*" not in rows[0]
    assert "] *" in rows[1]


def test_legend_tells_interval_and_advantages():
    told = {"persistence_30min": "told the true depth 30 min earlier", "absent": "told all"}
    text = book(better=True, advantages=told).text()
    assert "[low, high]: 95% bootstrap interval, 2000 draws of block" in text
    assert text.endswith("persistence_30min is told the true depth 30 min earlier.")
    assert "absent" not in text


def test_no_interval_and_undefined_are_told():
    summary = book(better=True, blocks=2).summary(draws=20)
    text = render(summary, columns=["csi_1", "peak_csi_1", "nse", "nonsense"])
    assert "no intervals: 2 independent cluster(s), at least 3 needed" in text
    summary["regimes"]["all"]["scores"]["mode_h"]["nse"]["value"] = None
    assert "undefined" in render(summary, columns=["nse"])


@pytest.mark.parametrize("columns", [None, ["rmse_wet"]])
def test_every_row_has_every_column(columns):
    summary = book(better=True).summary(draws=50)
    text = render(summary, columns=columns)
    assert text.count("csi 0.30 m") == (1 + 2 if columns is None else 1)
