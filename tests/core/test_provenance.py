"""Provenance: versions, commit, command, machine, hashes of inputs."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest

import inundate
from inundate.core import provenance as module
from inundate.core.provenance import hash_path, machine, provenance


@pytest.fixture(autouse=True)
def _fresh():
    module._commit.cache_clear()
    module._versions.cache_clear()
    yield
    module._commit.cache_clear()
    module._versions.cache_clear()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A package inside a git repository of its own."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    package = tmp_path / "src" / "inundate"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("1")

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True
        )

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    monkeypatch.setattr(inundate, "__file__", str(package / "__init__.py"))
    return package


def test_it_is_complete_and_goes_into_json(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/inundate", "demo", "--json"])
    found = provenance()
    assert json.loads(json.dumps(found)) == found
    assert found["inundate"] == inundate.__version__
    assert found["argv"] == ["inundate", "demo", "--json"]
    assert {"torch", "numpy", "xarray", "zarr"} <= set(found["packages"])
    when = datetime.strptime(found["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - when).total_seconds()) < 60


def test_an_embedded_python_may_have_no_command(monkeypatch):
    monkeypatch.setattr(sys, "argv", [])
    assert provenance()["argv"] == []


def test_absent_packages_are_left_out(monkeypatch):
    monkeypatch.setattr(module, "_PACKAGES", ("numpy", "no-such-package"))
    assert list(provenance()["packages"]) == ["numpy"]


def test_machine_names_no_host():
    assert re.fullmatch(r"\d+ cores, \w+, \w+", machine())


def test_commit(checkout):
    commit = provenance()["commit"]
    assert re.fullmatch(r"[0-9a-f]{12}", commit)
    module._commit.cache_clear()
    (checkout / "__init__.py").write_text("2")
    assert provenance()["commit"] == f"{commit}+dirty"


def test_untracked_files_do_not_make_it_dirty(checkout):
    (checkout / "new.py").touch()
    assert not provenance()["commit"].endswith("+dirty")


def test_no_commit_outside_a_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(inundate, "__file__", str(tmp_path / "a" / "b" / "__init__.py"))
    assert provenance()["commit"] is None


def test_no_commit_without_git(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance()["commit"] is None


def test_hash_of_a_file_depends_on_its_content_only(tmp_path):
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    first, same, other = (hash_path(tmp_path / name) for name in "abc")
    assert first == same != other
    assert re.fullmatch(r"[0-9a-f]{32}", first)


def test_hash_of_a_folder_depends_on_names_and_contents(tmp_path):
    def folder(name, contents):
        for path, content in contents.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return hash_path(tmp_path / name)

    first = folder("1", {"a": b"1", "s/b": b"2"})
    assert folder("2", {"s/b": b"2", "a": b"1"}) == first
    assert folder("3", {"a": b"1", "s/c": b"2"}) != first
    assert folder("4", {"a": b"1", "s/b": b"3"}) != first


def test_hash_reads_large_files_in_blocks(tmp_path):
    content = os.urandom((1 << 20) + 5)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(content[:-1] + b"x" + content[-1:])
    assert hash_path(tmp_path / "a") != hash_path(tmp_path / "b")


def test_hash_of_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        hash_path(tmp_path / "absent")
