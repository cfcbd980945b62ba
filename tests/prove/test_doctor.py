"""Healthy models are called healthy; a few faults of each kind are named, with evidence."""

import copy
import json

import pytest
import torch
from torch import nn

from inundate.cli.doctor_bench import bodies
from inundate.cli.doctor_bench.parts import pick
from inundate.cli.doctor_bench.tuning import TUNING
from inundate.learn.device import cpu_threads
from inundate.prove.case import make_case
from inundate.prove.cause import RANK, Cause, first_thing, says
from inundate.prove.decide import decide
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.page import page
from inundate.prove.verdict import diagnose

FAULTS = {fault.name: fault for fault in TUNING}
QUICK = Effort(batches=30, one_batch=120, all_batches=200, remedy=80)


@pytest.fixture(autouse=True)
def _one_thread():
    with cpu_threads(1):
        yield


@pytest.mark.parametrize("make", [bodies.table_classes, bodies.digit_mlp, bodies.bag_of_words])
def test_healthy_models_are_called_healthy(make):
    verdict = diagnose(make(5).case("mine"), effort=QUICK)
    assert verdict.answer == "healthy", verdict.text()
    assert verdict.figures["skill_valid"] > 0.3


@pytest.mark.parametrize(
    "name",
    [
        "Adam at 3",
        "optimiser without the last layer",
        "label among the features",
        "validation not normalised",
        "first batch again and again",
        "sorted by label",
        "NaN in a target",
        "log of an input",
        "half precision, small loss",
        "no zero_grad",
        "no step",
        "metric halved",
        "targets times 1e5",
        "weights all 0.01",
        "targets mixed within each batch",
    ],
)
def test_faults_are_named(name, tmp_path):
    fault = FAULTS[name]
    verdict = diagnose(fault.make(tmp_path).case(name), effort=QUICK)
    assert verdict.cause is fault.cause, verdict.text()
    assert any(letter.isdigit() for letter in verdict.finding.evidence)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Using a target size")  # of torch; one of the faults
@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_that_the_rules_were_tuned_on_is_named(name, tmp_path_factory):
    from inundate.cli.doctor_bench.run import examine

    work = tmp_path_factory.getbasetemp() / "doctor"
    found = examine(FAULTS[name], work)
    assert found.right, found.verdict.text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that are not ours
def test_models_that_no_one_here_wrote():
    from inundate.cli.doctor_bench.run import examine
    from inundate.cli.doctor_bench.strangers import STRANGER_FAULTS, STRANGERS

    for case in (*STRANGERS, *STRANGER_FAULTS):
        found = examine(case, None)
        assert found.right, found.verdict.text()


def test_the_model_stays_as_it_is():
    parts = bodies.digit_mlp(3)
    before = copy.deepcopy(parts.model.state_dict())
    diagnose(parts.case("mine"), effort=QUICK)
    assert all(value.equal(before[key]) for key, value in parts.model.state_dict().items())
    assert parts.model.training


def test_the_same_seed_gives_the_same_verdict():
    one, two = (diagnose(bodies.table_classes(7).case("mine"), effort=QUICK) for _ in range(2))
    assert one.figures == two.figures


def test_what_cannot_be_run_is_told_with_the_error():
    data = [(torch.randn(4, 3), torch.randint(0, 2, (4,))) for _ in range(3)]
    verdict = diagnose(make_case(nn.Linear(5, 2), data))
    assert verdict.cause is Cause.DOES_NOT_RUN
    assert "mat1 and mat2 shapes cannot be multiplied" in verdict.finding.evidence


def test_a_suspicion_is_named_only_where_nothing_is_learnt():
    exam = Exam(bodies.table_classes(1).case("mine"))
    exam.findings = [Finding(Cause.INPUT_SCALE, "suspect", "mean 1000", "'input'")]
    exam.figures["healthy"] = 1.0
    assert decide(exam).answer == "healthy"
    assert decide(exam).also == tuple(exam.findings)
    exam.figures["healthy"] = 0.0
    assert decide(exam).cause is Cause.INPUT_SCALE
    assert decide(exam).confidence == "low"
    exam.findings = []
    assert decide(exam).answer == "cannot-say"


def test_of_several_faults_the_one_that_explains_the_others_is_named():
    exam = Exam(bodies.table_classes(1).case("mine"))
    exam.findings = [
        Finding(Cause.MEMORISES, "fault", "0.9 against 0"),
        Finding(Cause.OPTIMISER_MISSES, "fault", "2 of 4", "tell"),
        Finding(Cause.LOADER_SORTED, "suspect", "1 of 3"),
    ]
    verdict = decide(exam)
    assert verdict.cause is Cause.OPTIMISER_MISSES
    assert [f.cause for f in verdict.also] == [Cause.MEMORISES, Cause.LOADER_SORTED]


def test_every_cause_has_its_words():
    for cause in Cause:
        assert says(cause, "here")
        assert first_thing(cause, "10")
        assert "{" not in says(cause) + first_thing(cause)
    assert len(RANK) == len(Cause)


def test_a_setting_that_nothing_reads_is_a_cause():
    parts = pick(bodies.table_classes(2), unread=("optim.lr",))
    verdict = diagnose(parts.case("mine"), effort=QUICK)
    assert verdict.says() == "the settings optim.lr are read by nothing"


def test_verdict_as_text_json_and_page():
    verdict = diagnose(FAULTS["channel times 0"].make(None).case("<mine>"), effort=QUICK)
    assert verdict.text().splitlines()[1].split() == [
        "cause", "ignores-input", "(high", "confidence)",
    ]  # fmt: skip
    record = json.loads(json.dumps(verdict.record()))
    assert record["cause"] == "ignores-input"
    assert record["first"].startswith("see that it reaches forward")
    html = page(verdict)
    assert "&lt;mine&gt;" in html
    assert "<mine>" not in html
    assert "data:image/png;base64," in html
    assert "http" not in html
    assert html.count("<polyline") == 2
