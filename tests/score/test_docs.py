"""The page on scores lists every score and baseline as the code has them."""

import re

import pytest

from inundate.score.baseline import BASELINES
from inundate.score.table import metrics_of


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "scores.md").read_text(encoding="utf-8")


def row(metric):
    best = f"target {metric.target:g}" if metric.best == "target" else metric.best
    return f"| `{metric.name}` | {metric.unit} | {best} | {metric.meaning} |"


def test_table_of_scores_is_that_of_the_code(page):
    table = re.search(r"<!-- metrics.*?-->(.*?)<!-- end -->", page, flags=re.DOTALL)
    rows = [line for line in table[1].strip().splitlines() if line.startswith("| `")]
    assert rows == [row(metric) for metric in metrics_of((0.3,), probabilistic=True)]


def test_every_baseline_is_listed(page):
    listed = re.findall(r"^\| `(\w+)` \|", page.partition("## Baselines")[2], flags=re.MULTILINE)
    assert listed == list(BASELINES)
