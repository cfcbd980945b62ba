import pytest
import torch

from inundate.core.errors import ConfigError
from inundate.emulate.loss import DepthLoss, LossSettings, hybrid_of

SIDE = 32


def batch():
    """Two pieces: a hybrid that is nearly right, and one that is a metre too high."""
    torch.manual_seed(0)
    heights = torch.rand(2, SIDE, SIDE)
    level = torch.full((2, 1, SIDE // 2, SIDE // 2), 0.6)
    target = torch.relu(0.58 - heights)[:, None]
    level[1] += 1.0
    return {
        "inputs": {"heights": heights, "level": level},
        "target": target,
        "valid": torch.ones(2, 1, SIDE, SIDE),
    }


def one_piece(found, row):
    inputs = {name: values[row : row + 1] for name, values in found["inputs"].items()}
    return {"inputs": inputs, **{n: found[n][row : row + 1] for n in ("target", "valid")}}


def given(depth):
    return lambda inputs: depth


def test_extent_of_a_right_answer_is_nothing():
    found = batch()
    parts = DepthLoss(LossSettings()).parts(found["target"], found["target"], found["valid"])
    assert float(parts["extent"]) == pytest.approx(0.0, abs=1e-6)
    assert float(parts["extent_0.3"]) == pytest.approx(0.0, abs=1e-6)


def test_dry_ground_does_not_dilute_the_extent():
    depth = torch.zeros(1, 1, SIDE, SIDE)
    target = depth.clone()
    target[..., :8, :8] = 0.4
    depth[..., :8, 8:16] = 0.4  # as much, elsewhere
    wide = [torch.nn.functional.pad(v, (0, 3 * SIDE, 0, 3 * SIDE)) for v in (depth, target)]
    loss = DepthLoss(LossSettings())
    near = float(loss.parts(depth, target, torch.ones_like(depth))["extent"])
    far = float(loss.parts(*wide, torch.ones_like(wide[0]))["extent"])
    assert near == pytest.approx(far, abs=1e-6)
    assert near > 0.9


def test_pieces_count_by_what_the_hybrid_leaves_to_gain():
    found = batch()
    loss = DepthLoss(LossSettings(by_hybrid=True))
    singles = [one_piece(found, row) for row in range(2)]
    untouched = [float(loss(given(hybrid_of(one)), one)["loss"]) for one in singles]
    assert all(0.2 < value < 1.0 for value in untouched)  # near one, whatever the ground
    plain = DepthLoss(LossSettings())
    raw = [float(plain(given(hybrid_of(one)), one)["loss"]) for one in singles]
    assert raw[1] > 5 * raw[0]
    both = float(loss(given(hybrid_of(found)), found)["loss"])
    assert both == pytest.approx(sum(untouched) / 2, rel=1e-5)


def test_worse_than_the_hybrid_costs_once_more():
    found = batch()
    plain, strict = DepthLoss(LossSettings()), DepthLoss(LossSettings(worse=2.0))
    hybrid, dry = hybrid_of(found), torch.zeros_like(found["target"])
    assert float(strict(given(hybrid), found)["worse"]) == 0
    for depth in (hybrid, found["target"]):
        same = [float(loss(given(depth), found)["loss"]) for loss in (plain, strict)]
        assert same[0] == pytest.approx(same[1])
    told = strict(given(dry), found)
    assert float(told["worse"]) > 0.5
    missing = float(told["loss"]) - float(plain(given(dry), found)["loss"])
    assert missing == pytest.approx(2 * float(told["worse"]), rel=1e-5)


def test_model_without_the_hybrid():
    found = batch()
    del found["inputs"]["level"]
    with pytest.raises(ConfigError, match="not shown"):
        DepthLoss(LossSettings(worse=1.0))(given(found["target"]), found)
