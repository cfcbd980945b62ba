"""The ladder's table and record."""

import json

import pytest

from inundate.core.errors import ConfigError
from inundate.prove.digits import load_digits
from inundate.prove.ladder import TASKS, make_tasks, run_ladder


@pytest.fixture(scope="module")
def ladder():
    return run_ladder(names=["overfit", "delay", "shuffled-labels"], steps=30, size="quick")


def test_names_are_those_of_the_tasks():
    tasks = make_tasks(load_digits())
    assert [task.name for task in tasks] == list(TASKS)
    assert [task.name for task in tasks if task.fails] == ["original"]
    assert all(task.lines and task.meaning and task.title for task in tasks)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ConfigError) as raised:
        run_ladder(names=["easy-randon"])
    assert str(raised.value) == "ladder: no task 'easy-randon'; did you mean 'easy-random'?"


def test_what_is_heard_is_what_is_returned():
    heard = []
    ladder = run_ladder(names=["overfit"], steps=3, heard=lambda *pair: heard.append(pair))
    assert heard == [(ladder.tasks[0], ladder.results[0])]


def test_thirty_steps_are_too_few_and_the_table_says_what_that_means(ladder):
    table = ladder.table()
    assert not ladder.passed
    delay = next(line for line in table.splitlines() if line.startswith("delay "))
    assert "FAILED" in delay
    assert ">= 0.95" in delay
    assert "delay failed: the model does not remember that far" in table
    shuffled = next(line for line in table.splitlines() if line.startswith("shuffled-labels"))
    assert "passed" in shuffled
    assert "no skill" in shuffled


def test_the_record_holds_the_table_and_is_json(ladder):
    found = json.loads(json.dumps(ladder.record(), allow_nan=False))
    assert found["passed"] is False
    assert [task["name"] for task in found["tasks"]] == ["overfit", "delay", "shuffled-labels"]
    delay = found["tasks"][1]
    assert delay["steps"] == 30
    assert delay["lines"][0]["least"] == 0.95
    assert delay["lines"][0]["low"] <= delay["lines"][0]["value"] <= delay["lines"][0]["high"]
    assert f"{delay['lines'][0]['value']:.3f}" in ladder.table()
    assert found["tasks"][2]["lines"][0]["least"] is None
