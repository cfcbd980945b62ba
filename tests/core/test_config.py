"""Settings: order of sources, every fault at once, nearest names."""

import math

import pytest
from pydantic import Field, field_validator

from inundate.core.config import Settings, read_toml, resolve_settings, write_toml
from inundate.core.errors import ConfigError, MissingFileError


class Storm(Settings):
    """Settings of a test."""

    rate: float = Field(10.0, ge=0, description="Rate, mm h-1.")
    steps: int = Field(6, ge=1, description="Number of steps.")
    kind: str = Field("uniform", description="Kind.")

    @field_validator("kind")
    @classmethod
    def _known(cls, value):
        if value not in ("uniform", "chicago"):
            raise ValueError("expected uniform or chicago")
        return value


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return path

    return write


def test_defaults():
    assert resolve_settings(Storm) == Storm()


def test_flags_win_over_the_file_and_the_file_over_defaults(toml):
    path = toml("[storm]\nrate = 20\nsteps = 3\n[other]\nx = 1\n")
    found = resolve_settings(Storm, toml=path, table="storm", flags={"steps": 4})
    assert found == Storm(rate=20, steps=4)


def test_of_an_object_only_the_fields_that_were_set_count(toml):
    path = toml("rate = 20\nsteps = 3")
    assert resolve_settings(Storm, toml=path, flags=Storm(steps=6)) == Storm(rate=20, steps=6)


def test_a_file_without_the_table_leaves_the_defaults(toml):
    assert resolve_settings(Storm, toml=toml("[other]\nx = 1"), table="storm") == Storm()


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Storm().rate = 3


def test_typo_in_a_key(toml):
    path = toml("[storm]\nrat = 1")
    with pytest.raises(ConfigError) as caught:
        resolve_settings(Storm, toml=path, table="storm")
    assert str(caught.value) == f"{path}: key 'rat' is not known; did you mean 'rate'?"
    assert caught.value.hint == "settings in table [storm]: rate, steps, kind"


def test_a_key_that_is_like_none(toml):
    path = toml("qqqq = 1")
    with pytest.raises(ConfigError) as caught:
        resolve_settings(Storm, toml=path)
    assert (
        str(caught.value) == f"{path}: key 'qqqq' is not known; expected one of rate, steps, kind"
    )
    assert caught.value.hint == "settings: rate, steps, kind"


def test_typo_in_a_table(toml):
    path = toml("[strom]\nrate = 1")
    with pytest.raises(
        ConfigError, match=r"table \[strom\] is not known; did you mean \[storm\]\?"
    ):
        resolve_settings(Storm, toml=path, table="storm")


def test_a_key_outside_any_table(toml):
    path = toml("rate = 1\n[storm]\nsteps = 2")
    with pytest.raises(ConfigError, match=r"key 'rate' stands outside a table; expected \[storm\]"):
        resolve_settings(Storm, toml=path, table="storm")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("storm = 1", "the value 1"),
        ('storm = "uniform"', "the value 'uniform'"),
        ("storm = [1]", "a list"),
        ("[[storm]]\nrate = 1", "a list of tables"),
    ],
)
def test_a_table_that_is_not_a_table(toml, text, found):
    path = toml(text)
    with pytest.raises(ConfigError) as caught:
        resolve_settings(Storm, toml=path, table="storm")
    assert str(caught.value) == f"{path}: 'storm' is {found}, expected a table [storm]"
    assert caught.value.hint == "settings in table [storm]: rate, steps, kind"


def test_all_faults_at_once(toml):
    path = toml("[storm]\nrat = 1\nrate = -1\nkind = 'cicago'")
    with pytest.raises(ConfigError) as caught:
        resolve_settings(Storm, toml=path, table="storm", flags={"steps": 0, "stesp": 1})
    assert str(caught.value) == (
        "5 settings are wrong\n"
        f"  {path}: key 'rat' is not known; did you mean 'rate'?\n"
        "  flag 'stesp' is not known; did you mean 'steps'?\n"
        f"  {path}: rate = -1: Input should be greater than or equal to 0\n"
        "  steps = 0: Input should be greater than or equal to 1\n"
        f"  {path}: kind = 'cicago': expected uniform or chicago"
    )


def test_a_default_that_breaks_its_own_rule_is_caught():
    class Wrong(Settings):
        """Settings with a bad default."""

        rate: float = Field(-1.0, ge=0)

    with pytest.raises(ConfigError, match=r"^rate = -1\.0: Input should be greater"):
        resolve_settings(Wrong)


def test_toml_that_is_not_toml(toml):
    path = toml("rate = = 1")
    with pytest.raises(ConfigError, match=f"^reading {path}: not valid TOML: .*line 1"):
        read_toml(path)


def test_toml_that_is_not_text(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not valid TOML"):
        read_toml(tmp_path / "a.toml")


def test_absent_toml(tmp_path):
    with pytest.raises(MissingFileError, match="^reading settings "):
        read_toml(tmp_path / "a.toml")


def test_written_settings_read_back_without_none(tmp_path):
    table = {"storm": {**Storm(rate=1.5).model_dump(), "seed": None}, "none": None}
    path = write_toml(tmp_path / "a.toml", table)
    assert read_toml(path) == {"storm": Storm(rate=1.5).model_dump()}
    assert resolve_settings(Storm, toml=path, table="storm") == Storm(rate=1.5)


def test_written_numbers_are_exact(tmp_path):
    value = math.pi / 1e7
    assert read_toml(write_toml(tmp_path / "a.toml", {"v": value}))["v"] == value
