"""Mode E: its volume is exact whatever the network says; it flows as water does; it learns."""

import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError, DataError
from inundate.emulate.batches import FloodBatches, turn_inputs
from inundate.emulate.flux_ground import make_ground
from inundate.emulate.fluxes import Steering, advance, start_water
from inundate.emulate.hybrid import hybrid_arrays, pour_state
from inundate.emulate.loss import DepthLoss, LossSettings
from inundate.emulate.models.mode_e import closure
from inundate.emulate.predict import predict_prepared
from inundate.emulate.prepared import prepare, prepare_sample
from inundate.emulate.scene import Scene, padded
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import resume_emulator, train_emulator
from inundate.emulate.zoo import make_model
from inundate.hydro.settings import SimulateSettings
from inundate.learn.settings import TrainSettings

from .small_flood import heights, place

MODE_E = EmulatorSettings(
    model="mode_e", width=8, levels=2, crop_cells=32, frames=3, substeps=2, passes=6
)
SOILS = {
    "none": {},
    "constant": {"infiltration": "constant", "loss_mm_h": 12.0},
    "green_ampt": {"infiltration": "green_ampt", "drain_capacity_mm_h": 3.0},
}


def prepared_case(seed, shape=(32, 32), *, edges="open", soil="none", hole=False, rain=60.0,
                  frames=3, slope=0.01, lift=0.0):  # fmt: skip
    """A storm on a ground of waves, with a hole and a ragged side if asked for."""
    rng = np.random.default_rng(seed)
    grid = place(0, *shape)
    ground = np.round(heights(grid, seed % 7, slope=slope), 2) + np.float32(lift)
    if hole:
        ground[5:10, 6:13] = np.nan
        ground[-3:, : shape[1] // 2] = np.nan
    known = np.isfinite(ground)
    rough = np.where(known, rng.uniform(0.02, 0.1, shape), np.nan).astype(np.float32)
    course = rain * rng.uniform(0.2, 1.0, (frames, 1, 1)) * rng.uniform(0.7, 1.3, (1, *shape))
    settings = SimulateSettings(edges=edges, output_every_s=300, **SOILS[soil])
    return prepare(
        ground, rough, course.astype(np.float32), grid=grid, interval_s=300.0, settings=settings
    )


def inputs_of(prepared, model, *, margin=0):
    """The inputs of all frames, and the raster's shape; a margin of missing ground if asked for."""
    scene = Scene(padded(prepared, model.align + margin), "series", 4)
    whole = tuple(slice(0, n) for n in scene.shape)
    found = scene.inputs(list(range(scene.frames)), whole)
    return {name: values[None] for name, values in found.items()}


def shaken(settings=MODE_E, seed=0, size=1.0):
    """A model whose heads say something everywhere."""
    torch.manual_seed(seed)
    model = make_model(settings)
    with torch.no_grad():
        for head in (model.head, model.pour_head):
            head.weight.normal_(std=size)
            head.bias.normal_(std=size)
    return model.eval()


@pytest.mark.parametrize("soil", SOILS)
@pytest.mark.parametrize("edges", ["open", "closed"])
@pytest.mark.parametrize("size", [0.0, 1.0, 20.0])
def test_no_water_is_made_or_lost(edges, soil, size):
    model = shaken(seed=len(soil), size=size)
    prepared = prepared_case(1, (34, 41), edges=edges, soil=soil, hole=True, slope=0.02, rain=200.0)
    inputs = inputs_of(prepared, model)
    account = closure(model, inputs)
    assert account.error <= 1e-6
    fallen = np.where(np.isfinite(prepared.elevation), prepared.rain_rate, 0).sum()
    assert account.rain_m3 == pytest.approx(fallen * 300 / 3.6e6 * 100, rel=1e-5)
    assert account.rain_m3 > 10
    assert (account.outflow_m3 > 0.01 * account.rain_m3) is (edges == "open")
    assert (account.outflow_m3 == 0) is (edges == "closed")
    assert (account.infiltrated_m3 > 0.01 * account.rain_m3) is (soil != "none")
    with torch.no_grad():
        depth = model(inputs)
    missing = ~torch.isfinite(torch.from_numpy(padded(prepared, model.align).elevation))
    assert (depth >= 0).all()
    assert (depth[:, :, missing] == 0).all()


def test_the_account_would_show_a_leak(monkeypatch):
    """The test of the test: a millionth of what moves is lost on the way."""
    from inundate.emulate.models import mode_e

    def leaky(*args):
        water = advance(*args)
        return type(water)(water.volume * (1 - 2e-6), water.flow, water.soaked, water.left)

    monkeypatch.setattr(mode_e, "advance", leaky)
    model = shaken()
    assert closure(model, inputs_of(prepared_case(0), model)).error > 1e-5
    with pytest.raises(DataError, match="training mode"):
        closure(model.train(), inputs_of(prepared_case(0), model))


def test_a_start_with_water_is_in_the_account():
    model = shaken()
    inputs = inputs_of(prepared_case(1, soil="constant"), model)
    inputs["start"] = torch.rand(inputs["start"].shape)
    inputs["before"] = inputs["before"] + 30.0
    account = closure(model, inputs)
    assert account.initial_m3 == pytest.approx(float(inputs["start"].sum()) * 100, rel=1e-6)
    assert account.error <= 1e-6


@pytest.mark.parametrize("size", [0.0, 20.0])
def test_no_block_gives_more_than_it_has(size):
    model = shaken(size=size)
    inputs = inputs_of(prepared_case(3, soil="green_ampt", slope=0.2), model)
    with torch.no_grad():
        for _, water in model.frames(inputs):
            assert water.volume.min() > -1e-15
            assert water.soaked.min() >= 0


def test_without_rain_all_stays_dry():
    model = shaken()
    inputs = inputs_of(prepared_case(0, rain=0.0), model)
    with torch.no_grad():
        assert (model(inputs) == 0).all()


def test_later_rain_changes_nothing_before():
    model = shaken()
    inputs = inputs_of(prepared_case(2, frames=4), model)
    later = dict(inputs, rain=inputs["rain"].clone())
    later["rain"][:, 2:] *= 3.0
    with torch.no_grad():
        one, other = model(inputs), model(later)
    assert torch.equal(one[:, :2], other[:, :2])
    assert not torch.equal(one[:, 2], other[:, 2])


def test_the_datum_changes_nothing():
    model = shaken()
    with torch.no_grad():
        low = model(inputs_of(prepared_case(4), model))
        high = model(inputs_of(prepared_case(4, lift=100.0), model))
    assert low.max() > 0.05
    torch.testing.assert_close(low, high, rtol=0, atol=2e-3)


def test_a_margin_of_missing_ground_changes_nothing():
    """A raster is padded to the model's alignment: that must not be seen."""
    model = shaken()
    for edges in ("open", "closed"):
        prepared = prepared_case(5, edges=edges)
        with torch.no_grad():
            plain = model(inputs_of(prepared, model))
            wide = model(inputs_of(prepared, model, margin=40))
        assert wide.shape[-1] == 48
        torch.testing.assert_close(wide[..., :32, :32], plain, rtol=0, atol=1e-5)
        assert (wide[..., 32:, :] == 0).all()


@pytest.mark.parametrize(("turns", "flip"), [(1, False), (2, True), (3, False), (0, True)])
def test_the_fluxes_turn_with_the_map(turns, flip):
    model = shaken(size=0.0)
    inputs = inputs_of(prepared_case(6, slope=0.03), model)
    with torch.no_grad():
        first = model(turn_inputs(inputs, turns, flip))
        late = torch.rot90(model(inputs), turns, dims=(-2, -1))
    late = torch.flip(late, dims=(-1,)) if flip else late
    assert late.max() > 0.05
    torch.testing.assert_close(first, late, rtol=0, atol=1e-3)


def still(ground):
    """Steering that changes nothing."""
    faces, blocks = torch.zeros_like(ground.rise), torch.ones_like(ground.share)
    return Steering(faces + 1, faces, faces, blocks, blocks)


def basin(edges="closed"):
    """Ground and start of a valley without rain."""
    model = make_model(MODE_E)
    inputs = inputs_of(prepared_case(0, edges=edges, rain=0.0, slope=0.01), model)
    return inputs, make_ground(inputs["terrain"], inputs["heights"], 4)


def rolled(water, ground, passes, seconds=10.0):
    none, time = torch.zeros_like(ground.share), torch.full((1, 1, 1), seconds)
    for _ in range(passes):
        water = advance(water, ground, none, time, still(ground))
    return water


def lake(inputs, level):
    """Mean depth of blocks under a level surface."""
    depth = torch.relu(level - inputs["heights"])
    return torch.nn.functional.avg_pool2d(depth[:, None], 4).squeeze(1)


def test_a_lake_at_rest_stays_at_rest():
    inputs, ground = basin()
    volume = lake(inputs, 3.0)
    after = rolled(start_water(volume, torch.zeros_like(volume)), ground, 50)
    assert (volume == 0).any()
    assert volume.max() > 1
    torch.testing.assert_close(after.volume.float(), volume, rtol=0, atol=1e-4)


def test_a_heap_of_water_comes_to_one_level():
    inputs, ground = basin()
    volume = lake(inputs, 3.0)
    volume[0, 3:5, 3:5] += 0.5
    after = rolled(start_water(volume, torch.zeros_like(volume)), ground, 400)
    level, _ = ground.level(after.volume.float())
    base = inputs["heights"].reshape(1, 8, 4, 8, 4).amin(dim=(2, 4))
    deep = after.volume > 0.5
    assert deep.float().mean() > 0.3
    surface = (level + base)[deep]
    assert surface.max() - surface.min() < 0.03
    assert float(after.volume.sum()) == pytest.approx(float(volume.double().sum()), rel=1e-12)


def test_water_leaves_by_open_edges_only():
    for edges, least, most in (("open", 0.2, 1.0), ("closed", 0.0, 0.0)):
        inputs, ground = basin(edges)
        volume = lake(inputs, 3.0)
        after = rolled(start_water(volume, torch.zeros_like(volume)), ground, 200)
        share = float(after.left.sum() / volume.sum())
        assert least <= share <= most
        assert (after.left[0, 1:-1, 1:-1] == 0).all()


def test_steering_moves_the_water():
    """Each thing that the network decides has its effect, in its direction."""
    _, ground = basin("open")
    torch.manual_seed(0)
    volume = torch.rand(ground.share.shape)
    start, time = start_water(volume, torch.zeros_like(volume)), torch.full((1, 1, 1), 10.0)
    rain = torch.zeros_like(volume)
    plain = advance(start, ground, rain, time, still(ground))

    def steered(**changed):
        parts = {**vars(still(ground)), **changed}
        return advance(start, ground, rain, time, Steering(**parts))

    def moving(water):
        return float(water.flow.abs().sum())

    faces, blocks = torch.ones_like(ground.rise), torch.ones_like(ground.share)
    assert moving(steered(conduct=0.1 * faces)) < 0.9 * moving(plain)
    assert moving(steered(conduct=10 * faces)) > 1.1 * moving(plain)
    assert moving(steered(sill=0.5 * faces)) < 0.9 * moving(plain)
    assert moving(steered(sill=-0.5 * faces)) > 1.1 * moving(plain)
    assert float(steered(edge=0.5 * blocks).left.sum()) < 0.6 * float(plain.left.sum())
    columns = torch.arange(8.0)
    centre = (plain.volume.sum(dim=1) * columns).sum()
    east = torch.zeros_like(ground.rise)
    east[:, 0] = 0.05
    assert (steered(free=east).volume.sum(dim=1) * columns).sum() > centre + 0.1
    assert (steered(free=-east).volume.sum(dim=1) * columns).sum() < centre - 0.1


def test_a_block_gives_a_share_of_its_own_water():
    """Free exchange to the west is measured by the block in the east."""
    _, ground = basin()
    volume = torch.zeros_like(ground.share)
    volume[0, 4, 5] = 0.01
    start, time = start_water(volume, torch.zeros_like(volume)), torch.full((1, 1, 1), 1e-3)
    west = torch.zeros_like(ground.rise)
    west[:, 0] = -0.1
    parts = {**vars(still(ground)), "free": west}
    after = advance(start, ground, torch.zeros_like(volume), time, Steering(**parts)).volume
    assert float(after[0, 4, 4]) == pytest.approx(1e-3, rel=1e-3)
    assert float(after[0, 4, 5]) == pytest.approx(9e-3, rel=1e-3)


def test_a_dam_inside_a_block_holds_the_water():
    """One cell wide, it does not stand at a face between two blocks."""
    inputs, _ = basin()
    heights = inputs["heights"] * 0
    heights[:, :, 14] = 1.0  # the third column of the fourth block
    ground = make_ground(inputs["terrain"], heights, 4)
    volume = torch.zeros_like(ground.share)
    volume[:, :, :3] = 0.5
    after = rolled(start_water(volume, torch.zeros_like(volume)), ground, 200)
    assert float(after.volume[..., :4].sum()) == pytest.approx(12.0, rel=1e-9)
    assert float(after.volume[..., 3].sum()) > 1.0
    volume[:, :, :3] = 2.0
    after = rolled(start_water(volume, torch.zeros_like(volume)), ground, 200)
    assert float(after.volume[..., 4:].sum()) > 4.0


def test_the_pour_keeps_the_volume_where_its_level_is_hard_to_find():
    """Heights that double from cell to cell: Newton's method would need 15 steps."""
    model = shaken()
    inputs = inputs_of(prepared_case(1, edges="closed"), model)
    heights = torch.tensor([0.001 * 2.0**k for k in range(16)]).reshape(4, 4)
    inputs["heights"] = heights.repeat(8, 8)[None]
    inputs["start"] = torch.full((1, 32, 32), 3.0)
    assert closure(model, inputs).error <= 1e-6


def test_untrained_it_is_as_close_to_the_solver_as_the_hybrid(samples):
    """Its passes take 25 s, those of the coarse solver a few."""
    model = make_model(MODE_E).eval()
    errors = []
    for number in samples.part("train")[:4]:
        sample = samples.read(number)
        truth = sample.water_depth
        state = hybrid_arrays(
            sample.elevation, sample.rain_rate, roughness=sample.roughness, factor=4,
            interval_s=sample.interval_s, cell_size_m=sample.grid.dx, method="subgrid",
            settings=SimulateSettings(**sample.row.settings),
        )  # fmt: skip
        found = predict_prepared(model, MODE_E, prepare_sample(sample))
        guesses = (found, pour_state(state, sample.elevation), np.zeros_like(truth))
        errors.append([((guess - truth) ** 2).mean() for guess in guesses])
    ours, hybrid, all_dry = np.mean(errors, axis=0)
    assert ours < 1.3 * hybrid < 0.3 * all_dry


def test_training_and_prediction_move_the_same_water():
    """Training differs in the noise on its start and in the leak of the pour alone."""
    model = shaken(MODE_E.model_copy(update={"state_noise": 0.0}))
    inputs = inputs_of(prepared_case(2), model)
    inputs["start"] = torch.rand(inputs["start"].shape)
    calm = [water.volume for _, water in model.eval().frames(inputs)]
    trained = [water.volume for _, water in model.train().frames(inputs)]
    for one, other in zip(calm, trained, strict=True):
        assert torch.equal(one, other)


def test_noise_and_warm_up_come_from_the_seed_and_only_in_training():
    model = shaken(MODE_E.model_copy(update={"warmup_frames": 2, "state_noise": 0.1}))
    inputs = inputs_of(prepared_case(2), model)
    inputs["start"] = torch.rand(inputs["start"].shape)

    def outputs(seed):
        torch.manual_seed(seed)
        return list(model.frames(inputs))

    model.train()
    assert torch.equal(outputs(1)[2][0], outputs(1)[2][0])
    assert not torch.equal(outputs(1)[2][0], outputs(2)[2][0])
    ahead = {sum(not depth.requires_grad for depth, _ in outputs(seed)) for seed in range(20)}
    assert ahead == {0, 1, 2}
    model.eval()
    assert torch.equal(outputs(1)[2][0], outputs(2)[2][0])
    assert all(depth.requires_grad for depth, _ in outputs(3))


def test_all_weights_get_a_gradient():
    model = shaken(MODE_E.model_copy(update={"warmup_frames": 0}), size=0.1).train()
    inputs = inputs_of(prepared_case(5, soil="green_ampt", hole=True), model)
    (model(inputs) ** 2).sum().backward()
    for name, weight in model.named_parameters():
        assert torch.isfinite(weight.grad).all(), name
        assert (weight.grad != 0).any(), name


def error_of(model, batch):
    with torch.no_grad():
        return float(((model.eval()(batch["inputs"]) - batch["target"]) ** 2).mean())


def fitted(model, batches, steps):
    """Make some optimiser steps through the batches in turn."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    loss = DepthLoss(LossSettings())
    for step in range(steps):
        model.train()
        optimiser.zero_grad()
        loss(model, batches[step % len(batches)])["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model.eval()


def test_it_learns_a_batch(samples):
    """The error of what is predicted, not only the loss, falls to less than half."""
    settings = MODE_E.model_copy(update={"frames": 2, "substeps": 1, "passes": 4})
    torch.manual_seed(0)
    model = make_model(settings)
    batch = FloodBatches(samples, "train", settings, batch_size=4, seed=0).batch(0, 0)
    before = error_of(model, batch)
    fitted(model, [batch], 40)
    assert error_of(model, batch) < 0.5 * before < 0.25 * float((batch["target"] ** 2).mean())


@pytest.mark.slow
def test_trained_it_beats_the_trivial_and_itself_untrained(samples):
    """On ground and storm that it has not seen, over the whole storm."""
    torch.manual_seed(0)
    made = FloodBatches(samples, "train", MODE_E, batch_size=4, seed=0)
    batches = [made.batch(epoch, index) for epoch in range(100) for index in range(len(made))]
    model = fitted(make_model(MODE_E), batches, 200)
    mean = made.mean_depth()
    errors = {"trained": [], "untrained": [], "all_dry": [], "climatology": []}
    for number in samples.part("test"):
        sample = samples.read(number)
        truth, prepared = sample.water_depth, prepare_sample(sample)
        guesses = {
            "trained": predict_prepared(model, MODE_E, prepared),
            "untrained": predict_prepared(make_model(MODE_E).eval(), MODE_E, prepared),
            "all_dry": np.zeros_like(truth),
            "climatology": np.full_like(truth, mean),
        }
        for name, guess in guesses.items():
            errors[name].append(((guess - truth) ** 2).mean())
    found = {name: float(np.mean(values)) for name, values in errors.items()}
    assert found["trained"] < 0.8 * found["untrained"], found
    assert found["trained"] < 0.3 * min(found["all_dry"], found["climatology"]), found


def test_an_interrupted_training_goes_on_bit_for_bit(flood_data, tmp_path, monkeypatch):
    settings = MODE_E.model_copy(update={"frames": 2, "passes": 2, "curriculum_epochs": 2})
    training = TrainSettings(
        epochs=0, max_steps=6, batch_size=4, warmup_steps=2, threads=1, device="cpu",
        validate_every_steps=100, checkpoint_every_steps=3,
    )  # fmt: skip
    whole, _ = train_emulator(
        flood_data, tmp_path / "whole", settings=settings, training=training, progress=False
    )
    made = FloodBatches.batch

    def stopping(self, epoch, index):
        if self._shuffle and (epoch, index) == (2, 0):
            raise KeyboardInterrupt
        return made(self, epoch, index)

    monkeypatch.setattr(FloodBatches, "batch", stopping)
    with pytest.raises(KeyboardInterrupt):
        train_emulator(
            flood_data, tmp_path / "cut", settings=settings, training=training, progress=False
        )
    monkeypatch.undo()
    cut, result = resume_emulator(tmp_path / "cut", progress=False)
    assert result.step == 6
    assert cut.manifest["resumed_from"] in ([3], [4])
    weights = [(run.path / "last" / "model.safetensors").read_bytes() for run in (whole, cut)]
    assert weights[0] == weights[1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="training mode_e: block 1, expected 2 or more"):
        make_model(MODE_E.model_copy(update={"block": 1}))
    with pytest.raises(ConfigError, match="it does not read passes"):
        make_model(EmulatorSettings(model="unet", passes=3))
    model = make_model(MODE_E)
    inputs = inputs_of(prepared_case(0), model)
    with pytest.raises(DataError, match=r"Mode E: terrain \(1, 19, 32, 30\) and rain"):
        model({**inputs, "terrain": inputs["terrain"][..., :30]})


@pytest.mark.parametrize("block", [2, 8])
def test_other_blocks_keep_the_volume_too(block):
    settings = MODE_E.model_copy(update={"block": block})
    model = shaken(settings)
    scene = Scene(padded(prepared_case(1, hole=True, slope=0.05), model.align), "series", block)
    whole = tuple(slice(0, n) for n in scene.shape)
    inputs = {n: v[None] for n, v in scene.inputs([0, 1, 2], whole).items()}
    assert closure(model, inputs).error <= 1e-6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch warns of itself where it compiles
def test_compiled_passes_give_the_same():
    """In training, with a gradient, on pieces with and without open edges and soil."""
    calm = MODE_E.model_copy(update={"state_noise": 0.0, "warmup_frames": 0, "passes": 3})
    plain, fast = (
        shaken(calm.model_copy(update={"compiled": compiled})).train() for compiled in (False, True)
    )
    for seed, case in enumerate(({"edges": "closed"}, {"soil": "green_ampt"}, {"hole": True})):
        inputs = inputs_of(prepared_case(seed, (64, 64), **case), plain)
        found = []
        for model in (plain, fast):
            model.zero_grad()
            depth = model(inputs)
            depth.square().sum().backward()
            found.append((depth.detach(), model.head.weight.grad.clone()))
        torch.testing.assert_close(found[1][0], found[0][0], rtol=0, atol=1e-4)
        torch.testing.assert_close(found[1][1], found[0][1], rtol=0.02, atol=0.02)
    assert closure(fast.eval(), inputs).error <= 1e-6
