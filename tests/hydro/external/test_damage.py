"""Damaged files give one clear error or are read; they never crash or hang."""

import shutil

import numpy as np
import pytest

from inundate.core.errors import InundateError
from inundate.hydro.external.caesar_output import read_catchment_series
from inundate.hydro.external.caesar_write import write_caesar
from inundate.hydro.external.lisflood_output import read_mass
from inundate.hydro.external.lisflood_write import write_lisflood
from inundate.hydro.external.open import open_case, recognise
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.stretches import Boundaries, Stretch

SETTINGS = SimulateSettings(edges="open", evaporation_mm_h=0.1)
TRIALS = 8
BYTES = b"0159-.#: \n\tabEN\x00\xff"


def damaged(content, rng):
    """Cut, change or double a piece."""
    at = int(rng.integers(len(content)))
    length = int(rng.integers(1, 40))
    kind = rng.integers(4)
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + content[at + length :]
    if kind == 2:
        return content[:at] + content[at : at + length] * 2 + content[at + length :]
    noise = bytes(BYTES[i] for i in rng.integers(len(BYTES), size=3))
    return content[:at] + noise + content[at + 3 :]


@pytest.mark.parametrize("model", ["lisflood", "caesar"])
def test_a_damaged_case(model, radar, uniform, terrain, roughness, initial_depth, tmp_path):
    tide = Series(np.array([0.0, 600.0]), np.array([20.0, 21.5]), "hold", "tide")
    site = Site(boundaries=Boundaries((Stretch("sea", "level", "east", (3, 9), level=tide),)))
    if model == "lisflood":
        write_lisflood(
            uniform, terrain, tmp_path / "good", settings=SETTINGS, roughness=roughness,
            initial_depth=initial_depth, site=site,
        )  # fmt: skip
    else:
        write_caesar(radar, terrain, tmp_path / "good", settings=SETTINGS)
    rng = np.random.default_rng(7)
    refused = 0
    names = sorted(p.name for p in (tmp_path / "good").iterdir() if p.is_file())
    for name in names:
        content = (tmp_path / "good" / name).read_bytes()
        shutil.rmtree(tmp_path / "bad", ignore_errors=True)
        shutil.copytree(tmp_path / "good", tmp_path / "bad")
        for _ in range(TRIALS):
            (tmp_path / "bad" / name).write_bytes(damaged(content, rng))
            try:
                recognise(tmp_path / "bad")
                open_case(tmp_path / "bad", crs="EPSG:27700").resolved()
            except InundateError as error:
                refused += 1
                assert str(error)  # noqa: PT017
    assert refused > len(names) * TRIALS / 3


@pytest.mark.parametrize("read", [read_mass, lambda path: read_catchment_series(path, step_s=60)])
def test_a_damaged_table(read, tmp_path):
    rows = "".join(f"{k} " + " ".join(["1.5"] * 13) + "\n" for k in range(1, 20))
    content = rows.encode()
    if read is read_mass:
        content = b"Time Tstep\n" + content
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(60):
        (tmp_path / "a").write_bytes(damaged(content, rng))
        try:
            read(tmp_path / "a")
        except InundateError:
            refused += 1
    assert refused > 10
