"""The command: figures for people and programs, errors in one sentence, keys from outside."""

import json

import pytest
from fault_server import FaultServer
from fault_worlds import MastodonWorld, XWorld

from inundate.cli.app import main


@pytest.fixture
def keyless(monkeypatch):
    monkeypatch.delenv("X_BEARER_TOKEN", raising=False)
    monkeypatch.delenv("MASTODON_ACCESS_TOKEN", raising=False)


def test_figures_for_people(tmp_path, capsys, keyless):
    with FaultServer(MastodonWorld(50)) as server:
        arguments = ["posts", "collect", "mastodon-tag", "--server", server.address]
        assert main([*arguments, "--tag", "flood", "-o", str(tmp_path / "c")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path / 'c'}: 47 posts, complete"
    assert lines[1] == (
        "  of 50 read, 0 duplicate, 0 not wanted, 2 dropped (author opted out), "
        "1 dropped (not public)"
    )
    assert lines[2] == "  3 requests, no faults"
    assert lines[4] == "  no gaps"
    assert lines[5] == f"  go on with inundate posts import {tmp_path / 'c'} -o raw"


def test_figures_for_programs_are_the_ledger_s(tmp_path, capsys, keyless):
    with FaultServer(MastodonWorld(50)) as server:
        arguments = ["posts", "collect", "mastodon-tag", "--server", server.address, "--json"]
        arguments += ["--tag", "flood", "--language", "en", "--limit", "10"]
        assert main([*arguments, "-o", str(tmp_path / "c")]) == 0
    found = json.loads(capsys.readouterr().out)
    ledger = json.loads((tmp_path / "c" / "collection.json").read_text(encoding="utf-8"))
    assert found["counts"] == ledger["counts"]
    assert found["gaps"] == ledger["gaps"]
    assert found["gaps"][0]["why"] == "not collected: limit reached"


def x(server, *more):
    arguments = ["posts", "collect", "x-recent", "--server", server.address, "--query", "flood"]
    return [*arguments, "--budget-usd", "50", *more]


def test_the_estimate_is_told_before(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("X_BEARER_TOKEN", "canary-key-31415")
    with FaultServer(XWorld(30)) as server:
        assert main(x(server, "-o", str(tmp_path / "c"), "--json")) == 0
        assert main(x(server, "-o", str(tmp_path / "c"), "--json")) == 0
    out, errors = capsys.readouterr()
    first, second = map(json.loads, out.splitlines())
    assert first["estimate"]["likely_usd"] == 0.45
    assert "estimate" not in second  # it goes on, or is done
    assert errors.splitlines()[0] == (
        "X tells 30 posts; 30 of them cost about 0.45 USD, at most 1.95; the budget is 50.00"
    )
    assert first["spent_usd"] == 0.45


def test_only_an_estimate(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("X_BEARER_TOKEN", "canary-key-31415")
    with FaultServer(XWorld(30)) as server:
        assert main(x(server, "-o", str(tmp_path / "c"), "--estimate")) == 0
    assert "X tells 30 posts" in capsys.readouterr().out
    assert not (tmp_path / "c").exists()


def test_a_key_that_is_not_there(tmp_path, capsys, keyless):
    arguments = ["posts", "collect", "x-recent", "--query", "flood", "--budget-usd", "1"]
    assert main([*arguments, "-o", str(tmp_path / "c")]) == 2
    assert capsys.readouterr().err.splitlines()[0] == (
        "error: collecting from x-recent needs a key: the environment variable X_BEARER_TOKEN is "
        "not set"
    )


def test_a_key_that_is_wrong(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("X_BEARER_TOKEN", "canary-wrong")
    with FaultServer(XWorld(30)) as server:
        assert main(x(server, "-o", str(tmp_path / "c"))) == 6
    error = capsys.readouterr().err
    assert "no estimate: asking x-recent how many posts there are: HTTP 401" in error
    assert "error: collecting from x-recent: HTTP 401: Unauthorized: Bearer ***; 0 posts" in error
    assert "canary" not in error
