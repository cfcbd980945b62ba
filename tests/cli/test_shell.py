"""What commands print: one JSON object, or text for people."""

import json

import numpy as np
import pytest

from inundate.cli.shell import emit

RESULT = {
    "path": "a",
    "peak": np.float32(1.5),
    "missing": float("nan"),
    "infinite": np.float64(np.inf),
    "sizes": (1, 2),
    "array": np.array([1.0, np.nan]),
    "nested": {"a": [np.int64(3), {4: float("-inf")}]},
    "when": np.datetime64("2007-06-25T00:05"),
}


def test_json_is_one_object_that_every_parser_reads(capsys):
    emit(RESULT, json=True, text="not shown")
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out, parse_constant=pytest.fail) == {
        "path": "a",
        "peak": 1.5,
        "missing": None,
        "infinite": None,
        "sizes": [1, 2],
        "array": [1.0, None],
        "nested": {"a": [3, {"4": None}]},
        "when": "2007-06-25 00:05:00",
    }


def test_text_is_made_only_when_it_is_shown(capsys):
    emit({}, json=True, text=lambda: pytest.fail("made in vain"))
    assert capsys.readouterr().out == "{}\n"
    emit({}, text=lambda: "a table")
    emit({}, text="a line")
    assert capsys.readouterr().out == "a table\na line\n"
