"""What should not reach each other and does: samples of a batch, and places far apart."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.inside import reached_inside
from inundate.prove.probe.reordered import reordered

__all__ = ["probe_mixing"]

_MOVES = 1e-3  # of what a sample's own inputs move: rounding moves less
_ROUNDING = 1e-5  # of an output's size
_CELLS = 12  # places that are changed
_SHARE = 0.3  # of them, whose answer must be near for places to belong together
_CLOSE = 2.0  # cells, within which the answer of a convolution lies
_NARROW = 0.6  # of all that moves, in an eighth of the places: it has a place, if a wrong one
_LEAST = 8  # cells along each side
_LOCAL = (
    nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.PReLU,
)  # fmt: skip


def probe_mixing(exam: Exam) -> list[Finding]:
    """Change one sample, then one place, and see where the output moves."""
    models = [copy.deepcopy(exam.case.model).eval(), copy.deepcopy(exam.one.model).eval()]
    return _samples(exam, models) or _places(exam, models[0])


def _samples(exam: Exam, models: list[nn.Module]) -> list[Finding]:
    """Give one sample the inputs of another, and compare what is said of all others."""
    batch = exam.train[0]
    count = len(batch["target"])
    if count < 3 or any(_by_batch(module) for module in models[0].modules()):
        return []
    for model in models:
        before = exam.run(model, batch)
        if before.shape[0] != count or not bool(torch.isfinite(before).all()):
            return []
        if not torch.equal(before, exam.run(model, batch)):
            return []  # it keeps a state from call to call, which moves all of them
        for changed in (0, count - 1):
            after = exam.run(model, _exchanged(batch, changed, (changed + count // 2) % count))
            if after.shape != before.shape:
                return []
            moved = (after.double() - before.double()).abs().reshape(count, -1).amax(1)
            others = moved[torch.arange(count) != changed]
            if float(others.max()) > _MOVES * max(float(before.double().std()), 1e-9):
                if _by_relations(exam, model, batch, changed):
                    return []
                told = reordered(exam, model, batch)
                if told:
                    return [Finding(Cause.TARGETS_MISPAIRED, "fault", told, "the answers")]
                text = (
                    f"with other inputs for one sample of a batch, in evaluation mode, the outputs "
                    f"of {int((others > 0).sum())} of {count - 1} others move by up to "
                    f"{float(others.max()):.3g}"
                )
                subject = "the samples of a batch reach each other, as where it is taken for time"
                return [Finding(Cause.AXES_MIXED, "fault", text, subject)]
    return _by_row(exam, models) or reached_inside(exam, _exchanged(batch, 0, count // 2), 0)


def _by_relations(exam: Exam, model: nn.Module, batch: Batch, changed: int) -> bool:
    """Whether samples reach each other only by a matrix that says who belongs to whom.

    As the nodes of one graph, which are rows beside their edges. Where each is related to itself
    alone, none may reach another.
    """
    count = len(batch["target"])
    square = [
        name
        for name, value in batch["inputs"].items()
        if value.shape == (count, count) and value.is_floating_point()
    ]
    if not square or len(square) == len(batch["inputs"]):
        return False
    alone = {name: torch.eye(count).to(batch["inputs"][name]) for name in square}
    apart = {**batch, "inputs": {**batch["inputs"], **alone}}
    other = _exchanged(apart, changed, (changed + count // 2) % count)
    before = exam.run(model, apart)
    after = exam.run(model, {**other, "inputs": {**other["inputs"], **alone}})
    moved = (after.double() - before.double()).abs().reshape(count, -1).amax(1)
    others = moved[torch.arange(count) != changed]
    least = _MOVES * max(float(before.double().std()), 1e-9)
    return float(others.max()) <= least < float(moved[changed])


def _by_row(exam: Exam, models: list[nn.Module]) -> list[Finding]:
    """Give the samples of a batch in another order: each answer should go with its sample.

    Not where what is added for the places of a text is added for those of the batch. A model that
    draws in evaluation too, as a variational autoencoder may, draws for each place in the batch.
    """
    batch = exam.train[0]
    count = len(batch["target"])
    inputs = {
        name: value.roll(1, 0) if value.ndim and len(value) == count else value
        for name, value in batch["inputs"].items()
    }
    for model in models:
        before = exam.run(model, batch).double()
        if _draws(exam, model, batch):
            continue
        after = exam.run(model, {**batch, "inputs": inputs}).double().roll(-1, 0)
        moved = (after - before).abs().reshape(count, -1).amax(1)
        if float(moved.median()) > _MOVES * max(float(before.std()), 1e-9):
            text = (
                "with the samples of a batch in another order, in evaluation mode, the outputs of "
                f"{int((moved > 0).sum())} of {count} move by up to {float(moved.max()):.3g}"
            )
            subject = "where a sample stands in the batch counts, as where it is taken for time"
            return [Finding(Cause.AXES_MIXED, "fault", text, subject)]
    return []


def _draws(exam: Exam, model: nn.Module, batch: Batch) -> bool:
    """Whether a model draws at random in evaluation too: by another draw its answers move."""
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "drawn anew"):
        other = exam.case.call(model, batch["inputs"])
    return not torch.equal(other, exam.run(model, batch))


def _by_batch(module: nn.Module) -> bool:
    """Whether a normalisation is by the batch in evaluation too, which is a choice."""
    return getattr(module, "track_running_stats", None) is False and "BatchNorm" in (
        type(module).__name__
    )


def _exchanged(batch: Batch, changed: int, other: int) -> Batch:
    inputs = {}
    for name, value in batch["inputs"].items():
        held = value
        if value.ndim and len(value) == len(batch["target"]):
            held = value.clone()
            held[changed] = value[other]
        inputs[name] = held
    return {**batch, "inputs": inputs}


def _places(exam: Exam, model: nn.Module) -> list[Finding]:
    """Change the input around some cells of a map: the output should move there most."""
    batch = exam.train[0]
    names = [n for n, v in batch["inputs"].items() if v.is_floating_point() and v.ndim == 4]
    if len(names) != 1 or len(batch["target"]) < 2:
        return []
    name = names[0]
    value = batch["inputs"][name]
    rows, columns = value.shape[2:]
    before = exam.run(model, batch)
    if before.ndim < 3 or min(rows, columns) < _LEAST:
        return []
    finer = before.shape[-1] // columns
    if not finer or tuple(before.shape[-2:]) != (finer * rows, finer * columns):
        return []
    drawn = torch.Generator().manual_seed(exam.seed)
    asked, answered, few = [], [], 0.0
    for number in range(_CELLS):
        row, column = (int(torch.randint(2, n - 2, (), generator=drawn)) for n in (rows, columns))
        moved = _moved(exam, model, batch, before, name, (number % len(value), row, column))
        if moved is None:
            return []
        asked.append((row, column))
        place = divmod(int(moved.argmax()), finer * columns)
        answered.append((place[0] // finer, place[1] // finer))
        most = moved.flatten().sort(descending=True).values
        few += float(most[: max(1, len(most) // 8)].sum() / most.sum()) / _CELLS
    exam.figures["places_in_an_eighth"] = few
    return _told(exam, model, torch.tensor(asked), torch.tensor(answered), (rows, columns))


def _moved(
    exam: Exam,
    model: nn.Module,
    batch: Batch,
    before: Tensor,
    name: str,
    at: tuple[int, int, int],
) -> Tensor | None:
    """Give how much each place (H, W) of a sample's output moves; None if none does.

    What moves by less than rounding can tell, as behind many layers that fade, has no place.
    """
    one, row, column = at
    value = batch["inputs"][name].clone()
    around = (one, slice(None), slice(row - 1, row + 2), slice(column - 1, column + 2))
    spread = value.std((0, 2, 3))[:, None, None]
    value[around] = value[around] + 2.0 * spread
    after = exam.run(model, {**batch, "inputs": {**batch["inputs"], name: value}})
    size = (after.double() - before.double()).abs()[one]
    moved = size.reshape(-1, *size.shape[-2:]).sum(0)
    return moved if float(moved.max()) > _ROUNDING * float(before[one].abs().max()) else None


def _told(
    exam: Exam, model: nn.Module, asked: Tensor, answered: Tensor, size: tuple[int, int]
) -> list[Finding]:
    """Compare the places that were changed (N, 2) with those where the output moved most."""
    ways = _ways(asked, *size)
    away = {name: (answered - way).abs().amax(1).double() for name, way in ways.items()}
    near = float((away["as it is"] <= max(size) / 4.0).double().mean())
    exam.figures["places_near"] = near
    best = min(away, key=lambda name: float(away[name].mean()))
    here, there = float(away["as it is"].mean()), float(away[best].mean())
    text = f"where the input is changed and where the output moves most lie {here:.1f} cells apart"
    if there <= _CLOSE and there < 0.5 * here:
        text += f", and {there:.1f} with the output's {best}"
        subject = f"the model gives the output with its {best}"
        return [Finding(Cause.AXES_MIXED, "fault", text, subject)]
    local = all(
        isinstance(m, _LOCAL) for m in model.modules() if any(True for _ in m.parameters(False))
    )
    # what goes through a few numbers of the whole map moves everywhere, and is no such mixing
    if local and near <= _SHARE and exam.figures["places_in_an_eighth"] > _NARROW:
        text += ", though all layers with weights look at neighbours alone"
        subject = "a reshape in the model mixes places"
        return [Finding(Cause.AXES_MIXED, "fault", text, subject)]
    return []


def _ways(asked: Tensor, rows: int, columns: int) -> dict[str, Tensor]:
    """Give where places (N, 2) come to lie when a map is turned or mirrored."""
    row, column = asked[:, 0], asked[:, 1]
    up, back = rows - 1 - row, columns - 1 - column
    ways = {
        "as it is": (row, column),
        "rows upside down": (up, column),
        "columns from right to left": (row, back),
        "turned by half a turn": (up, back),
    }
    if rows == columns:
        ways |= {
            "rows and columns exchanged": (column, row),
            "a quarter turn": (back, row),
            "a quarter turn the other way": (column, up),
            "exchanged and turned": (back, up),
        }
    return {name: torch.stack(way, 1) for name, way in ways.items()}
