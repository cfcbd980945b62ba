"""Trained runs are asked within the range that they were trained in."""

import numpy as np
import pytest

from inundate.emulate.probes.suite import run_probes, world_for
from inundate.emulate.probes.trained import run_predictor


@pytest.mark.parametrize("name", ["mode_h", "temporal_cnn"])
def test_a_run_is_asked_what_it_was_trained_for(name, trained):
    run, _ = trained[name]
    subject = run_predictor(run.path)
    assert subject.interval_s == (300.0, 300.0)
    assert subject.cell_size_m == (10.0, 10.0)
    assert subject.settings.edges == "closed"
    world = world_for(subject)
    assert world.rain_mm == subject.rain_mm
    report = run_probes(
        subject, probes=["no-rain", "finite", "datum", "seams", "frames", "cells-area"],
        world=type(world)(**{**vars(world), "shape": (32, 48), "frames": 6}), progress=False,
    )  # fmt: skip
    found = {result.name: result for result in report.results}
    assert found["finite"].passed is True
    assert found["datum"].passed is True
    assert found["seams"].passed is True
    assert np.isfinite(found["no-rain"].value)
    assert found["frames"].passed is None
    assert found["cells-area"].passed is None
