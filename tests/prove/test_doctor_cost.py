"""What an examination may cost: shorter trials of dear models, none for what is known."""

import torch
from torch import nn

from inundate.prove.afford import affordable, step_cost
from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth


def exam_of(layers=1):
    body = [layer for _ in range(layers) for layer in (nn.Linear(4, 4), nn.Tanh())]
    rows = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    data = [(rows[i : i + 8], rows[i : i + 8, :1]) for i in range(0, 32, 8)]
    return Exam(make_case(nn.Sequential(*body, nn.Linear(4, 1)), data), Effort())


def test_cost_is_counted_and_grows_with_the_model():
    assert step_cost(exam_of()) == step_cost(exam_of())
    assert step_cost(exam_of(40)) > 5 * step_cost(exam_of())


def test_dear_models_have_shorter_trials_but_one_batch_is_learnt_as_ever():
    usual = Effort()
    dear = affordable(usual, 0.1)
    assert affordable(usual, 1e-3) == usual
    assert dear.one_batch == usual.one_batch
    assert dear.all_batches < usual.all_batches
    assert affordable(usual, 1e3) == affordable(usual, 1.0)  # never so short that nothing is learnt


def test_no_trial_is_made_for_what_could_not_be_named_any_more():
    exam = exam_of()
    assert worth(exam, Cause.RATE_TOO_LOW)
    exam.findings.append(Finding(Cause.AXES_MIXED, "fault", ""))
    assert not worth(exam, Cause.RATE_TOO_LOW, Cause.CANNOT_FIT)
    assert worth(exam, Cause.OPTIMISER_MISSES)
    assert exam.figures["trials_not_needed"] == 1.0


def test_what_may_follow_from_something_else_stops_no_trial():
    exam = exam_of()
    exam.findings.append(Finding(Cause.IGNORES_INPUT, "fault", "", "its inputs"))
    exam.findings.append(Finding(Cause.AXES_MIXED, "suspect", ""))
    assert worth(exam, Cause.RATE_TOO_LOW)


def test_a_rate_that_was_found_on_one_batch_is_not_looked_for_again_unless_all_is_learnt():
    exam = exam_of()
    exam.findings.append(Finding(Cause.RATE_TOO_HIGH, "fault", "", "10", tried=True))
    assert not worth(exam, Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW)
    exam.figures["enough"] = 1.0
    assert worth(exam, Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW)
