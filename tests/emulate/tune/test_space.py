"""What may be tried: ranges round the default, and a file's own in their place."""

import pytest

from inundate.core.errors import ConfigError, MissingFileError
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.tune.setup import TABLES, Setup, read_setup
from inundate.emulate.tune.space import FIXED, PIECES, Range, default_space, read_space

from .small_study import SETUP

WIDE = SETUP.with_values({"model.width": 48})


def faults(tmp_path, text, **how):
    """What is wrong with a file, one fault a line."""
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_space(WIDE, tmp_path / "space.toml", **how)
    return [line.strip() for line in caught.value.message.splitlines()[1:]]


def test_default_ranges_hold_the_default_and_can_all_be_set():
    space = default_space(WIDE)
    assert set(space) == {
        "train.learning_rate", "train.weight_decay", "train.batch_size", "model.width",
        "loss.metres", "loss.extent",
    }  # fmt: skip
    for name, found in space.items():
        assert found.holds(WIDE.value(name)), name
        for value in found.choices or (found.low, found.high):
            assert WIDE.with_values({name: value}).value(name) == value


def test_what_is_off_stays_off():
    off = WIDE.with_values({"train.weight_decay": 0.0, "loss.extent": 0.0})
    assert not {"train.weight_decay", "loss.extent"} & set(default_space(off))


def test_a_width_that_a_model_cannot_have_is_no_choice():
    assert default_space(SETUP)["model.width"].choices == (8, 12)  # 4 and 6 are too narrow


def test_a_file_replaces_adds_and_takes_out(tmp_path):
    (tmp_path / "space.toml").write_text(
        "[train.learning_rate]\nlow = 1e-5\nhigh = 1e-1\nlog = true\n"
        "[train.batch_size]\ntune = false\n"
        "[model.depth]\nlow = 1\nhigh = 3\n"
        "[model.augment]\nchoices = [true, false]\n"
        "[train.schedule]\nchoices = ['cosine', 'constant']\n"
    )
    space = read_space(WIDE, tmp_path / "space.toml")
    assert space["train.learning_rate"].says() == "1e-05 to 0.1 (log)"
    assert "train.batch_size" not in space
    assert space["model.depth"] == Range(low=1, high=3)
    assert space["model.augment"].choices == (True, False)
    assert space["train.schedule"].says() == "cosine, constant"
    assert space["model.width"] == default_space(WIDE)["model.width"]


def test_unknown_names_come_with_the_nearest(tmp_path):
    assert faults(
        tmp_path,
        "[modle.width]\nchoices = [8, 16]\n"
        "[model.witdh]\nchoices = [8, 16]\n"
        "[train.learning_rate]\nhi = 1\n"
        "[loss.extent]\nlow = 1\nmaximum = 2\n",
    ) == [
        "table modle is not known; did you mean 'model'?",
        "setting model.witdh is not known; did you mean 'width'?",
        "train.learning_rate: key hi is not known; did you mean 'high'?",
        "loss.extent: key maximum is not known; expected one of low, high, log, choices, tune",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[train.learning_rate]\nlow = 1e-4\n",
         "train.learning_rate: expected both low and high, or choices, or tune = false"),
        ("[train.learning_rate]\nlow = 1\nhigh = 1e-4\n",
         "train.learning_rate: low 1 is not below high 0.0001"),
        ("[train.weight_decay]\nlow = 0\nhigh = 1\nlog = true\n",
         "train.weight_decay: low 0 is not above 0, which log needs"),
        ("[train.learning_rate]\nlow = 1e-5\nhigh = 1e-3\nchoices = [1e-4, 1e-3]\n",
         "train.learning_rate: choices and low, high or log are given; expected one of them"),
        ("[model.width]\nchoices = [48, 48]\n",
         "model.width: choices has fewer than two different values"),
        ("[train.learning_rate]\nlow = 'small'\nhigh = 1\n",
         "train.learning_rate.low: Input should be a valid number, unable to parse string as a "
         "number"),
        ("[model.width]\nlow = 8.5\nhigh = 64\n",
         "model.width is a whole number, the bound 8.5 is not"),
        ("[model.width]\nlow = 2\nhigh = 64\n",
         "model.width to 2: Input should be greater than or equal to 8"),
        ("[model.tail]\nlow = 0\nhigh = 1\n",
         "model.tail is 'plain', not a number: expected choices"),
        ("[model.augment]\nchoices = [1, false]\n",
         "model.augment to 1: expected true or false"),
        ("[model.augment]\nchoices = [true, 3]\n",
         "model.augment to 3: Input should be a valid boolean, unable to interpret input"),
        ("[model.tail]\nchoices = ['plain', 'vae']\n",
         "training mode_h: it does not read tail"),
        ("[train]\nlearning_rate = 1e-3\n",
         "train.learning_rate = 0.001: expected a table [train.learning_rate]"),
        ("model = 3\n", "model = 3: expected tables such as [model.NAME]"),
        ("[train.learning_rate]\nlow = 1e-3\nhigh = 1e-2\n",
         "train.learning_rate is 0.0001 in the settings that the study starts from, which is not "
         "in 0.001 to 0.01; widen that, or give --config with another value"),
        ("[train.seed]\nchoices = [1, 2]\n",
         "train.seed is not tuned: a lucky seed is no better setting"),
        ("[watch.stop]\nchoices = [true, false]\n",
         "watch.stop is not tuned: a study must not learn to silence alarms"),
        ("[model.frames]\nchoices = [3, 4]\n",
         "model.frames is not tuned by validation loss, whose pieces are cut by it; expected an "
         "objective of whole roll-outs, such as csi_0.3"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, fault):
    assert faults(tmp_path, text) == [fault]


def test_pieces_may_be_tuned_by_whole_roll_outs(tmp_path):
    (tmp_path / "space.toml").write_text("[model.frames]\nchoices = [3, 4]\n")
    assert "model.frames" in read_space(WIDE, tmp_path / "space.toml", whole_runs=True)


def test_an_empty_space_is_refused(tmp_path):
    text = "".join(f"[{name}]\ntune = false\n" for name in default_space(WIDE))
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(ConfigError, match="every trial would be the same"):
        read_space(WIDE, tmp_path / "space.toml")
    with pytest.raises(MissingFileError):
        read_space(WIDE, tmp_path / "none.toml")


def test_settings_that_are_named_exist():
    for name in (*FIXED, *PIECES):
        table, _, key = name.partition(".")
        assert key in TABLES[table].model_fields, name


def test_a_setup_is_read_from_a_file(tmp_path):
    (tmp_path / "train.toml").write_text("[model]\nwidth = 16\n[train]\nmax_steps = 9\n")
    setup = read_setup(tmp_path / "train.toml", look_every=77)
    assert (setup.model.width, setup.train.max_steps, setup.watch.every_steps) == (16, 9, 77)
    (tmp_path / "train.toml").write_text("[watch]\nevery_steps = 5\n")
    assert read_setup(tmp_path / "train.toml", look_every=77).watch.every_steps == 5
    assert read_setup(None, look_every=77).model == EmulatorSettings()
    (tmp_path / "train.toml").write_text("[model]\nmodel = 'mode_h'\ntail = 'vae'\n")
    with pytest.raises(ConfigError, match="it does not read tail"):
        read_setup(tmp_path / "train.toml", look_every=77)


def test_values_are_set_by_name_and_faults_name_them():
    assert SETUP.with_values({"train.batch_size": 2}).train.batch_size == 2
    assert isinstance(SETUP.with_values({}), Setup)
    with pytest.raises(ConfigError, match="setting loss.extent to -1"):
        SETUP.with_values({"loss.extent": -1})
    with pytest.raises(ConfigError, match="training would never end"):
        SETUP.with_values({"train.max_steps": 0})
