"""The page on emulators names every input, every part of the loss, and the bounds."""

import re

import pytest

from inundate.emulate.inputs import RAIN_WINDOW, STATE_CHANNELS, TERRAIN_CHANNELS
from inundate.emulate.loss import LossSettings
from inundate.emulate.settings import EmulatorSettings


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
    assert rows(page, "terrain input") == list(TERRAIN_CHANNELS)
    assert rows(page, "state input") == list(STATE_CHANNELS)
    assert f"the rain of {RAIN_WINDOW} frames" in page


def test_every_part_of_the_loss_is_named(page):
    settings = {"dry_weight", "extent_width_m"}
    assert set(rows(page, "part")) == set(LossSettings.model_fields) - settings


def test_the_bounds_are_the_defaults(page):
    defaults = EmulatorSettings()
    share = f"{100 * defaults.bound_share:.0f} %"
    assert f"at most {defaults.bound_m:g} m or {share} of the hybrid's depth" in page
