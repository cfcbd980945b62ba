"""Emulators that are broken on purpose are stopped, by the right name; healthy ones are not."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

from inundate.core.run import Run
from inundate.emulate import train as training_module
from inundate.emulate.zoo import make_model
from inundate.learn.alarm import Cause, TrainingStopped
from inundate.learn.settings import WatchSettings

_SPEC = importlib.util.spec_from_file_location(
    "small_flood", Path(__file__).parents[1] / "emulate" / "small_flood.py"
)
small = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(small)

# the Temporal CNN starts from nothing: on this data it uses the rain after some 40 steps
GRACE = {"mode_h": 10, "temporal_cnn": 60}
RATE = {"mode_h": 3e-3, "temporal_cnn": 1e-2}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small.build(tmp_path_factory.mktemp("flood"))


class Broken(nn.Module):
    """A model of the zoo with a fault before or behind it."""

    def __init__(self, inner, *, before=None, behind=None):
        super().__init__()
        self.inner, self.before, self.behind = inner, before, behind

    def forward(self, inputs):
        found = self.inner(self.before(inputs) if self.before else inputs)
        self.latent_loss = getattr(self.inner, "latent_loss", None)
        return self.behind(found, inputs) if self.behind else found


def ignoring(*names):
    """The inputs named are the same whatever the sample."""

    def before(inputs):
        return {key: torch.zeros_like(v) if key in names else v for key, v in inputs.items()}

    return {"before": before}


def behind(function):
    return {"behind": lambda found, _inputs: function(found)}


CONSTANT = behind(lambda found: 0.0 * found + found.mean() * 0.0 + 0.02)
DRY = behind(lambda found: found * 1e-6)
NAN = behind(lambda found: found * torch.nan)


def start(data, folder, monkeypatch, settings, fault, grace=None, **changes):
    if fault is not None:
        monkeypatch.setattr(
            training_module, "make_model", lambda chosen: Broken(make_model(chosen), **fault)
        )
    training = small.TRAINING.model_copy(
        update={"max_steps": 100, "learning_rate": RATE[settings.model], **changes}
    )
    watching = WatchSettings(
        every_steps=5, grace_steps=grace or GRACE[settings.model], patience=2, batches=2
    )
    return training_module.train_emulator(
        data,
        folder / "run",
        settings=settings,
        training=training,
        watching=watching,
        progress=False,
    )


def stopped(*args, **more):
    folder = args[1]
    with pytest.raises(TrainingStopped) as caught:
        start(*args, **more)
    run = Run(folder / "run")
    assert run.status == "stopped"
    assert run.manifest["cause"] == caught.value.alarms[0].cause.value
    return caught.value.alarms


@pytest.mark.parametrize("settings", [small.MODE_H, small.CNN], ids=lambda s: s.model)
@pytest.mark.parametrize(
    ("fault", "cause"),
    [(CONSTANT, Cause.CONSTANT_OUTPUT), (DRY, Cause.ALL_ZERO), (NAN, Cause.NAN_LOSS)],
    ids=["constant", "dry", "nan"],
)
def test_broken_outputs_are_named(data, tmp_path, monkeypatch, settings, fault, cause):
    alarms = stopped(data, tmp_path, monkeypatch, settings, fault, grace=10)
    assert alarms[0].cause is cause, [alarm.key for alarm in alarms]


@pytest.mark.parametrize(
    ("settings", "names", "subject"),
    [
        (small.CNN, ["rain"], "rain"),
        (small.CNN, ["terrain"], "terrain"),
        (small.MODE_H, ["terrain"], "terrain"),
    ],
    ids=["cnn-rain", "cnn-terrain", "mode_h-terrain"],
)
def test_ignored_inputs_are_named(data, tmp_path, monkeypatch, settings, names, subject):
    alarms = stopped(data, tmp_path, monkeypatch, settings, ignoring(*names))
    keys = [alarm.key for alarm in alarms]
    assert f"ignores-input: {subject}" in keys
    assert alarms[0].cause is Cause.IGNORES_INPUT, keys
    assert {a.subject for a in alarms if a.cause is Cause.IGNORES_INPUT} == {subject}, keys


@pytest.mark.parametrize("settings", [small.MODE_H, small.CNN], ids=lambda s: s.model)
def test_a_healthy_model_is_not_stopped(data, tmp_path, monkeypatch, settings):
    run, result = start(data, tmp_path, monkeypatch, settings, None)
    assert run.status == "finished"
    assert result.step == 100
    assert not [a for a in result.alarms if a.cause is not Cause.NO_SKILL]
