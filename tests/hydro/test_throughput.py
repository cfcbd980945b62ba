import pytest

from inundate.hydro import throughput
from inundate.hydro.throughput import measure_rate


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_rate_is_of_this_kernel(precision):
    rate = measure_rate(64, 96, precision=precision, seconds=0.05)
    assert 5 < rate < 10_000  # an interpreted loop does 0.1, a memory bus not 10,000


def test_threads_are_timed_by_the_clock(monkeypatch):
    def refuse():
        raise AssertionError("processor time of all threads is not the time waited")

    monkeypatch.setattr(throughput.time, "process_time", refuse)
    assert measure_rate(64, 64, threads=2, seconds=0.02) > 1


def test_the_ground_is_wet_everywhere_and_the_maps_vary():
    march, rain = throughput._wet_march(30, 40, "float32", 1, 0)
    assert march.state.depth.min() > 0.3
    assert march.ground.roughness.std() > 0.01
    assert rain.std() > 0
    assert rain.dtype == "float32"
