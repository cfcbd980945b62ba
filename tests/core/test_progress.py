"""Progress: a heartbeat where there is no terminal, a bar where there is one."""

import io

import pytest

from inundate.core import progress
from inundate.core.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move by hand."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    found = Clock()
    monkeypatch.setattr(progress, "time", found)
    return found


def test_no_line_for_a_short_task(clock):
    stream = io.StringIO()
    with Progress("read", total=4, stream=stream) as bar:
        bar.advance(2)
        bar.update(4)
    assert stream.getvalue() == ""
    assert bar.done == 4.0


def test_heartbeat_has_share_rate_time_left_and_note(clock):
    stream = io.StringIO()
    with Progress("simulate", total=100, unit="s", stream=stream) as bar:
        bar.note("max 1.2 m")
        clock.now += 10
        bar.update(25)
        clock.now += 9
        bar.update(30)  # too soon for another line
        clock.now += 6
        bar.update(100)
    assert stream.getvalue() == (
        "simulate: 25%, 10 s, 2.5 s/s, 30 s left, max 1.2 m\n"
        "simulate: 100%, 25 s, 4 s/s, 0 s left, max 1.2 m\n"
        "simulate: 100%, 25 s, 4 s/s, max 1.2 m, done\n"
    )


def test_heartbeat_without_a_total(clock):
    stream = io.StringIO()
    with Progress("collect", unit="posts", stream=stream) as bar:
        clock.now += 20
        bar.advance(40)
    assert stream.getvalue().splitlines()[0] == "collect: 40 posts, 20 s, 2 posts/s"


def test_heartbeat_before_anything_is_done(clock):
    stream = io.StringIO()
    with Progress("wait", total=3, stream=stream) as bar:
        clock.now += 10
        bar.update(0)
    assert stream.getvalue().splitlines()[0] == "wait: 0%, 10 s, 0/s"


def test_last_line_tells_of_a_failure(clock):
    stream = io.StringIO()
    with pytest.raises(ValueError, match="broken"), Progress("x", total=2, stream=stream) as bar:
        bar.update(1)
        clock.now += 11
        raise ValueError("broken")
    assert stream.getvalue() == "x: 50%, 11 s, 0.0909/s, stopped\n"


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_disabled_shows_nothing(clock, stream):
    with Progress("x", total=2, enabled=False, stream=stream) as bar:
        clock.now += 60
        bar.advance()
    assert stream.getvalue() == ""
    assert bar.done == 1


def test_standard_error_is_the_default(clock, capsys):
    with Progress("x", total=2) as bar:
        clock.now += 60
        bar.advance()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("x: 50%, 60 s")


@pytest.mark.parametrize("total", [4, None])
def test_bar_on_a_terminal(total):
    stream = Terminal()
    with Progress("simulate", total=total, unit="s", stream=stream) as bar:
        bar.note("max 1.2 m")
        bar.update(1)  # within the time between two refreshes
        bar._shown -= 1
        bar.update(2)
    shown = stream.getvalue()
    assert "simulate" in shown
    assert "max 1.2 m" in shown
    assert ("50%" if total else "2") in shown


def test_bar_shows_the_rate_where_there_is_no_note():
    stream = Terminal()
    with Progress("simulate", total=4, unit="s", stream=stream) as bar:
        bar.update(4)
    assert "s/s" in stream.getvalue()
