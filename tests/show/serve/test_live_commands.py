"""The commands serve and replay: their errors, and both killed again and again."""

import json
import signal
import subprocess
import sys
import time

import pytest

from inundate.cli.app import main

from .client import Client
from .folder import add_posts, letters, make_folder, post


def said(capsys, *arguments):
    code = main([str(part) for part in arguments])
    return code, capsys.readouterr()


def test_event_is_made_by_the_command(tmp_path, capsys):
    code, out = said(
        capsys, "replay", "--make", "-o", tmp_path / "event", "--side-cells", 24, "--posts", 12,
        "--storm-min", 20, "--after-min", 0, "--total-mm", 10, "--json",
    )  # fmt: skip
    assert code == 0
    told = json.loads(out.out)
    assert told["rain_frames"] == 4
    code, out = said(
        capsys, "replay", tmp_path / "event", "-o", tmp_path / "live", "--speed", 1e6, "--json"
    )
    assert code == 0
    assert json.loads(out.out)["posts"] == told["posts"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["replay", "-o", "out"], 2, "replaying: no event given, expected its folder"),
        (["replay", "x", "--make", "-o", "out"], 2, "EVENT: of no use with --make"),
        (["replay", "--make", "--speed", "2", "-o", "out"], 2, "--speed: of no use with --make"),
        (["replay", "x", "--seed", "1", "-o", "out"], 2, "of use with --make alone"),
        (["replay", "x", "--posts", "99", "-o", "out"], 2, "of use with --make alone"),
        (["replay", "x", "-o", "out"], 3, "no such file or folder"),
        (["serve", "x"], 3, "serving x: no such file or folder"),
    ],
)
def test_wrong_use_is_told(tmp_path, capsys, monkeypatch, words, code, message):
    monkeypatch.chdir(tmp_path)
    found, out = said(capsys, *words)
    assert found == code
    assert message in out.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--port", "70000"], 2, "serving: port 70000, expected 0 to 65535"),
        (["--host", "192.0.2.1"], 6, "serving at 192.0.2.1, port 0:"),
        (["--terrain", "none.tif"], 3, "no such file"),
        (["--model", "none"], 3, "opening a model none"),
        (["--members", "4"], 2, "serving: --members given, but no nowcast is made"),
        (["--nowcast-min", "5"], 2, "--nowcast-min 5, expected 0, or 10 or more"),
    ],
)
def test_what_cannot_be_served_is_told(tmp_path, capsys, flags, code, message):
    found, out = said(capsys, "serve", make_folder(tmp_path / "live"), *flags)
    assert found == code, out.err
    assert message in out.err


def started(folder):
    """A server in a process of its own; gives it and its client."""
    process = subprocess.Popen(
        [sys.executable, "-m", "inundate", "serve", str(folder), "--poll-s", "0.05", "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = json.loads(process.stdout.readline())
    return process, Client(told["url"]), told


def stopped(process, sign):
    process.send_signal(sign)
    process.stdout.close()
    return process.wait(60)


@pytest.mark.slow
def test_server_that_is_killed_goes_on(tmp_path):
    folder = make_folder(tmp_path / "live")
    for number in range(4):
        add_posts(folder, "a.jsonl", [post(3 * number + k) for k in range(3)], cut=number)
        process, client, told = started(folder)
        assert told["taken"]["posts"] == 0 if number == 0 else told["taken"]["posts"] > 0
        until = time.monotonic() + 60
        while client.json("/health")["counts"]["posts"] < 3 * number + 3 - (number > 0):
            assert time.monotonic() < until
            time.sleep(0.02)
        stopped(process, signal.SIGKILL)
        if number:
            with (folder / "posts" / "a.jsonl").open("ab") as stream:
                line = json.dumps(post(3 * number + 2)) + "\n"
                stream.write(line.encode()[len(line) - number :])
    process, client, _ = started(folder)
    until = time.monotonic() + 60
    while client.json("/health")["counts"]["posts"] < 12:
        assert time.monotonic() < until
        time.sleep(0.02)
    found = [one["post"] for one in client.json("/state")["posts"]]
    assert found == [letters(number) for number in range(12)]
    assert stopped(process, signal.SIGINT) in (0, 130)
