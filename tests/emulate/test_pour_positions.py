"""The compiled pour of a prediction equals the one on tensors that training uses."""

import numpy as np
import pytest
import torch

from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.pour_positions import pour_positions
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.zoo import STATIC_CHANNELS, make_model


def scene(factor, side=32, frames=2, cell_m=50.0):
    source = torch.Generator().manual_seed(factor)
    terrain = torch.randn(1, STATIC_CHANNELS, side, side, generator=source)
    terrain[:, TERRAIN_CHANNELS.index("cell_size")] = np.arcsinh(cell_m / 10) / 2
    heights = torch.rand(1, side, side, generator=source) * 3
    heights[0, :5, :7] = 1e6  # no ground
    return {
        "terrain": terrain,
        "heights": heights,
        "level": torch.rand(1, frames, side // factor, side // factor, generator=source) * 3,
        "state": torch.randn(1, frames, 8, side // 4, side // 4, generator=source),
    }


@pytest.mark.parametrize(
    ("factor", "gate", "cell_m"),
    [(2, 1.0, 50.0), (2, 0.4, 50.0), (2, 1.0, 3.0), (2, 0.4, 7.0), (4, 1.0, 3.0), (8, 0.4, 50.0)],
)
def test_compiled_and_tensor_pours_agree(factor, gate, cell_m):
    torch.manual_seed(0)
    model = make_model(EmulatorSettings(factors=(factor,), width=8, levels=1)).eval()
    torch.nn.init.normal_(model.head.weight, std=0.3)
    model.gate = gate
    inputs = scene(factor, cell_m=cell_m)
    on_tensors = model(inputs).detach()
    with torch.inference_mode():
        compiled = model(inputs)
    assert compiled.shape == on_tensors.shape
    assert float((compiled - on_tensors).abs().max()) < 1e-4
    assert float(on_tensors.max()) > 0.5  # water there is


def test_volume_is_what_the_network_asked_for():
    rng = np.random.default_rng(1)
    ground = np.sort(rng.uniform(0, 2, (16, 6, 7)).astype(np.float32), axis=0)
    signed = rng.uniform(-1, 2, (3, 16, 6, 7)).astype(np.float32)
    nothing = np.zeros((3, 36, 6, 7), np.float32)
    own = [(k, k, 0.0) for k in range(3)]
    depth = pour_positions(nothing, own, signed, ground, quarters=False, gate=1.0, shift_m=1.0)
    held = np.maximum(signed, 0).mean(axis=1)
    poured = depth.reshape(3, 6, 4, 7, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(poured, held, rtol=1e-5, atol=1e-6)


def test_threads_change_nothing():
    rng = np.random.default_rng(2)
    bounded = rng.uniform(-1, 1, (4, 36, 5, 5)).astype(np.float32)
    signed = rng.uniform(-1, 1, (4, 16, 5, 5)).astype(np.float32)
    ground = rng.uniform(0, 2, (16, 5, 5)).astype(np.float32)
    own = [(k, k, 0.0) for k in range(4)]
    made = [
        pour_positions(
            bounded, own, signed, ground, quarters=True, gate=1.0, shift_m=0.5, threads=threads
        )
        for threads in (1, 3)
    ]
    np.testing.assert_array_equal(made[0], made[1])


def test_between_two_corrections():
    rng = np.random.default_rng(3)
    bounded = rng.uniform(-1, 1, (2, 36, 5, 5)).astype(np.float32)
    signed = rng.uniform(-1, 1, (1, 16, 5, 5)).astype(np.float32)
    ground = rng.uniform(0, 2, (16, 5, 5)).astype(np.float32)
    mixed = (0.75 * bounded[:1] + 0.25 * bounded[1:]).astype(np.float32)
    for quarters in (True, False):
        how = {"quarters": quarters, "gate": 1.0, "shift_m": 0.5}
        found = pour_positions(bounded, [(0, 1, 0.25)], signed, ground, **how)
        expected = pour_positions(mixed, [(0, 0, 0.0)], signed, ground, **how)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        first = pour_positions(bounded, [(0, 0, 0.0)], signed, ground, **how)
        assert float(np.abs(found - first).max()) > 0.01
