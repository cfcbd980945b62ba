"""The journal of a study: what a kill can leave of it, and what is drawn after it."""

import json
import logging

import pytest

from inundate.core.errors import DataError
from inundate.emulate.tune.journal import JOURNAL, Journal, mend_journal

from .small_study import SETUP, SPACE, STUDY


def journal(folder, **changes):
    return Journal(folder, STUDY.model_copy(update=changes), SETUP, SPACE)


def fill(folder, values, **changes):
    """Trials with some values, the last one left open if it is None; give what was drawn."""
    drawn = []
    for value in values:
        found = journal(folder, **changes)  # opened anew for each, as after a kill
        trial = found.next()
        drawn.append(dict(trial.params))
        if value is not None:
            found.tell(trial, "complete", value, {"wall_s": 2.0, "ended": "complete"})
    return drawn


VALUES = (0.5, 0.4, 0.6, 0.3, 0.2)


def test_the_first_is_the_default_and_others_depend_on_seed_and_number(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    drawn = fill(tmp_path / "a", VALUES)
    assert drawn[0] == {name: SETUP.value(name) for name in SPACE}
    assert len({str(values) for values in drawn}) == len(VALUES)
    found = journal(tmp_path / "b")
    again = []
    for value in VALUES:  # in one go
        trial = found.next()
        again.append(dict(trial.params))
        found.tell(trial, "complete", value, {"ended": "complete"})
    assert again == drawn
    other = fill(tmp_path / "c", VALUES, seed=1)
    assert other[0] == drawn[0]
    assert other[1] != drawn[1]


def test_an_open_trial_comes_again_with_its_values(tmp_path):
    drawn = fill(tmp_path, (0.5, None))
    found = journal(tmp_path)
    assert found.is_open
    trial = found.next()
    assert (trial.number, trial.params) == (1, drawn[1])
    found.tell(trial, "pruned", None, {"ended": "pruned"})
    assert not found.is_open
    assert [t.number for t in found.finished] == [0, 1]


def test_a_torn_line_and_a_stale_lock_are_cleared(tmp_path):
    drawn = fill(tmp_path, (0.5, 0.4, None))
    file = tmp_path / JOURNAL
    text = file.read_text()
    whole = text.splitlines(keepends=True)
    (tmp_path / f"{JOURNAL}.lock").touch()
    file.write_text("".join(whole[:-1]) + whole[-1][: len(whole[-1]) // 2])
    assert fill(tmp_path, (0.3,)) == [drawn[2]]
    assert not list(tmp_path.glob(f"{JOURNAL}.lock*"))
    assert all(json.loads(line) for line in file.read_text().splitlines())


@pytest.mark.parametrize(
    ("line", "message"), [("{not json", "line 2 is not JSON"), ("[1]", "line 2 is not an event")]
)
def test_an_altered_line_is_refused(tmp_path, line, message):
    fill(tmp_path, (0.5,))
    file = tmp_path / JOURNAL
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")
    with pytest.raises(DataError, match=message):
        mend_journal(file)


def test_a_trial_behind_the_median_is_given_up(tmp_path):
    found = journal(tmp_path, prune_after=2, prune_warmup=1)
    for values in ((0.5, 0.4), (0.7, 0.6)):
        trial = found.next()
        assert not any(found.report(trial, n, value) for n, value in enumerate(values))
        found.tell(trial, "complete", values[-1], {"ended": "complete"})
    trial = found.next()
    assert not found.report(trial, 0, 0.9)  # every trial is granted one
    assert found.report(trial, 1, 0.51)  # the median of 0.4 and 0.6 is 0.5
    assert found.report(trial, 1, 0.3)  # resumed: said before, so it stands
    found.tell(trial, "pruned", None, {"ended": "pruned"})
    trial = found.next()
    found.report(trial, 0, 0.9)
    assert not found.report(trial, 1, 0.49)


def test_nobody_is_given_up_without_pruning(tmp_path):
    found = journal(tmp_path, prune=False)
    for value in (0.1, 0.2, 0.3, float("nan")):
        trial = found.next()
        assert not found.report(trial, 0, value)
        assert not found.report(trial, 1, value)
        found.tell(trial, "complete", 0.5, {"ended": "complete"})


def test_best_time_and_twins(tmp_path):
    assert journal(tmp_path).best is None
    fill(tmp_path, (0.5, 0.4, 0.4))
    found = journal(tmp_path)
    assert found.best.number == 1  # the earlier of two
    assert found.seconds == 6.0
    assert found.twin(found.all[2]).number == 2
    assert found.twin(found.next()) is None


def test_optuna_is_silent_and_keeps_its_own_level(tmp_path, capfd):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.INFO)
    fill(tmp_path, (0.5,))
    assert logging.getLogger("optuna").level == logging.INFO
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
