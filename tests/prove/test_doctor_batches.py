"""Batches without a row for each sample, batches with time first, models of several outputs."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from inundate.core.errors import DataError
from inundate.prove.batch import SEVERAL, as_batch, as_given
from inundate.prove.case import Fixed, make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.kind import numbered
from inundate.prove.probe.loader import sample_keys
from inundate.prove.ragged import is_apart, pieces
from inundate.prove.several import LossOfWhole
from inundate.prove.side_by_side import side_by_side
from inundate.prove.time_first import samples_first
from inundate.prove.verdict import diagnose

SHORT = Effort(batches=20, one_batch=80, all_batches=120, remedy=40)


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=1e-2)


# words of all texts in one row ---------------------------------------------------------------


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.tell = nn.EmbeddingBag(50, 16), nn.Linear(16, 2)

    def forward(self, words, begins):
        return self.tell(self.words(words, begins))


def texts(count=640):
    """Give texts of 3 to 11 words, and whether more than a fifth of those are of the first ten."""
    drawn = torch.Generator().manual_seed(1)
    sizes = torch.randint(3, 12, (count,), generator=drawn).tolist()
    rows = [torch.randint(0, 50, (size,), generator=drawn) for size in sizes]
    return [(row, int((row < 10).float().mean() > 0.2)) for row in rows]


def in_one_row(pairs):
    rows, labels = zip(*pairs, strict=True)
    begins = torch.tensor([0, *map(len, rows[:-1])]).cumsum(0)
    return (torch.cat(rows), begins), torch.tensor(labels)


def bags(train, valid, collate=in_one_row, model=None, **own):
    torch.manual_seed(0)
    loaders = [DataLoader(part, 32, shuffle=n == 0, collate_fn=collate)
               for n, part in enumerate((train, valid))]  # fmt: skip
    own = {"optimiser": adam, **own}
    return make_case(model or Bag(), loaders[0], valid=loaders[1], **own)


def test_a_bag_of_words_with_offsets_is_examined():
    rows = texts()
    verdict = diagnose(bags(rows[:480], rows[480:]), effort=SHORT)
    assert verdict.answer == "healthy"
    assert any("no row for each sample" in line for line in verdict.told)
    assert not any("could not be run" in line for line in verdict.told)


@pytest.mark.parametrize(
    ("own", "cause"),
    [
        ({"optimiser": lambda m: adam(m.tell)}, Cause.OPTIMISER_MISSES),
        ({"optimiser": lambda m: torch.optim.SGD(m.parameters(), 1e-6)}, Cause.RATE_TOO_LOW),
        ({"loss": lambda o, t: -functional.cross_entropy(o, t)}, Cause.LOSS_SIGN),
        ({"loss": lambda o, t: functional.cross_entropy(o.softmax(1), t)},
         Cause.LOSS_OUTPUT_MISMATCH),
    ],
)  # fmt: skip
def test_a_fault_beside_a_bag_of_words_is_named(own, cause):
    rows = texts()
    assert diagnose(bags(rows[:480], rows[480:], **own), effort=SHORT).cause is cause


def test_texts_of_one_row_that_are_in_both_parts_are_found():
    rows = texts()
    verdict = diagnose(bags(rows[:480], rows[320:480]), effort=SHORT)
    assert verdict.cause is Cause.SPLIT_LEAK


def test_what_belongs_to_a_sample_is_cut_out_of_its_batch():
    words, nodes = torch.arange(9), torch.tensor([0, 0, 0, 1, 2, 2, 2, 2, 2])
    begins, target = torch.tensor([0, 3, 4]), torch.zeros(3)
    other = torch.tensor([0.5, 1.5, 2.5])
    for inputs in ((words, begins, other), (words, nodes, other)):
        found = pieces(as_batch((inputs, target)))
        assert [one[0].tolist() for one in found] == [[0, 1, 2], [3], [4, 5, 6, 7, 8]]
        assert [float(one[1]) for one in found] == other.tolist()
    edges = torch.randint(9, (2, 20), generator=torch.Generator().manual_seed(0))
    assert [len(one) for one in pieces(as_batch(((words, edges, nodes), target)))] == [1, 1, 1]
    assert pieces(as_batch(((words, edges), target))) is None
    assert not is_apart(as_batch((torch.tensor(1.0), target)))
    rows = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(pieces(as_batch((rows, target)))[1][0], rows[1])


def test_batches_that_cannot_be_taken_apart_are_known_by_their_places():
    edges = torch.randint(4, (2, 20), generator=torch.Generator().manual_seed(0))
    one, other = (as_batch(((torch.full((4, 3), v), edges), torch.zeros(4))) for v in (0.0, 1.0))
    keys = sample_keys([one, other, one])
    assert keys[0] == keys[2]
    assert len({*keys[0], *keys[1]}) == 8


class Graph(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 24), nn.Linear(24, 2)

    def forward(self, nodes, edges):
        held = self.first(nodes).relu()
        found = torch.zeros_like(held).index_add_(0, edges[1], held[edges[0]])
        return self.second(held + found / 4.0)


def graph(seed, count=60):
    """Give nodes that are mostly tied to those of their own kind, which shows in each a little."""
    drawn = torch.Generator().manual_seed(seed)
    kind = torch.randint(2, (count,), generator=drawn)
    ends = torch.randint(count, (2, 5 * count), generator=drawn)
    nodes = torch.randn(count, 4, generator=drawn)
    nodes[:, 0] += kind
    return {"nodes": nodes, "edges": ends[:, kind[ends[0]] == kind[ends[1]]], "y": kind}


def test_nodes_beside_edges_are_examined():
    torch.manual_seed(0)
    data = [graph(seed) for seed in range(24)]
    case = make_case(Graph(), data[:16], valid=data[16:], optimiser=adam)
    assert diagnose(case, effort=SHORT).answer == "healthy"
    case = make_case(Graph(), data[:16], valid=data[8:16], optimiser=adam)
    assert diagnose(case, effort=SHORT).cause is Cause.SPLIT_LEAK


# time before the samples ---------------------------------------------------------------------


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.read = nn.Embedding(51, 16, padding_idx=50), nn.GRU(16, 24)
        self.tell = nn.Linear(24, 2)

    def forward(self, words, sizes):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.words(words), sizes.cpu(), enforce_sorted=False
        )
        return self.tell(self.read(packed)[1][-1])


def time_first(pairs):
    rows, labels = zip(*pairs, strict=True)
    sizes = torch.tensor([len(row) for row in rows])
    padded = nn.utils.rnn.pad_sequence(rows, padding_value=50)
    return (padded, sizes), torch.tensor(labels)


def test_texts_with_time_first_are_read_with_samples_first():
    rows = texts()
    case = bags(rows[:480], rows[480:], time_first, Reader())
    turned = samples_first(case, list(case.batches(case.train, 3)))
    batch = next(turned.batches(turned.train, 1))
    assert len(batch["inputs"]["input0"]) == len(batch["target"]) == 32
    assert turned.train.dataset is case.train.dataset
    plain = next(turned.batches(turned.valid, 1))
    direct = next(case.batches(case.valid, 1))
    assert torch.equal(turned.call(case.model, plain["inputs"]),
                       case.call(case.model, direct["inputs"]))  # fmt: skip
    verdict = diagnose(case, effort=SHORT)
    assert verdict.answer == "healthy"
    assert any("time before the samples" in line for line in verdict.told)
    assert "overlapping_texts" in verdict.figures  # samples were asked one by one


class NextWord(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.read, self.tell = nn.Embedding(12, 16), nn.GRU(16, 24), nn.Linear(24, 12)

    def forward(self, words):
        return self.tell(self.read(self.words(words))[0])


def next_words(loss, step=None):
    drawn = torch.Generator().manual_seed(0)
    follows = torch.softmax(3.0 * torch.randn(12, 12, generator=drawn), 1)
    said = [0]
    for _ in range(4800):
        said.append(int(torch.multinomial(follows[said[-1]], 1, generator=drawn)))
    rows = torch.tensor(said[:4800]).view(8, -1).t()  # (T, B)
    data = [(rows[i : i + 19], rows[i + 1 : i + 20]) for i in range(0, len(rows) - 20, 19)]
    torch.manual_seed(0)
    return make_case(NextWord(), data[:22], valid=data[22:], loss=loss, optimiser=adam, step=step)


def of_words(output, target):
    return functional.cross_entropy(output.reshape(-1, 12), target.reshape(-1))


def test_next_words_with_time_first_do_not_look_like_mixed_samples():
    seen = []

    def step(model, optimiser, batch):
        seen.append(tuple(batch[0].shape))
        optimiser.zero_grad()
        loss = of_words(model(batch[0]), batch[1])
        loss.backward()
        optimiser.step()
        return loss

    case = next_words(of_words, step)
    batches = list(case.batches(case.train, 3))
    turned = samples_first(case, batches)
    batch = next(turned.batches(turned.train, 1))
    assert turned.call(case.model, batch["inputs"]).shape == (8, 19, 12)
    assert torch.equal(turned.loss(case.model, batch), case.loss(case.model, batches[0]))
    output = turned.call(case.model, batch["inputs"])
    assert torch.allclose(turned.loss(Fixed(output), batch), case.loss(case.model, batches[0]))
    assert diagnose(case, effort=SHORT).answer == "healthy"
    assert set(seen) == {(19, 8)}  # a step of the user's own is given what the loader gave


def test_samples_that_are_first_stay_so():
    rows = texts(96)
    case = bags(rows[:64], rows[64:])
    assert samples_first(case, list(case.batches(case.train, 3))) is None
    square = torch.arange(16).reshape(4, 4)
    case = make_case(nn.Linear(4, 4), [(square[:, :3], square[:, 1:])])
    assert samples_first(case, list(case.batches(case.train, 1))) is None  # by the second axis
    assert samples_first(case, []) is None


# several outputs -----------------------------------------------------------------------------


class Two(nn.Module):
    def __init__(self, outputs, form=tuple):
        super().__init__()
        self.first, self.second = nn.Linear(6, 24), nn.Linear(24, 24)
        self.main, self.helps = nn.Linear(24, outputs), nn.Linear(24, outputs)
        self.form = form

    def forward(self, rows):
        held = self.first(rows).relu()
        found = self.main(self.second(held).relu()), self.helps(held)
        return dict(zip(("out", "aux"), found, strict=True)) if self.form is dict else found


def both(output, target):
    parts = output.values() if isinstance(output, dict) else output
    return sum(functional.cross_entropy(part, target) for part in parts)


def mean_and_spread(output, target):
    mean, logarithm = output
    return 0.5 * (logarithm + (target - mean).square() * torch.exp(-logarithm)).mean()


def table(loss, model, *, classes=True, **own):
    drawn = torch.Generator().manual_seed(0)
    rows = torch.randn(640, 6, generator=drawn)
    target = (rows[:, 0] + rows[:, 1] > 0).long() + (rows[:, 2] > 0.5).long()
    if not classes:
        target = (rows[:, :1] - rows[:, 1:2]).tanh() + 0.2 * torch.randn(640, 1, generator=drawn)
    data = [(rows[i : i + 32], target[i : i + 32]) for i in range(0, 640, 32)]
    own = {"optimiser": adam, **own}
    return make_case(model, data[:14], valid=data[14:], loss=loss, **own)


@pytest.mark.parametrize("form", [tuple, dict])
def test_a_loss_of_two_outputs_is_given_both(form):
    torch.manual_seed(0)
    assert diagnose(table(both, Two(3, form)), effort=SHORT).answer == "healthy"
    turned = table(lambda o, t: -both(o, t), Two(3, form))
    assert diagnose(turned, effort=SHORT).cause is Cause.LOSS_SIGN


def test_a_mean_and_a_spread_of_two_layers_are_examined():
    torch.manual_seed(0)
    case = table(mean_and_spread, Two(1), classes=False)
    assert diagnose(case, effort=SHORT).answer == "healthy"


def test_a_loss_that_refuses_both_is_given_the_first():
    torch.manual_seed(0)
    case = table(nn.CrossEntropyLoss(), Two(3))
    batch = next(case.batches(case.train, 1))
    first = case.model(batch["inputs"]["input"])[0]
    assert torch.equal(
        case.loss(case.model, batch), functional.cross_entropy(first, batch["target"])
    )
    assert diagnose(case, effort=SHORT).cause is Cause.NO_GRADIENT  # of the second, which is left


def test_a_loss_that_fails_on_both_says_what_it_said_first():
    def broken(output, target):
        raise RuntimeError(f"given {type(output).__name__}")

    torch.manual_seed(0)
    verdict = diagnose(table(broken, Two(3)), effort=SHORT)
    assert verdict.cause is Cause.DOES_NOT_RUN
    assert "given tuple" in verdict.finding.evidence


def test_an_answer_takes_the_place_of_all_outputs_that_are_answers():
    torch.manual_seed(0)
    model = Two(3)
    rows, target = torch.randn(8, 6), torch.arange(8) % 3
    whole = LossOfWhole(model, both, lambda m, i: m(i["input"]), lambda found: found[0])
    sure = 20.0 * functional.one_hot(target, 3).float()
    assert float(whole.of_answer(sure, {"input": rows}, target)) < 1e-3
    own = model(rows)[0].detach()  # what the model says by itself stands as it is
    asked = whole.of_answer(own, {"input": rows}, target)
    assert torch.allclose(asked, both(model(rows), target), atol=1e-5)


def test_a_score_below_zero_is_no_loss_of_numbered_classes():
    torch.manual_seed(0)
    exam = Exam(table(lambda o, t: -both(o, t), Two(3)), SHORT)
    found = {"right": -0.5, "wrong": -20.5, "constant": -1.4}
    assert exam.output.shape == (32, 3)
    assert not numbered(exam, exam.typical, found)


# several questions ---------------------------------------------------------------------------


class TwoTasks(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 32)
        self.size, self.kind = nn.Linear(32, 1), nn.Linear(32, 2)

    def forward(self, rows):
        held = self.first(rows).relu()
        return self.size(held), self.kind(held)


def of_two(output, target):
    return functional.mse_loss(output[0], target[0]) + functional.cross_entropy(
        output[1], target[1]
    )


def two_tasks(*, shuffled=False, named=False, **own):
    drawn = torch.Generator().manual_seed(0)
    rows = torch.randn(640, 6, generator=drawn)
    size = (rows[:, :1] - rows[:, 1:2]).tanh() + 0.1 * torch.randn(640, 1, generator=drawn)
    kind = (rows[:, 2] + rows[:, 3] > 0).long()
    order = torch.randperm(640, generator=drawn) if shuffled else torch.arange(640)
    size, kind = size[order], kind[order]
    cut = [slice(i, i + 32) for i in range(0, 640, 32)]
    data = [(rows[c], {"a": size[c], "b": kind[c]} if named else (size[c], kind[c])) for c in cut]
    torch.manual_seed(0)
    own = {"loss": of_two, "optimiser": adam, **own}
    return make_case(TwoTasks(), data[:14], valid=data[14:], **own)


def test_several_targets_are_taken_apart_again():
    drawn = torch.Generator().manual_seed(0)
    parts = {"a": torch.randn(4, 2, 3, generator=drawn), "b": torch.tensor([0, 1, 2, 0])}
    for target in (parts, tuple(parts.values())):
        batch = as_batch((torch.zeros(4, 1), target))
        assert batch["target"].shape == (4, 7)
        given = batch[SEVERAL].given(batch["target"][[2, 0]])
        given = given if isinstance(target, dict) else dict(zip("ab", given, strict=True))
        assert torch.equal(given["a"], parts["a"][[2, 0]])
        assert given["b"].tolist() == [2, 0]
        assert given["b"].dtype == torch.long


def test_a_part_of_a_batch_may_be_called_several():
    drawn = torch.Generator().manual_seed(0)
    raw = {
        "inputs": torch.randn(4, 6, generator=drawn),
        "target": torch.arange(4) % 3,
        "several": 2,
    }
    case = make_case(nn.Linear(6, 3), [raw])
    batch = next(case.batches(case.train, 1))
    plain = functional.cross_entropy(case.model(raw["inputs"]), raw["target"])
    assert torch.equal(case.loss(case.model, batch), plain)


def test_a_model_of_two_tasks_is_judged_by_both():
    named = two_tasks(named=True, loss=lambda o, t: of_two(o, (t["a"], t["b"])))
    assert diagnose(named, effort=SHORT).answer == "healthy"

    def metric(output, target):
        return (output[1].argmax(1) == target[1]).float().mean()

    verdict = diagnose(two_tasks(metric=metric), effort=SHORT)
    assert verdict.answer == "healthy"
    assert any("several outputs" in line for line in verdict.told)
    shuffled = diagnose(two_tasks(shuffled=True), effort=SHORT)
    assert shuffled.cause in (Cause.TARGETS_UNRELATED, Cause.MEMORISES)
    rate = two_tasks(optimiser=lambda m: torch.optim.SGD(m.parameters(), lr=30.0))
    assert diagnose(rate, effort=SHORT).cause is Cause.RATE_TOO_HIGH


def test_outputs_stand_side_by_side_where_they_are_no_answers_to_one_question():
    case = two_tasks()
    exam = Exam(case, SHORT)
    made = side_by_side(case, exam.train, exam.output)
    batch = exam.train[0]
    output = made.call(case.model, batch["inputs"])
    assert output.shape == (32, 3)
    assert torch.allclose(made.loss(Fixed(output), batch), case.loss(case.model, batch))
    assert torch.allclose(made.loss(case.model, batch), case.loss(case.model, batch))
    torch.manual_seed(0)
    for model, loss, classes in ((Two(3), both, True), (Two(3), nn.CrossEntropyLoss(), True)):
        exam = Exam(table(loss, model, classes=classes), SHORT)
        assert side_by_side(exam.case, exam.train, exam.output) is None
    exam = Exam(table(mean_and_spread, Two(1), classes=False), SHORT)
    assert side_by_side(exam.case, exam.train, exam.output) is not None


# other forms of inputs and targets -----------------------------------------------------------


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.read, self.tell = nn.GRU(3, 24), nn.Linear(24, 1)

    def forward(self, rows):
        return self.tell(self.read(rows)[1][-1])


def packed(pairs):
    rows, target = zip(*pairs, strict=True)
    return nn.utils.rnn.pack_sequence(rows, enforce_sorted=False), torch.stack(target)


def test_packed_sequences_are_rows_for_the_doctor_and_packed_for_the_model():
    drawn = torch.Generator().manual_seed(0)
    sizes = torch.randint(3, 10, (480,), generator=drawn).tolist()
    rows = [torch.randn(size, 3, generator=drawn) for size in sizes]
    pairs = [(row, 0.5 * row.sum(0)[:1]) for row in rows]
    batch = as_batch(packed(pairs[:4]))
    assert list(batch["inputs"]) == ["input_packed", "input_sizes"]
    assert torch.equal(batch["inputs"]["input_packed"][1, : sizes[1]], rows[1])
    again = as_given(batch["inputs"])["input"]
    assert torch.equal(again.data, packed(pairs[:4])[0].data)
    assert diagnose(bags(pairs[:352], pairs[352:], packed, Packed()), effort=SHORT).answer == (
        "healthy"
    )


def test_complex_inputs_are_pairs_for_the_doctor_and_complex_for_the_model():
    drawn = torch.Generator().manual_seed(0)
    waves = torch.randn(8, 3, dtype=torch.complex64, generator=drawn)
    batch = as_batch((waves.conj(), torch.zeros(8)))
    assert batch["inputs"]["input_real_imaginary"].shape == (8, 3, 2)
    assert torch.equal(as_given(batch["inputs"])["input"], waves.conj())


@pytest.mark.parametrize("number", [255, -1])
def test_a_class_that_counts_for_nothing_is_no_class(number):
    drawn = torch.Generator().manual_seed(0)
    maps = torch.randn(192, 1, 8, 8, generator=drawn)
    target = (functional.avg_pool2d(maps, 3, 1, 1)[:, 0] > 0.1).long()
    target[torch.rand(target.shape, generator=drawn) < 0.2] = number
    data = [(maps[i : i + 16], target[i : i + 16]) for i in range(0, 192, 16)]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 2, 1))
    loss = nn.CrossEntropyLoss(ignore_index=number)
    case = make_case(model, data[:8], valid=data[8:], loss=loss, optimiser=adam)
    verdict = diagnose(case, effort=SHORT)
    assert verdict.answer == "healthy"
    assert not any("could not be run" in line for line in verdict.told)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ([torch.zeros(2, 3), (torch.zeros(2), torch.zeros(3))], "a row for each sample"),
        ({"x": torch.zeros(2), "target": {"a": 1.0}}, "its target is dict"),
        ((torch.zeros(2, 3), [0.0, 1.0]), "several targets must be tensors"),
        ((torch.zeros(2, 3), 1.0), "torch.as_tensor"),
        ([torch.zeros(2, 3)], "gives its input back"),
        ((torch.zeros(2, 3).to_sparse(), torch.zeros(2)), "expected a dense tensor"),
    ],
)
def test_a_form_that_is_not_known_is_refused_with_what_to_do(raw, told):
    with pytest.raises(DataError) as error:
        as_batch(raw)
    assert told in f"{error.value} {error.value.hint}"
