import pytest
import torch

from inundate.hydro.gpu.clock import TorchEngine
from inundate.hydro.gpu.measure import largest_difference, measure_gpu, time_batch

torch.set_num_threads(1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_figures_are_open_without_a_device():
    found = measure_gpu()
    assert len(found) == 4
    assert all(figure.value is None and figure.case == "no CUDA device" for figure in found)
    assert found[0].goal == ">= 40"


def test_a_batch_is_timed():
    timing = time_batch(TorchEngine(), 3, 16, warm_s=5, timed_s=60, device=torch.device("cpu"))
    assert timing.seconds > 0
    assert timing.steps >= 6
    assert timing.updates_a_second == pytest.approx(
        3 * timing.steps * 256 / timing.seconds, rel=0.2
    )


def test_difference_from_the_compiled_kernel():
    assert 0 <= largest_difference(TorchEngine(), small=True) < 1e-4


@pytest.mark.gpu
def test_figures_of_a_device():
    assert all(figure.value for figure in measure_gpu())
