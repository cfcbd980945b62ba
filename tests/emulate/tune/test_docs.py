"""The page on tuning names what is tried, what is not, and the tolerance of the tests."""

import re

import pytest

from inundate.emulate.tune.settings import MAY_CHANGE, TuneSettings
from inundate.emulate.tune.space import PIECES, default_space

from ..test_ddp import TOLERANCE
from .small_study import SETUP


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "tuning.md").read_text(encoding="utf-8")


def test_default_ranges_are_in_the_table(page):
    table = page.split("| setting | range |", 1)[1].split("\n\n", 1)[0]
    wide = SETUP.with_values({"model.width": 48})
    space = default_space(wide)
    assert set(re.findall(r"\| `([\w.]+)`", table)) == set(space)
    assert space["model.width"].choices == (24, 36, 48, 72)
    assert space["train.batch_size"].choices == (1, 2, 4, 8)
    rate = space["train.learning_rate"]
    assert (rate.low, rate.high) == pytest.approx((1e-5, 1e-3))
    assert (space["loss.metres"].low, space["loss.metres"].high) == (0.25, 4.0)


def test_what_is_said_of_settings_holds(page):
    for name in MAY_CHANGE:
        assert f"`--{name.replace('_', '-')}`" in page
    for name in TuneSettings.model_fields.keys() & {"startup_trials", "prune_after", "repeats"}:
        assert f"`--{name.replace('_', '-')}`" in page
    named = {name for name in PIECES if f"`{name}`" in page}
    assert named == {"model.levels", "model.block", "model.crop_cells", "model.frames"}
    assert TuneSettings().prune_warmup == 1  # "nor before its own second validation"
    assert f"to {TOLERANCE:.0e} of each other".replace("e-0", "e-") in page
