"""The page on probes names every probe and every bound with its default."""

import re

import pytest

from inundate.emulate.probes.bounds import Bounds
from inundate.emulate.probes.suite import PROBES, run_probes


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "probes.md").read_text(encoding="utf-8")


def test_every_probe_and_bound_is_in_the_table(page):
    rows = page.split("| probe |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    assert [re.findall(r"`([\w-]+)`", row)[0] for row in rows] == list(PROBES)
    named = dict(re.findall(r"`(\w+_\w+)` ([\d.e-]+)", "\n".join(rows)))
    assert {name: float(value) for name, value in named.items()} == Bounds().model_dump()


def test_every_bound_has_its_reason():
    for name, field in Bounds.model_fields.items():
        assert ": " in field.description, name


def test_the_predictor_of_the_page_is_what_the_page_says(page, world, cases):
    source = page.split("# mine.py", 1)[1].split("```", 1)[0]
    space = {}
    exec(source, space)
    report = run_probes(space["bathtub"], world=world, cases=cases, progress=False)
    assert [result.name for result in report.failures] == ["terrain-matters"]
