"""The documentation's table is that of the ladder that was run."""

import json

import pytest

from inundate.prove.ladder import TASKS
from inundate.prove.ladder_page import ladder_markdown


def task(**changes):
    line = {"score": "skill", "value": 0.9, "low": 0.8, "high": 0.95, "least": 0.7, "baseline": 0.0}
    return {
        "name": "edge",
        "passed": True,
        "control": False,
        "stopped": "",
        "parameters": 12345,
        "cpu_seconds": 7.4,
        "lines": [line],
    } | changes


def record(*tasks):
    return {"digits": "some", "seed": 0, "cpu_seconds": 9.0, "tasks": tasks}


def rows(*tasks):
    return ladder_markdown(record(*tasks)).splitlines()[4:]


def test_a_row_for_each_line():
    second = {"score": "elbo", "value": -99.0, "low": None, "high": None, "least": None,
              "baseline": -206.0}  # fmt: skip
    assert rows(task(lines=[task()["lines"][0], second])) == [
        "| `edge` | skill | 0.900 | 0.800 to 0.950 | >= 0.7 | 0.000 | 12,345 | 7 |",
        "|  | elbo | -99.0 | none to none | no skill | -206.0 |  |  |",
    ]


def test_what_is_not_as_expected_says_so():
    assert rows(task(passed=False))[0].startswith("| `edge` **not as expected** |")
    assert rows(task(control=True))[0].startswith("| `edge`, fails as it must |")
    broken = task(passed=False, stopped="nan-loss", lines=[])
    assert "stopped: nan-loss" in rows(broken)[0]
    assert "0 of 1 as expected" in ladder_markdown(record(broken))


@pytest.mark.parametrize(("name", "mark"), [("small", "8 x 8"), ("mnist", "MNIST")])
def test_the_tables_of_the_page_are_fresh(repository, name, mark):
    found = json.loads((repository / "bench" / "ladder" / f"{name}.json").read_text("utf-8"))
    page = (repository / "docs" / "proving-ground.md").read_text("utf-8")
    start, end = f"<!-- ladder on {mark} -->\n", f"<!-- end of ladder on {mark} -->"
    assert page.split(start)[1].split(end)[0].strip() == ladder_markdown(found)
    assert [task["name"] for task in found["tasks"]] == list(TASKS)
