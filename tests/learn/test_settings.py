"""Settings that never end are refused; those of a run may not change."""

from __future__ import annotations

import pytest

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError
from inundate.learn.settings import CHANGEABLE, TrainSettings, WatchSettings, differences


def test_training_without_end_is_refused():
    with pytest.raises(ConfigError, match="training would never end"):
        resolve_settings(TrainSettings, flags={"epochs": 0})


def test_typo_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'learning_rate'"):
        resolve_settings(TrainSettings, flags={"learning_rat": 1.0})


def test_every_setting_is_described():
    for cls in (TrainSettings, WatchSettings):
        assert all(field.description for field in cls.model_fields.values())


def test_changeable_settings_exist():
    assert set(TrainSettings.model_fields) > CHANGEABLE


def test_differences_look_into_tables():
    saved = {"train": {"seed": 0, "threads": 1}, "model": {"widths": [1, 2]}, "old": 1}
    now = {"train": {"seed": 1, "threads": 2}, "model": {"widths": (1, 2), "new": "a"}}
    assert differences(saved, now) == [
        "model.new: the run has None, now 'a'",
        "old: the run has 1, now None",
        "train.seed: the run has 0, now 1",
    ]


def test_none_and_absent_are_the_same():
    assert differences({"a": 1}, {"a": 1.0, "b": None}) == []
