import numpy as np
import pytest
import torch

from inundate.core.errors import StabilityError
from inundate.hydro.gpu.gradient import Looks, record, replay
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings

torch.set_num_threads(1)

SETTINGS = SimulateSettings(precision="float64", edges="closed", edge_east="open")
LOOKS = Looks(
    np.array([3, 6, 7]), np.array([4, 8, 12]), np.array([150.0, 400.0, 600.0]), ((9, 2, 10),)
)


@pytest.fixture
def valley():
    """A valley that falls eastwards, dry at first; two classes of ground."""
    rows, columns = np.mgrid[:12, :16]
    ground = 3.0 - 0.05 * columns + 0.03 * np.abs(rows - 6.2) ** 1.5
    classes = (columns > 8).astype(np.int64)
    return ground, classes


RAIN = [(300.0, np.full((12, 16), 90.0)), (300.0, np.full((12, 16), 20.0))]


def recorded(ground, looks=LOOKS):
    return record(March(ground, 10.0, SETTINGS), RAIN, looks)


def total(seen):
    """Weigh everything that was seen into one number."""
    weights = torch.linspace(1, 2, seen.depth.numel(), dtype=torch.float64).view_as(seen.depth)
    return (weights * seen.depth).sum() + 3 * seen.peak.sum() + 0.5 * seen.discharge.sum()


def test_recording_is_the_flood_of_the_solver(valley):
    ground, _ = valley
    expected = simulate_arrays(
        ground, np.stack([rate for _, rate in RAIN]), rain_step_s=300, cell_size_m=10,
        settings=SETTINGS.model_copy(update={"run_on_min": 0.0}),
    )  # fmt: skip
    recording = recorded(ground)
    with torch.no_grad():
        seen = replay(recording)
    gauges = expected.depth[-1][LOOKS.rows, LOOKS.columns]
    np.testing.assert_allclose(seen.depth[-1], gauges, rtol=1e-2)  # other cuts, other steps
    assert recording.steps == sum(len(i.steps) for i in recording.intervals)
    assert (seen.peak >= seen.depth.amax(0) - 1e-12).all()
    assert seen.discharge.shape == (3, 1)
    assert (seen.discharge > 0).all()


def test_gradients_equal_finite_differences(valley):
    ground, classes = valley
    recording = recorded(ground)
    index = torch.from_numpy(classes)

    def value(parameters):
        rough = 0.04 * parameters[:2].exp()[index]
        rain = recording.rain * parameters[2].exp()
        return total(replay(recording, roughness=rough, rain=rain, segment_steps=7))

    start = torch.tensor([0.1, -0.2, 0.05], dtype=torch.float64, requires_grad=True)
    value(start).backward()
    with torch.no_grad():
        for k in range(3):
            shift = torch.zeros(3, dtype=torch.float64)
            shift[k] = 1e-5
            slope = (value(start + shift) - value(start - shift)) / 2e-5
            assert float(start.grad[k]) == pytest.approx(float(slope), rel=1e-4)
            assert abs(float(slope)) > 1e-3


def test_gradient_of_a_field_adds_up_to_that_of_its_factor(valley):
    ground, _ = valley
    recording = recorded(ground)
    rough = torch.full((12, 16), 0.04, dtype=torch.float64, requires_grad=True)
    rain = recording.rain.clone().requires_grad_()
    total(replay(recording, roughness=rough, rain=rain)).backward()
    factor = torch.ones((), dtype=torch.float64, requires_grad=True)
    field = 0.04 * factor * torch.ones_like(rough)
    whole = replay(recording, roughness=field, rain=recording.rain)
    total(whole).backward()
    assert float((rough.grad * rough.detach()).sum()) == pytest.approx(float(factor.grad), rel=1e-9)
    assert torch.isfinite(rain.grad).all()
    assert (rain.grad != 0).any()


def test_segments_change_memory_and_nothing_else(valley):
    ground, _ = valley
    recording = recorded(ground)
    grads = []
    for length in (1, 5, 10_000):
        rough = torch.full((12, 16), 0.04, dtype=torch.float64, requires_grad=True)
        total(replay(recording, roughness=rough, segment_steps=length)).backward()
        grads.append(rough.grad)
    torch.testing.assert_close(grads[0], grads[1], rtol=0, atol=0)
    torch.testing.assert_close(grads[0], grads[2], rtol=0, atol=0)


def test_a_flood_that_breaks_down_is_not_recorded(valley):
    ground, _ = valley
    with pytest.raises(StabilityError, match="recording a flood"):
        record(March(ground, 10.0, SETTINGS), [(600.0, np.full((12, 16), 4e12))], LOOKS)
