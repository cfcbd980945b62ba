"""The page on emulators names every input, every model and every part of the loss."""

import re

import pytest

from inundate.emulate.inputs import RAIN_WINDOW, SOIL_CHANNELS, STATE_CHANNELS, TERRAIN_CHANNELS
from inundate.emulate.loss import LossSettings
from inundate.emulate.settings import SETTINGS_OF, EmulatorSettings


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "emulator.md").read_text(encoding="utf-8")


def rows(page, heading):
    """Names in the first column of the table under a heading, in order."""
    table = page.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return [
        name
        for line in table.splitlines()
        for name in re.findall(r"`(\w+)`", line.lstrip("| ").split("|")[0])
    ]


def test_every_input_is_in_its_table(page):
    assert rows(page, "terrain input") == [*TERRAIN_CHANNELS, *SOIL_CHANNELS]
    assert rows(page, "state input") == list(STATE_CHANNELS)
    assert f"the rain of {RAIN_WINDOW} frames" in page


def test_every_model_is_in_the_table_of_the_zoo(page):
    assert set(rows(page, "model")) == set(SETTINGS_OF)


def test_every_part_of_the_loss_is_named(page):
    settings = {"dry_weight", "extent_width_m", "thresholds_m"}
    assert set(rows(page, "part")) == set(LossSettings.model_fields) - settings


def test_the_bound_of_a_shift_is_the_default(page):
    assert f"at most {EmulatorSettings().shift_m:g} m up or down" in page
