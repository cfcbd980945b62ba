import pytest
import torch

from inundate.dataset.samples import Samples
from inundate.emulate.prepared import prepare_sample
from inundate.emulate.train import train_emulator

from .small_flood import CNN, MODE_H, TRAINING, build, build_seen


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Models this small are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def flood_data(tmp_path_factory):
    """Path of the small data set; nobody writes into it."""
    return build(tmp_path_factory.mktemp("flood"))


@pytest.fixture(scope="session")
def seen_data(tmp_path_factory):
    """Path of a small data set with a training ground under a held-out storm."""
    return build_seen(tmp_path_factory.mktemp("seen"))


@pytest.fixture(scope="session")
def samples(flood_data):
    return Samples(flood_data)


@pytest.fixture(scope="session")
def prepared(samples):
    """The first training sample, with the hybrid of every factor."""
    return prepare_sample(samples.read(samples.part("train")[0]), factors=(2, 4, 8))


@pytest.fixture(scope="session")
def trained(flood_data, tmp_path_factory):
    """A run of each model after 40 steps: (Run, TrainResult) by name."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        settings.model: train_emulator(
            flood_data, folder / settings.model, settings=settings, training=TRAINING,
            progress=False,
        )
        for settings in (MODE_H, CNN)
    }  # fmt: skip
