"""The script behind ``make setup``: turns old Pythons away and installs only when it must."""

import importlib.util
import subprocess
import sys

import pytest


@pytest.fixture
def script(repository, monkeypatch):
    place = repository / "scripts" / "environment.py"
    spec = importlib.util.spec_from_file_location("environment", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(script, monkeypatch, tmp_path):
    """Commands that the script would run; nothing is installed."""
    found = []
    monkeypatch.setattr(script, "run", lambda *command: found.append(command))
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "create", lambda venv: venv.mkdir(exist_ok=True) or "python")
    (tmp_path / "pyproject.toml").write_text("[project]")
    return found


def call(script, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["environment.py", *arguments])
    script.main()


def test_the_second_time_nothing_is_installed(script, commands, monkeypatch):
    call(script, monkeypatch)
    assert [command[-1] for command in commands] == [script.TORCH, ".[geo]"]
    call(script, monkeypatch)
    assert len(commands) == 2


def test_a_developers_environment_also_runs_the_demo(script, commands, monkeypatch):
    call(script, monkeypatch, "--for", "dev")
    assert commands[-1][-1] == ".[geo,test,docs]"
    call(script, monkeypatch, "--for", "run")
    assert len(commands) == 2


def test_an_environment_for_the_demo_is_completed_for_developers(script, commands, monkeypatch):
    call(script, monkeypatch, "--for", "run")
    call(script, monkeypatch, "--for", "dev")
    assert len(commands) == 4


def test_a_changed_project_is_installed_again(script, commands, monkeypatch, tmp_path):
    call(script, monkeypatch)
    (tmp_path / "pyproject.toml").write_text("[project] # changed")
    call(script, monkeypatch)
    assert len(commands) == 4


def test_a_failed_installation_leaves_no_stamp(script, commands, monkeypatch):
    def fail(*command):
        raise SystemExit(2)

    with monkeypatch.context() as patch:
        patch.setattr(script, "run", fail)
        with pytest.raises(SystemExit):
            call(script, monkeypatch)
    call(script, monkeypatch)
    assert len(commands) == 2


@pytest.mark.parametrize(("gpu", "expected"), [(False, True), (True, False)])
def test_the_index_of_cpu_builds_is_for_machines_without_gpu(
    script, commands, monkeypatch, gpu, expected
):
    monkeypatch.setattr(script, "has_gpu", lambda: gpu)
    call(script, monkeypatch, "--torch-index", "file:///wheels")
    assert ("--extra-index-url" in commands[0]) is expected


def test_an_old_python_is_turned_away(script, monkeypatch, capsys):
    monkeypatch.setattr(script.sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit) as caught:
        script.check_python()
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        f"error: setting up: {sys.executable} is Python 3.9.18, expected 3.11 or newer\n"
        "  hint: name a newer one: make demo PYTHON=python3.11\n"
    )


def test_a_python_without_ensurepip(script, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        script.create(tmp_path / "venv")
    assert "apt install python3-venv" in capsys.readouterr().err


def test_a_failing_command_is_shown(script, capsys):
    with pytest.raises(SystemExit) as caught:
        script.run(sys.executable, "-c", "raise SystemExit(7)")
    assert caught.value.code == 2
    assert "ended with exit code 7" in capsys.readouterr().err


def test_make_help_lists_the_targets(repository):
    done = subprocess.run(
        ["make", "help"], cwd=repository, capture_output=True, text=True, check=True
    )
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"setup", "demo", "test", "lint", "docs", "wheel", "clean", "help"} <= listed
