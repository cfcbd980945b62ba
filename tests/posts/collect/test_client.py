"""The HTTP client waits as it is told, gives up where it must, and shows no key."""

import asyncio
import random
import time
from contextlib import contextmanager

import pytest
from fault_server import Faults, FaultServer
from fault_worlds import World
from hypothesis import given
from hypothesis import strategies as st

from inundate.posts.collect.body import MAX_BODY
from inundate.posts.collect.client import Client
from inundate.posts.collect.faults import GaveUp, Refused, Repeats, Stopped
from inundate.posts.collect.retry import Retry, is_exhausted, server_time, told_wait, wait_for
from inundate.posts.collect.secret import Secret

QUICK = Retry(tries=3, base_s=0.01, most_s=0.02, request_s=20.0)
DATE = "Sun, 15 Jun 2025 15:06:40 GMT"  # 1,750,000,000 s


class Fixed(World):
    """Answers what it was told."""

    def __init__(self, status=200, content=b"{}", headers=()):
        self.status, self.content, self.headers = status, content, headers

    def stream(self, path, params, handler):
        handler.send(self.status, self.content, self.headers)
        return True


@contextmanager
def asked(world, **more):
    """A server and a client of it."""
    with FaultServer(world) as server, Client(server.address, retry=QUICK, **more) as client:
        yield server, client


def test_a_page_comes_with_its_headers():
    with FaultServer(Fixed(content=b'[{"id": "1"}]')) as server, Client(server.address) as client:
        reply = client.get("/page", [("q", "flood & river")], has="[]")
    assert reply.data == [{"id": "1"}]
    assert server_time(reply.headers) == pytest.approx(time.time(), abs=60)
    path, params, headers, _ = server.requests[0]
    assert (path, params) == ("/page", {"q": ["flood & river"]})
    assert headers["User-Agent"].startswith("inundate/")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Sun, 15 Jun 2025 15:07:00 GMT", "date": DATE}, 20.0),
        ({"retry-after": "soon"}, None),
        ({"x-rate-limit-reset": "1750000030", "date": DATE}, 30.0),
        ({"x-rate-limit-reset": "1749999990", "date": DATE}, 0.0),
        ({"ratelimit-reset": "12", "date": DATE}, 12.0),
        ({"x-ratelimit-reset": "2025-06-15T15:07:40.000000Z", "date": DATE}, 60.0),
        ({"x-ratelimit-reset": "2025-06-15T15:07:40", "date": DATE}, 60.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_what_a_server_asks_to_wait(headers, expected):
    # our clock is a year off: only the server's own may count
    assert told_wait(headers, 1_780_000_000.0 if "date" in headers else 0.0) == expected


@given(st.integers(1, 40), st.none() | st.floats(0, 1000), st.integers())
def test_waits_are_bounded_and_never_shorter_than_told(failures, told, seed):
    retry = Retry(base_s=2.0, most_s=30.0)
    wait = wait_for(failures, told, retry, random.Random(seed))
    if told is None:
        assert 0.5 * min(30.0, 2.0**failures) <= wait <= 30.0
    else:
        assert told <= wait <= told + 2.0


def test_waits_are_spread():
    waits = {wait_for(3, None, Retry(), random.Random(seed)) for seed in range(20)}
    assert len(waits) == 20


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"x-rate-limit-remaining": "0"}, True), ({"ratelimit-remaining": "4"}, False), ({}, False)],
)
def test_a_used_up_quota_is_seen(headers, expected):
    assert is_exhausted(headers) is expected


def test_it_waits_before_asking_beyond_a_quota():
    reset = [("x-rate-limit-remaining", "0"), ("ratelimit-reset", "1")]
    with FaultServer(Fixed(headers=reset)) as server, Client(server.address) as client:
        client.get("/a")
        start = time.monotonic()
        client.get("/b")
    assert time.monotonic() - start >= 0.9


def test_it_gives_up_after_so_many_tries():
    with asked(Fixed(500, b'{"title": "Oh"}')) as (server, client), pytest.raises(GaveUp) as caught:
        client.get("/page")
    assert str(caught.value) == "3 tries failed, the last with: HTTP 500: Oh"
    assert len(server.requests) == 3
    assert client.tally.faults == {"HTTP 500": 3}


def test_it_gives_up_when_asked_for_too_much_patience():
    with (
        asked(Fixed(429, headers=[("Retry-After", "99999")])) as (server, client),
        pytest.raises(GaveUp) as caught,
    ):
        client.get("/page")
    assert str(caught.value) == "HTTP 429; it asks to wait 99999 s"
    assert len(server.requests) == 1


def test_nobody_there():
    with Client("http://127.0.0.1:9", retry=QUICK) as client, pytest.raises(GaveUp) as caught:
        client.get("/page")
    assert str(caught.value) == "3 tries failed, the last with: connection: ConnectError"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 451])
def test_a_refusal_is_not_repeated(status):
    content = b'{"title": "No", "detail": "the key canary-key is of no use"}'
    with (
        asked(Fixed(status, content), secrets=[Secret("canary-key")]) as (server, client),
        pytest.raises(Refused) as caught,
    ):
        client.get("/page")
    assert caught.value.status == status
    assert caught.value.reason == "No: the key *** is of no use"
    assert len(server.requests) == 1


def test_it_follows_nobody_elsewhere():
    """A key would go to whoever the server names."""
    with FaultServer(Fixed()) as other:
        moved = Fixed(302, headers=[("Location", f"{other.address}/stolen")])
        with FaultServer(moved) as server, Client(server.address) as client:
            client.headers["Authorization"] = "Bearer canary-key"
            with pytest.raises(Refused, match="HTTP 302"):
                client.get("/page")
    assert other.requests == []


def test_an_answer_larger_than_any_page(monkeypatch):
    import inundate.posts.collect.body as body

    assert MAX_BODY == 64 * 2**20
    monkeypatch.setattr(body, "MAX_BODY", 1000)
    with (
        asked(Fixed(content=b'"' + b"a" * 2000 + b'"')) as (_server, client),
        pytest.raises(GaveUp),
    ):
        client.get("/page")
    assert client.tally.faults == {"cut body": 3}


def test_an_answer_nested_too_deeply():
    with asked(Fixed(content=b"[" * 100_000)) as (_server, client), pytest.raises(GaveUp):
        client.get("/page")


def test_it_stops_while_it_waits():
    faults = Faults()
    with FaultServer(Fixed(429, headers=[("Retry-After", "600")]), faults) as server:
        asked = []
        stop = lambda: bool(server.requests) and (asked.append(1) or True)  # noqa: E731
        with Client(server.address, should_stop=stop) as client, pytest.raises(Stopped):
            client.get("/page")
    assert asked


def test_lost_answers_are_told():
    lost = []
    with asked(Fixed(content=b'{"data": [')) as (_server, client), pytest.raises(GaveUp):
        client.get("/page", on_lost=lambda: lost.append(1))
    assert len(lost) == 3


def test_pages_that_lead_nowhere_are_bounded():
    repeats = Repeats()
    for _ in range(5):
        repeats.count(moved=False)
    repeats.count(moved=True)
    for _ in range(5):
        repeats.count(moved=False)
    with pytest.raises(GaveUp, match="the same page again and again"):
        repeats.count(moved=False)


def test_what_a_server_says_is_shown_as_it_is():
    content = b'{"title": "no\\u001b[2J\\n\\u202e", "detail": "' + b"a" * 500 + b'"}'
    with asked(Fixed(404, content)) as (_, client), pytest.raises(Refused) as caught:
        client.get("/page")
    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) <= 200


def test_it_works_where_a_loop_runs_already():
    """As in a notebook."""

    async def notebook():
        with asked(Fixed(content=b"[]")) as (_, client):
            return client.get("/page").data

    assert asyncio.run(notebook()) == []
