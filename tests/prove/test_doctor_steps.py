"""Steps that follow another gradient, losses below the right answers, texts of more frames."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.answers import kind_of
from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.follows import settle
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.optimiser import probe_step
from inundate.prove.verdict import diagnose

SHORT = Effort(batches=40, one_batch=60, all_batches=200, remedy=60)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def batches(target, inputs, size=32):
    return [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(target), size)]


def two_losses(output, target):
    """Give the error of the first number and that of the second."""
    return (output - target)[:, 0].abs().mean() + (output - target)[:, 1].square().mean()


def stepping(clears):
    """Make a step of two losses, with the gradient of the first cleared before the second."""

    def step(model, optimiser, raw):
        inputs, target = raw
        output = model(inputs)
        optimiser.zero_grad()
        first = (output - target)[:, 0].abs().mean()
        first.backward(retain_graph=True)
        if clears:
            optimiser.zero_grad()
        second = (output - target)[:, 1].square().mean()
        second.backward()
        optimiser.step()
        return first + second

    return step


@pytest.mark.parametrize(("clears", "named"), [(True, Cause.STEP_WRONG), (False, None)])
def test_a_loss_whose_gradient_is_cleared_before_the_step_is_missed(clears, named):
    rows = drawn(960, 6)
    target = torch.stack([rows[:, 0] * rows[:, 1], rows[:, 2].abs()], 1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 2))
    case = make_case(
        model,
        batches(target[:720], rows[:720]),
        valid=batches(target[720:], rows[720:]),
        loss=two_losses,
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        step=stepping(clears),
    )
    assert diagnose(case, effort=SHORT).cause is named


def upwards(model, optimiser, raw):
    """Make a step back from the negative of the loss, as is left from code for a deceiver."""
    optimiser.zero_grad()
    loss = functional.mse_loss(model(raw[0]), raw[1])
    (-loss).backward()
    optimiser.step()
    return loss


def test_a_step_up_the_loss_has_the_wrong_sign():
    rows = drawn(480, 4)
    target = rows[:, :1] * rows[:, 1:2]
    torch.manual_seed(0)
    case = make_case(
        nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 1)),
        batches(target[:384], rows[:384]),
        valid=batches(target[384:], rows[384:]),
        loss=functional.mse_loss,
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=2e-2),
        step=upwards,
    )
    assert diagnose(case, effort=SHORT).cause is Cause.LOSS_SIGN


@pytest.mark.parametrize(("letters", "kind"), [(3, "values"), (12, "classes")])
def test_scores_of_more_places_than_a_target_has_are_no_scores_of_it(letters, kind):
    frames, target = drawn(64, 12, 5), torch.randint(1, 4, (64, letters))

    def spoken(output, target):
        if target.shape[1] == output.shape[1]:
            return functional.cross_entropy(output.transpose(1, 2), target)
        lengths = [torch.full((len(output),), part.shape[1]) for part in (output, target)]
        return functional.ctc_loss(output.log_softmax(2).transpose(0, 1), target, *lengths)

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 4))
    case = make_case(model, batches(target, frames), loss=spoken)
    exam = Exam(case, SHORT)
    assert kind_of(case, exam.train[0], exam.output) == kind
    assert not probe_loss(exam)


class Anew:
    """Gives the same inputs in each epoch, and targets as a function of the epoch makes them."""

    def __init__(self, change):
        self.change, self.epoch = change, 0
        self.inputs, self.targets = drawn(128, 1, 6, 6), drawn(128, 1, 6, 6, seed=1)

    def __iter__(self):
        self.epoch += 1
        return iter(batches(self.change(self.targets, self.epoch), self.inputs))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t, epoch: t.rot90(epoch, (2, 3)), Cause.TARGETS_MISPAIRED),
        (lambda t, epoch: t + 3.0 * drawn(*t.shape, seed=epoch), Cause.NOISE_TOO_STRONG),
        (lambda t, _epoch: t, None),
    ],
)
def test_targets_that_are_turned_by_themselves_are_no_noise(change, named):
    case = make_case(nn.Conv2d(1, 1, 1), Anew(change))
    found = [finding.cause for finding in probe_loader(Exam(case, SHORT))]
    assert found == ([] if named is None else [named])


def test_what_follows_from_a_unit_or_from_a_mode_is_a_note():
    broad = Finding(Cause.SHAPE_BROADCAST, "fault", "no output finds its own target")
    unit = Finding(Cause.UNIT_SLIP, "fault", "some are larger")
    held = Finding(Cause.OUTPUT_RANGE, "fault", "outputs stay high")
    gap = Finding(Cause.TRAIN_EVAL_GAP, "fault", "far worse in evaluation mode", firm=True)
    assert [f.weight for f in settle([broad, unit])] == ["note", "fault"]
    assert [f.weight for f in settle([held, gap])] == ["note", "fault"]
    assert [f.weight for f in settle([broad, held])] == ["fault", "fault"]


def loose(ends):
    """Make a step whose loss is not tied to the model, or that never goes back, or clears first."""

    def step(model, optimiser, raw):
        inputs, target = raw
        loss = two_losses(model(inputs), target)
        optimiser.zero_grad()
        if ends == "detached":
            torch.autograd.backward(loss.detach().requires_grad_())
        elif ends == "cleared":
            loss.backward()
            optimiser.zero_grad()
        optimiser.step()
        return loss

    return step


@pytest.mark.parametrize(
    ("ends", "named"),
    [
        ("detached", Cause.NO_GRADIENT),
        ("cleared", Cause.WEIGHTS_DO_NOT_MOVE),
        ("never", Cause.WEIGHTS_DO_NOT_MOVE),
    ],
)
def test_a_step_that_moves_nothing_is_told_by_what_it_goes_back_from(ends, named):
    rows = drawn(320, 6)
    case = make_case(nn.Linear(6, 2), batches(rows[:, :2], rows), loss=two_losses, step=loose(ends))
    before = torch.autograd.backward
    found = [finding.cause for finding in probe_step(Exam(case, SHORT))]
    assert found == [named]
    assert torch.autograd.backward is before


def counting(clears):
    """Make a step that clears before it where ``clears`` says so of its number."""
    calls = [0]

    def step(model, optimiser, raw):
        inputs, target = raw
        if clears(calls[0]):
            optimiser.zero_grad()
        calls[0] += 1
        loss = two_losses(model(inputs), target)
        loss.backward()
        optimiser.step()
        return loss

    return step


@pytest.mark.parametrize(
    ("clears", "named"),
    [
        (lambda number: number % 10 == 2, [Cause.GRADIENT_ACCUMULATES]),
        (lambda _number: False, [Cause.GRADIENT_ACCUMULATES]),
        (lambda _number: True, []),
    ],
)
def test_gradients_that_are_cleared_once_an_epoch_add_up(clears, named):
    rows = drawn(320, 6)
    case = make_case(
        nn.Linear(6, 2), batches(rows[:, :2], rows), loss=two_losses, step=counting(clears)
    )
    assert [finding.cause for finding in probe_step(Exam(case, SHORT))] == named


def test_gradients_of_several_batches_may_be_gathered_before_a_step():
    rows, calls = drawn(320, 6), [0]

    def step(model, optimiser, raw):
        loss = two_losses(model(raw[0]), raw[1])
        (loss / 8).backward()
        calls[0] += 1
        if calls[0] % 8 == 0:
            optimiser.step()
            optimiser.zero_grad()
        return loss

    case = make_case(nn.Linear(6, 2), batches(rows[:, :2], rows), loss=two_losses, step=step)
    assert not probe_step(Exam(case, SHORT))
