"""What ``inundate doctor --ladder`` prints."""

import json

import pytest

from inundate.cli.app import main
from inundate.cli.doctor_ladder import show_ladder
from inundate.core.errors import ConfigError, RunError
from inundate.prove import ladder, train_task


@pytest.fixture
def short(monkeypatch):
    """Twenty steps a task, which no line is met with."""

    def run(one, **settings):
        return train_task.run_task(one, **{**settings, "steps": 20})

    monkeypatch.setattr(ladder, "run_task", run)


@pytest.mark.usefixtures("short")
def test_json_and_pictures(tmp_path, capsys):
    show_ladder(tasks=["overfit"], pictures=tmp_path / "png", json=True)
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["tasks"][0]["name"] == "overfit"
    assert found["tasks"][0]["steps"] == 20
    assert found["pictures"] == [str(tmp_path / "png" / "overfit-inputs-targets-outputs.png")]
    assert (tmp_path / "png" / "overfit-inputs-targets-outputs.png").is_file()
    assert shown.err.startswith("overfit: NOT as expected")


@pytest.mark.usefixtures("short")
def test_strict_fails_after_the_table(capsys):
    with pytest.raises(RunError) as raised:
        show_ladder(tasks=["overfit"], strict=True)
    assert str(raised.value) == "ladder: 1 of 1 tasks did not end as expected: overfit"
    assert "0 of 1 as expected" in capsys.readouterr().out


def test_unknown_task():
    with pytest.raises(ConfigError, match="no task 'overfitt'; did you mean 'overfit'"):
        show_ladder(tasks=["overfitt"])


@pytest.mark.usefixtures("short")
def test_the_flag_runs_the_ladder(capsys):
    assert main(["doctor", "--ladder", "--task", "overfit", "--task", "delay", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["tasks"]] == ["overfit", "delay"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--ladder", "runs/first"], "a subject cannot be used, since --ladder runs models"),
        (["runs/first", "--digits", "x"], "--digits cannot be used"),
        ([], "nothing to examine"),
    ],
)
def test_flags_that_do_not_belong_together(words, says, capsys):
    assert main(["doctor", *words]) == 2
    assert says in capsys.readouterr().err
