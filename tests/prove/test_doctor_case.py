"""What the doctor makes of batches, models and settings of other people."""

import copy
import re
import sys
from types import ModuleType

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.prove.batch import as_batch
from inundate.prove.case import call_model, make_case
from inundate.prove.foreign import Recorded, foreign_case, load_named
from inundate.prove.verdict import diagnose

MINE = """
import torch
from torch import nn

def model():
    return nn.Linear(3, 2)

def parts(config=None):
    net = nn.Linear(3, int(config["width"]) if config else 2)
    return {"model": net, "optimiser": torch.optim.SGD(net.parameters(), lr=0.1)}

def misspelt():
    return {"model": nn.Linear(3, 2), "optimizr": None}

def number():
    return 3

def breaks():
    raise RuntimeError("no such weights")

def loader():
    return [(torch.randn(4, 3), torch.randint(0, 2, (4,))) for _ in range(5)]

def both():
    return loader(), loader()
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return str(path)


def test_a_batch_is_a_pair_or_a_mapping():
    inputs, target = torch.zeros(2, 3), torch.zeros(2)
    assert as_batch((inputs, target))["inputs"]["input"] is inputs
    assert list(as_batch((inputs, inputs, target))["inputs"]) == ["input0", "input1"]
    named = as_batch({"input_ids": inputs, "attention_mask": inputs, "labels": target})
    assert list(named["inputs"]) == ["input_ids", "attention_mask"]
    assert named["target"] is target
    table = as_batch({"inputs": {"rain": inputs}, "target": target, "valid": target})
    assert table["valid"] is target


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (
            torch.zeros(2),
            "looking at a batch: found Tensor; expected (inputs, target) or a mapping",
        ),
        ({"rain": torch.zeros(2)}, "found the keys ['rain']; expected one of target, targets"),
        (([1, 2], torch.zeros(2)), "its inputs are dict; expected tensors"),
    ],
)
def test_what_is_no_batch_is_told(raw, text):
    with pytest.raises(DataError) as caught:
        as_batch(raw)
    assert text in str(caught.value)


def test_of_a_result_with_parts_the_logits_are_taken():
    class Two(nn.Module):
        def forward(self, input_ids):
            return {"other": input_ids, "logits": input_ids + 1}

    assert call_model(Two(), {"input_ids": torch.zeros(1)}).item() == 1.0


def test_a_copy_keeps_model_and_optimiser_together():
    model = nn.Linear(2, 1)
    case = make_case(model, [], optimiser=torch.optim.SGD(model.parameters(), lr=0.1))
    copied, optimiser = case.pair()
    assert copied is not model
    assert optimiser.param_groups[0]["params"][0] is copied.weight


def test_a_factory_gives_a_model_or_its_parts(mine):
    assert foreign_case(f"{mine}:model", f"{mine}:loader").valid is None
    case = foreign_case(f"{mine}:parts", f"{mine}:both")
    assert case.valid is not None
    assert case.pair()[1].param_groups[0]["lr"] == 0.1


def test_settings_that_nothing_reads_are_told(mine):
    case = foreign_case(f"{mine}:parts", f"{mine}:loader", config={"width": 4, "depht": 2})
    assert case.unread == ("depht",)
    assert case.model.out_features == 4
    config = Recorded({"net": {"width": 1, "depth": 2}, "rate": 1})
    assert config.unread() == ["net", "rate"]
    assert config["net"]["depth"] == 2
    assert config.unread() == ["net.width", "rate"]


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("{}:misspelt", ConfigError, "gave the part 'optimizr'; expected some of model, loss"),
        ("{}:number", ConfigError, "gave int; expected a torch module, or a mapping with 'model'"),
        ("{}:breaks", ConfigError, "breaks: RuntimeError: no such weights"),
        ("{}:modle", ConfigError, "has no 'modle'"),
        ("nowhere.py:model", MissingFileError, "there is no file nowhere.py"),
        ("no_such_module:model", MissingFileError, "importing no_such_module: No module named"),
        ("model", ConfigError, "looking for 'model': expected module:name or file.py:name"),
    ],
)
def test_what_cannot_be_found_is_told(mine, name, error, text):
    with pytest.raises(error) as caught:
        foreign_case(name.format(mine), f"{mine}:loader")
    assert text in str(caught.value)


def test_the_nearest_name_is_offered(mine):
    with pytest.raises(ConfigError) as caught:
        load_named(f"{mine}:modle")
    assert caught.value.hint == "did you mean 'model'?"


@pytest.mark.parametrize(
    ("key", "part", "text"),
    [
        ("loss", "mse", "gave 'mse' as loss; expected a function of output and target"),
        ("loss", nn.MSELoss, "gave the class MSELoss as loss"),
        ("step", 3, "gave int as step; expected a function of model, optimiser and batch"),
        ("optimiser", torch.optim.Adam, "the class Adam as optimiser; expected an optimiser, or"),
        ("optimizer", [nn.Linear(1, 1), 2], "gave list of Linear, int as optimizer"),
        ("model", nn.Linear, "gave the class Linear as model; expected a torch module"),
    ],
)
def test_parts_that_are_no_functions_are_refused(monkeypatch, key, part, text):
    module = ModuleType("given_parts")
    module.make = lambda: {"model": nn.Linear(2, 1), key: part}
    module.load = list
    monkeypatch.setitem(sys.modules, "given_parts", module)
    with pytest.raises(ConfigError, match=re.escape(text)):
        foreign_case("given_parts:make", "given_parts:load")


@pytest.mark.parametrize(
    ("key", "hint"),
    [("lr_scheduler", "give a step(model, optimiser, batch)"), ("optimizr", "'optimizer'?")],
)
def test_where_a_part_belongs_is_told(monkeypatch, key, hint):
    module = ModuleType("given_parts")
    module.make = lambda: {"model": nn.Linear(2, 1), key: None}
    module.load = list
    monkeypatch.setitem(sys.modules, "given_parts", module)
    with pytest.raises(ConfigError) as caught:
        foreign_case("given_parts:make", "given_parts:load")
    assert hint in caught.value.hint


def pairs():
    drawn = torch.Generator().manual_seed(0)
    rows = torch.randn(64, 3, generator=drawn)
    return [(rows[i : i + 16], rows[i : i + 16, :1]) for i in range(0, 64, 16)]


def test_a_step_that_trains_another_model_is_refused_and_undone():
    model = nn.Linear(3, 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    held = copy.deepcopy(model.state_dict())

    def step(_model, _optimiser, batch):
        loss = functional.mse_loss(model(batch[0]), batch[1])
        loss.backward()
        optimiser.step()
        return loss

    with pytest.raises(DataError, match="it trains the model of the factory"):
        diagnose(make_case(model, pairs(), optimiser=optimiser, step=step))
    assert all(torch.equal(value, held[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("given", "text"), [(None, "it gave NoneType"), (torch.zeros(3), r"it gave \(3,\)")]
)
def test_a_step_that_does_not_give_its_loss_is_told_so(given, text):
    with pytest.raises(DataError, match=text):
        diagnose(make_case(nn.Linear(3, 1), pairs(), step=lambda *_: given))
