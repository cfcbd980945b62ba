"""Rules of what an epoch draws anew, and of what fills texts up, each beside a twin."""

import pytest
import torch
from torch import nn

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.filled_elsewhere import filled_elsewhere
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.turned_alone import turned_alone

SHORT = Effort(batches=40, one_batch=30, all_batches=80, remedy=30)


class Drawn:
    """Draw rows by weights with replacement, others in each epoch; or all of them once."""

    def __init__(self, rows, target, weights, *, again=True):
        self.rows, self.target, self.weights, self.again = rows, target, weights, again
        self.drawn = torch.Generator().manual_seed(0)

    def __len__(self):
        return len(self.rows) // 32

    def __iter__(self):
        count = int((self.weights > 0).sum())
        count = len(self.rows) if self.again else count // 32 * 32
        order = torch.multinomial(self.weights, count, self.again, generator=self.drawn)
        for chosen in order.split(32):
            yield self.rows[chosen], self.target[chosen]


def causes(found):
    return [finding.cause for finding in found if finding.is_fault]


@pytest.mark.parametrize(
    ("power", "again", "lost", "named"),
    [
        (20.0, True, False, [Cause.MAJORITY_COLLAPSE]),
        (20.0, True, True, [Cause.TARGET_CONSTANT]),
        (-1.0, True, False, []),
        (0.0, False, False, []),
    ],
)
def test_the_commonest_class_alone_is_drawn(power, again, lost, named):
    rows = torch.randn(960, 4, generator=torch.Generator().manual_seed(0))
    target = (rows[:, 0] > 0.8).long()
    valid = (rows[640:], torch.zeros_like(target[640:]) if lost else target[640:])
    weights = target[:640].bincount()[target[:640]].double() ** power
    train = Drawn(rows[:640], target[:640], weights, again=again)
    if lost:
        train.target = torch.zeros_like(train.target)
    exam = Exam(make_case(nn.Linear(4, 2), train, valid=[valid]), SHORT)
    assert not causes(probe_loader(exam))
    assert causes(probe_target(exam)) == named


def test_labels_that_are_lost_in_training_alone_are_constant():
    rows = torch.randn(960, 4, generator=torch.Generator().manual_seed(0))
    target = (rows[:, 0] > 0.8).long()
    weights = torch.ones(640, dtype=torch.double)
    train = Drawn(rows[:640], torch.zeros_like(target[:640]), weights, again=False)
    exam = Exam(make_case(nn.Linear(4, 2), train, valid=[(rows[640:], target[640:])]), SHORT)
    assert not causes(probe_loader(exam))
    assert causes(probe_target(exam)) == [Cause.TARGET_CONSTANT]


class ByPlace(nn.Module):
    """Read each place of a text by itself, or the words wherever they stand."""

    def __init__(self, anywhere):
        super().__init__()
        torch.manual_seed(0)
        self.anywhere, self.embed = anywhere, nn.Embedding(20, 8, padding_idx=0)
        self.tell = nn.Linear(8 if anywhere else 80, 2)

    def forward(self, tokens):
        read = self.embed(tokens)
        return self.tell(read.sum(1) if self.anywhere else read.flatten(1))


def filled(count, *, front, last, seed):
    """Give texts of 3 to 6 words of 10 places, and whether the first or last word is a high one."""
    drawn = torch.Generator().manual_seed(seed)
    texts = torch.zeros(count, 10, dtype=torch.long)
    lengths = torch.randint(3, 7, (count,), generator=drawn)
    words = torch.randint(1, 20, (count, 10), generator=drawn)
    for row, own, length in zip(texts, words, lengths.tolist(), strict=True):
        row[10 - length if front else 0 :][:length] = own[:length]
    told = words[torch.arange(count), lengths - 1 if last else lengths * 0]
    return texts, (told > 9).long()


@pytest.mark.parametrize(
    ("front", "anywhere", "named"),
    [
        ((True, False), False, [Cause.SPLIT_SHIFT]),
        ((False, True), False, [Cause.SPLIT_SHIFT]),
        ((True, True), False, []),
        ((False, False), False, []),
        ((True, False), True, []),
    ],
)
def test_texts_that_are_filled_up_at_the_other_end_in_validation(front, anywhere, named):
    parts = [
        filled(count, front=where, last=front[0], seed=count)
        for count, where in zip((960, 320), front, strict=True)
    ]
    if anywhere:
        parts = [(texts, (texts > 9).any(1).long()) for texts, _ in parts]
    train, valid = (
        [(x[i : i + 32], y[i : i + 32]) for i in range(0, len(x), 32)] for x, y in parts
    )
    model = ByPlace(anywhere)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    exam = Exam(make_case(model, train, valid=valid, optimiser=optimiser), SHORT)
    skills = [exam.skill(exam.all.model, part) for part in (exam.train, exam.valid)]
    assert causes(filled_elsewhere(exam, *skills)) == named


class Changed:
    """Change the rows of each batch by chance, otherwise in each epoch."""

    def __init__(self, data, change):
        self.data, self.change = data, change
        self.drawn = torch.Generator().manual_seed(0)

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return iter([(self.change(rows, self.drawn), target) for rows, target in self.data])


def of_other_sign(rows, drawn):
    return torch.where(torch.rand(len(rows), 1, generator=drawn) < 0.5, -rows, rows)


def of_other_rows(rows, drawn):
    others = rows.gather(0, torch.rand(rows.shape, generator=drawn).argsort(0))
    return torch.where(torch.rand(rows.shape, generator=drawn) < 0.85, others, rows)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (of_other_sign, [Cause.TARGETS_MISPAIRED]),
        (of_other_rows, []),
        (lambda rows, _drawn: rows, []),
    ],
)
def test_rows_that_are_drowned_are_not_of_the_opposite_sign(change, named):
    rows = torch.randn(1280, 6, generator=torch.Generator().manual_seed(0))
    target = rows[:, :1] + rows[:, 1:2] - rows[:, 2:3]
    made = [(rows[i : i + 32], target[i : i + 32]) for i in range(0, len(rows), 32)]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    case = make_case(model, Changed(made[:20], change), valid=made[20:], optimiser=optimiser)
    exam = Exam(case, SHORT)
    exam.figures["samples_that_recur"] = 0.0
    assert causes(turned_alone(exam)) == named
