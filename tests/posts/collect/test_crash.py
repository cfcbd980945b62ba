"""A process that dies at any moment, or a disk that is full, loses and doubles nothing."""

import errno
import os
import resource
import signal
import subprocess
import sys

import pytest
from fault_server import FaultServer
from fault_worlds import MastodonWorld
from ways import Way

from inundate.core.errors import RunError
from inundate.posts.collect import folder as folder_module
from inundate.posts.collect import jetstream
from inundate.posts.collect.seen import Seen
from inundate.posts.collect.state import State, read_state


class _Died(BaseException):
    pass


def _die_at(monkeypatch, owner, name, call, *, after):
    """Let a function end the process, so to say, at one of its calls."""
    real, calls = getattr(owner, name), []

    def dying(*arguments, **keywords):
        calls.append(name)
        if len(calls) == call and not after:
            raise _Died
        result = real(*arguments, **keywords)
        if len(calls) == call:
            raise _Died
        return result

    monkeypatch.setattr(owner, name, dying)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name"), [(Seen, "add"), (State, "write"), (folder_module.os, "fsync")]
)
@pytest.mark.parametrize("way_name", ["mastodon-tag", "bluesky-jetstream v1"])
def test_death_at_any_step_of_a_page(
    tmp_path, retry, environment, monkeypatch, way_name, owner, name, after
):
    number = 130
    monkeypatch.setattr(jetstream, "_BATCH", 40)
    with Way(way_name, number) as way:
        with monkeypatch.context() as patch:
            _die_at(patch, owner, name, 2, after=after)
            with pytest.raises(_Died):
                way.run(tmp_path / "c", retry, environment)
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")
    assert figures["complete"]
    assert figures["gaps"] == []
    assert read_state(tmp_path / "c").counts.is_conserved


def _command(output, address, *more):
    command = [sys.executable, "-m", "inundate", "posts", "collect", "mastodon-tag"]
    return [*command, "--server", address, "--tag", "flood", "-o", str(output), *more]


class Killing(MastodonWorld):
    """Kills whoever asks for the fourth page, while it waits for the answer."""

    victim, asked = None, 0

    def _timeline(self, params, twice):
        self.asked += 1
        if self.asked == 4 and self.victim is not None:
            os.kill(self.victim.pid, signal.SIGKILL)
        return super()._timeline(params, twice)


def test_kill_9_and_go_on(tmp_path):
    world, folder = Killing(300), tmp_path / "c"
    environment = {k: v for k, v in os.environ.items() if "TOKEN" not in k}
    with FaultServer(world) as server:
        command = _command(folder, server.address)
        world.victim = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        world.victim.communicate(timeout=120)
        assert world.victim.returncode == -signal.SIGKILL
        before = read_state(folder)
        assert before.stopped is None
        assert before.counts.posts > 0
        assert [gap.why for gap in before.gaps] == ["not collected yet"]
        world.victim = None
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=True, env=environment
        )
    assert "no gaps" in done.stdout
    with Way("mastodon-tag", 300) as way:
        way.check(folder)


def test_a_full_disk(tmp_path):
    """A bound on the size of files stands for the disk: the same error, in a real process."""
    world, folder = MastodonWorld(400), tmp_path / "c"

    def bound():
        resource.setrlimit(resource.RLIMIT_FSIZE, (24 * 1024, 24 * 1024))

    with FaultServer(world) as server:
        command = _command(folder, server.address)
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, preexec_fn=bound
        )
        assert done.returncode == 6, done.stderr
        assert "the disk is full; the page that did not fit was left out" in done.stderr
        assert 0 < read_state(folder).counts.posts < 400
        subprocess.run(command, capture_output=True, timeout=120, check=True)
    with Way("mastodon-tag", 400) as way:
        way.check(folder)


def test_a_full_disk_under_the_pages(tmp_path, retry, environment, monkeypatch):
    calls = []

    def full(_handle):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    with Way("x-recent", 300) as way:
        with monkeypatch.context() as patch:
            patch.setattr(folder_module.os, "fsync", full)
            with pytest.raises(RunError, match="the disk is full") as caught:
                way.run(tmp_path / "c", retry, environment)
        assert caught.value.hint == (
            "free some space and give the same command again: it goes on there"
        )
        way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")


def test_an_interrupt_ends_at_a_page_and_goes_on(tmp_path):
    class Interrupting(Killing):
        def _timeline(self, params, twice):
            self.asked += 1
            if self.asked == 3 and self.victim is not None:
                os.kill(self.victim.pid, signal.SIGTERM)
            return MastodonWorld._timeline(self, params, twice)

    world, folder = Interrupting(300), tmp_path / "c"
    with FaultServer(world) as server:
        command = _command(folder, server.address)
        world.victim = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        _, errors = world.victim.communicate(timeout=120)
    assert world.victim.returncode == 130
    assert errors.splitlines()[-1] == (
        "interrupted; the collection is safe; the same command goes on"
    )
    state = read_state(folder)
    assert state.stopped == "interrupted"
    assert [gap.why for gap in state.gaps] == ["not collected: interrupted"]
