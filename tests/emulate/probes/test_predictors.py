"""A predictor is named: solver, hybrid, a function in a module or a file."""

import sys

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.emulate.probes.cases import World, make_case
from inundate.emulate.probes.predictors import hybrid_predictor, named_predictor, solver_predictor

MINE = """
import numpy as np
from inundate.emulate.probes.trial import Subject

def dry(ground):
    return np.zeros(ground.shape, np.float32)

def crash(ground):
    return 1 / 0

limited = Subject("limited", dry, interval_s=(60.0, 60.0))
number = 3
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine_of_probes.py"
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ground():
    return make_case("urban", "burst", World(shape=(16, 24), frames=6)).ground


def test_the_built_in_ones(ground):
    assert named_predictor("solver") is solver_predictor
    assert named_predictor("hybrid").name == "hybrid x4"
    coarse = named_predictor("hybrid:8")
    assert coarse.name == "hybrid x8"
    assert coarse(ground).shape == ground.shape
    assert not np.allclose(coarse(ground), named_predictor("hybrid:2")(ground))
    with pytest.raises(ConfigError, match="factor 1, expected 2 or more"):
        hybrid_predictor(1)


def test_the_solver_is_asked_once_and_its_answer_is_safe(ground):
    first = solver_predictor(ground)
    assert solver_predictor(ground.under(ground.rain_rate.copy())) is first
    with pytest.raises(ValueError, match="read-only"):
        first += 1


def test_a_function_in_a_file(mine, ground):
    found = named_predictor(f"{mine}:dry")
    assert found.name == f"{mine}:dry"
    assert (found(ground) == 0).all()
    assert named_predictor(f"{mine}:limited").interval_s == (60.0, 60.0)
    with pytest.raises(DataError, match=r"py:crash: it raised ZeroDivisionError"):
        named_predictor(f"{mine}:crash")(ground)


def test_a_function_in_a_module(mine, ground, monkeypatch):
    monkeypatch.syspath_prepend(str(mine.parent))
    monkeypatch.delitem(sys.modules, mine.stem, raising=False)
    assert (named_predictor(f"{mine.stem}:dry")(ground) == 0).all()


def test_what_is_not_there_is_named(mine):
    with pytest.raises(ConfigError, match="'number' is a int in .*expected a function"):
        named_predictor(f"{mine}:number")
    with pytest.raises(ConfigError, match="'dri' is nothing in") as error:
        named_predictor(f"{mine}:dri")
    assert error.value.hint == f"did you mean {mine}:dry?"
    with pytest.raises(MissingFileError, match="no Python file .*none.py"):
        named_predictor(f"{mine.parent}/none.py:dry")
    with pytest.raises(MissingFileError, match="no module 'no_such.module' can be imported"):
        named_predictor("no_such.module:dry")
    with pytest.raises(MissingFileError, match="'hybird' is no run folder; expected one") as error:
        named_predictor("hybird")
    assert error.value.hint == "did you mean 'hybrid'?"


def test_a_module_that_lacks_one_of_its_own_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "lacks_one.py").write_text("import no_such_thing_at_all\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_thing_at_all"):
        named_predictor("lacks_one:dry")


def test_weights_that_ship_are_probed_by_name():
    assert named_predictor("mode_h").name == "mode_h"
    with pytest.raises(MissingFileError, match="expected one, mode_h, solver, hybrid") as caught:
        named_predictor("mode_g")
    assert caught.value.hint == "did you mean 'mode_h'?"
