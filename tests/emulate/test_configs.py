"""Configurations that ship: each is valid, names its model, and is found by its name."""

import pytest

from inundate.core.config import read_toml, resolve_settings
from inundate.core.errors import ConfigError
from inundate.emulate.configs import find_config, shipped_configs
from inundate.emulate.loss import LossSettings
from inundate.emulate.settings import SETTINGS_OF, EmulatorSettings
from inundate.emulate.zoo import DIRECT, make_model
from inundate.learn.settings import TrainSettings, WatchSettings

TABLES = {
    "model": EmulatorSettings,
    "train": TrainSettings,
    "loss": LossSettings,
    "watch": WatchSettings,
}


@pytest.mark.parametrize("name", shipped_configs())
def test_each_holds_together_and_builds(name):
    path = shipped_configs()[name]
    content = read_toml(path)
    assert set(content) <= set(TABLES)
    found = {table: resolve_settings(cls, toml=path, table=table) for table, cls in TABLES.items()}
    settings = found["model"]
    settings.check()
    assert name.startswith(settings.model)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")  # says what it is for
    if settings.model not in DIRECT:
        count = sum(p.numel() for p in make_model(settings).parameters())
        assert 10_000 < count <= 2_000_000


def test_every_model_and_every_ablation_has_one():
    names = set(shipped_configs())
    assert set(SETTINGS_OF) <= names
    ablations = {f"temporal_cnn_{what}" for what in ("deep", "inverted", "none", "vae")}
    assert ablations <= names


def test_every_one_is_named_in_the_documentation(repository):
    page = (repository / "docs" / "emulator.md").read_text(encoding="utf-8")
    assert [name for name in shipped_configs() if f"`{name}`" not in page] == []


def test_ablations_change_nothing_else():
    base = read_toml(find_config("temporal_cnn"))
    for name, changed in (
        ("inverted", {"heightmap"}),
        ("none", {"heightmap"}),
        ("vae", {"tail", "latent_channels"}),
    ):
        other = read_toml(find_config(f"temporal_cnn_{name}"))
        assert other["train"] == base["train"]
        values = {**base["model"], **other["model"]}
        assert {k for k in values if base["model"].get(k) != values[k]} == changed


def test_a_name_is_found_and_a_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config("unet") == shipped_configs()["unet"]
    (tmp_path / "runs").mkdir()
    assert str(find_config("runs/unet")) == "runs/unet"
    assert str(find_config("absent.toml")) == "absent.toml"
    (tmp_path / "unet").write_text("[model]\n", encoding="utf-8")
    assert find_config("unet").read_text(encoding="utf-8") == "[model]\n"


def test_an_unknown_name_lists_those_that_ship():
    with pytest.raises(ConfigError) as caught:
        find_config("temporal_cnn_depe")
    assert caught.value.message == (
        "reading settings: no file 'temporal_cnn_depe', and no configuration of that name ships; "
        f"there are {', '.join(shipped_configs())}"
    )
    assert caught.value.hint == "did you mean temporal_cnn_deep?"
