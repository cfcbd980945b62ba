import pytest

from inundate.dataset.samples import Samples
from inundate.emulate.train import train_emulator
from inundate.emulate.uncertain.fit import fit_spread

from .small_world import MODE_H, SPREAD, TRAINING, VAE, build


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Path of the small world; nobody writes into it."""
    return build(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def ensembles(world):
    return Samples(world)


@pytest.fixture(scope="session")
def runs(world, tmp_path_factory):
    """Mode H after ten steps, and from it a latent grid after eight: runs by model."""
    folder = tmp_path_factory.mktemp("runs")
    mode_h, _ = train_emulator(
        world, folder / "mode_h", settings=MODE_H, training=TRAINING, progress=False
    )
    vae, _ = train_emulator(
        world, folder / "vae", settings=VAE, init=mode_h.path, progress=False,
        training=TRAINING.model_copy(update={"max_steps": 8}),
    )  # fmt: skip
    return {"mode_h": mode_h, "mode_h_vae": vae}


@pytest.fixture(scope="session")
def calibrated(runs):
    """The latent run, with all three ways fitted: (Run, Calibration)."""
    found = fit_spread(runs["mode_h_vae"].path, settings=SPREAD, progress=False)
    return runs["mode_h_vae"], found
