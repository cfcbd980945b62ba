"""The tasks: what they ask is right, good models pass, and broken ones do not."""

import numpy as np
import pytest
import torch
from torch import nn

from inundate.core.errors import DataError
from inundate.prove.digits import load_digits
from inundate.prove.ladder import TASKS, make_tasks
from inundate.prove.models.sequence import WordGRU
from inundate.prove.tasks import basin, easy, impulse, lifted, overfit, text
from inundate.prove.tasks.edge import edges
from inundate.prove.train_task import run_task


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def make(digits, name):
    return make_tasks(digits, [name])[0]


@pytest.mark.parametrize("name", list(TASKS))
def test_a_seed_makes_the_data_and_parts_do_not_share_samples(digits, name):
    task = make(digits, name)
    data = task.make_data(np.random.default_rng(3), "quick")
    again = task.make_data(np.random.default_rng(3), "quick")
    assert torch.equal(data.train.inputs, again.train.inputs)
    assert torch.equal(data.held_out.target, again.held_out.target)
    if name == "overfit":
        return
    seen = {row.numpy().tobytes() for row in data.train.inputs}
    shared = sum(row.numpy().tobytes() in seen for row in data.held_out.inputs)
    assert shared == 0


@pytest.mark.parametrize("name", list(TASKS))
def test_known_good_models_fit_their_data_and_get_a_gradient(digits, name):
    task = make(digits, name)
    data = task.make_data(np.random.default_rng(0), "quick")
    model = task.make_model(data)
    batch = {key: tensor[:8] for key, tensor in data.train.tensors().items()}
    task.loss(model, batch)["loss"].backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    # the original's blocks are scaled to nothing and its head starts from one average; a word
    # vector gets no gradient where the word is not in the batch
    assert not without or name == "original"


@pytest.mark.parametrize(("name", "steps"), [("overfit", 300), ("delay", 200), ("keyword", 100)])
def test_good_models_pass(digits, name, steps):
    result = run_task(make(digits, name), steps=steps)
    assert result.passed, result.record()
    assert result.loss_last < 0.2 * result.loss_first


def test_the_same_seed_gives_the_same_result(digits):
    first, second = (run_task(overfit.make_task(), seed=4, steps=20) for _ in range(2))
    assert first.judged == second.judged
    other = run_task(overfit.make_task(), seed=5, steps=20)
    assert other.judged != first.judged


class Constant(nn.Module):
    """Has weights, and gives one picture whatever comes in."""

    def __init__(self, shape):
        super().__init__()
        self.picture = nn.Parameter(torch.zeros(shape))

    def forward(self, inputs):
        return self.picture.expand(len(inputs), *self.picture.shape)


def test_a_constant_output_fails(digits):
    result = run_task(
        make(digits, "easy-random"),
        factory=lambda data: Constant(data.target_shape),
        size="quick",
        steps=100,
    )
    assert not result.passed
    nearest, skill = result.judged
    assert nearest.score.value < 0.7
    assert skill.score.value < 0.05


def test_a_training_that_breaks_down_is_a_result(digits):
    class Broken(Constant):
        def forward(self, inputs):
            return super().forward(inputs) * float("nan")

    result = run_task(overfit.make_task(), factory=lambda data: Broken(data.target_shape), steps=5)
    assert not result.passed
    assert result.stopped == "nan-loss"
    assert result.judged == ()
    assert result.record()["loss_first"] is None


def test_a_model_without_the_parts_is_refused(digits):
    with pytest.raises(DataError) as raised:
        run_task(make(digits, "vae"), factory=lambda data: Constant((1, 8, 8)), steps=1)
    assert str(raised.value) == (
        "task vae: the model is a Constant, expected a VAE, whose parts the score needs"
    )


def test_the_basin_is_filled_to_one_level_with_all_the_water():
    ground = torch.rand(4, 1, 6, 6)
    volume = torch.tensor([0.01, 0.1, 0.5, 2.0])
    depth = basin.fill(ground, volume)
    torch.testing.assert_close(depth.mean(dim=(1, 2, 3)), volume, atol=1e-5, rtol=1e-4)
    for level, wet in zip((ground + depth)[:, 0], depth[:, 0] > 0, strict=True):
        assert float(level[wet].max() - level[wet].min()) < 1e-5
        assert float(level[~wet].min()) >= float(level[wet].max()) - 1e-5 if (~wet).any() else True


def test_the_impulse_response_is_upright():
    data = impulse.make_task().make_data(np.random.default_rng(0), "quick")
    at = [(i, r, c) for i, _, r, c in data.train.inputs.nonzero().tolist() if 2 <= r < 14]
    index, row, column = next(one for one in at if 2 <= one[2] < 14)
    size = data.train.inputs[index, 0, row, column]
    seen = data.train.target[index, 0, row - 2 : row + 3, column - 2 : column + 3]
    torch.testing.assert_close(seen, size * impulse.PATTERN)


def test_a_turned_answer_is_named():
    class UpsideDown(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, inputs):
            kernel = impulse.PATTERN.flip(0, 1)[None, None]
            answer = nn.functional.conv2d(inputs, kernel, padding=2)
            return self.scale * answer.flip(-2)

    task = impulse.make_task()
    scores = task.measure(UpsideDown(), task.make_data(np.random.default_rng(0), "quick"))
    assert scores.values["skill"].mean() < 0
    assert scores.figures["skill if upside down"] == pytest.approx(1.0)
    assert scores.figures["skill if mirrored"] < 0


def test_edges_lie_between_levels():
    image = torch.zeros(1, 1, 6, 6)
    image[..., 3:] = 1.0
    found = edges(image)[0, 0]
    assert found[2, 2] == found[2, 3] == 1.0
    assert found[2, 0] == found[2, 5] == 0.0


def test_rain_windows_have_the_digit_as_their_mean():
    images = torch.rand(3, 1, 8, 8)
    windows = lifted.rain_windows(np.random.default_rng(0), images)
    assert windows.shape == (3, lifted.HISTORY, 8, 8)
    torch.testing.assert_close(windows.mean(dim=1, keepdim=True), images)
    # the wettest of six steps has less than two thirds of what falls
    assert float(windows.amax(dim=1).mean()) < 6 * 0.67 * float(images.mean())


def test_easy_answers_fit_the_digits(digits):
    data = easy.make_task(digits, "constant").make_data(np.random.default_rng(0), "full")
    assert data.held_out.labels.tolist() == (digits.test_labels >= 5).astype(int).tolist()
    assert data.held_out.target.flatten(1).mean(dim=1).tolist() == data.held_out.labels.tolist()


def test_texts_say_what_their_labels_say():
    data = text.make_order().make_data(np.random.default_rng(0), "quick")
    for words, label in zip(data.train.inputs.tolist(), data.train.target.tolist(), strict=True):
        assert (words.index(1) < words.index(2)) == bool(label)
    leaky = text.make_leak().make_data(np.random.default_rng(0), "quick")
    marked = (leaky.train.inputs == text.MARKER).any(dim=1)
    assert marked.long().tolist() == leaky.train.target.tolist()
    assert not (leaky.held_out.inputs == text.MARKER).any()


@pytest.mark.slow
def test_a_leak_that_is_not_masked_fails():
    task = text.make_leak()
    assert run_task(task).passed
    assert not run_task(task, factory=lambda data: WordGRU(text.WORDS, 2)).passed


@pytest.mark.slow
def test_every_task_on_the_embedded_digits(digits):
    for task in make_tasks(digits):
        result = run_task(task, seed=1)
        assert result.passed, result.record()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["easy-constant", "easy-random", "vae", "lifted", "original"])
def test_the_shows_on_mnist(shared_data, name):
    result = run_task(make(load_digits(shared_data / "digits"), name))
    assert result.passed, result.record()
    if name == "vae":
        assert result.parameters <= 1_000_000
        assert result.judged[0].score.value >= -100.0
    if name.startswith("easy"):
        assert result.judged[0].score.value >= 0.98
        assert result.judged[0].samples == 10_000
