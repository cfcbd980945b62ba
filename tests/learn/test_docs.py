"""The page on training says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inundate.learn.alarm import Cause
from inundate.learn.settings import CHANGEABLE, WatchSettings


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "training.md").read_text(encoding="utf-8")


def test_example_runs(page, monkeypatch, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    exec(compile(code, "docs/training.md", "exec"), {"__name__": "example"})
    assert (tmp_path / "run" / "best").is_dir()


def test_every_cause_and_threshold_is_listed(page):
    for cause in Cause:
        assert f"| `{cause.value}` |" in page
    said = dict(re.findall(r"`(\w+)` = ([\d.]+)", page))
    defaults = WatchSettings()
    for name in said.keys() - {"share"}:
        assert float(said[name]) == getattr(defaults, name), name
    silent = {"every_steps", "batches", "grace_steps", "patience", "stop"}
    assert set(WatchSettings.model_fields) - silent <= said.keys()


def test_changeable_settings_are_listed(page):
    for name in CHANGEABLE:
        assert f"`{name}`" in page
