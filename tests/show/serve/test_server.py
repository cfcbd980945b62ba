"""The server on a real port: what it answers, what it refuses, and that readers lose nothing."""

import json
import random
import re
import socket
import threading

import pytest

from inundate.show.serve.settings import LiveSettings

from .client import Client, Follower
from .folder import HOSTILE, add_posts, letters, make_folder, post, running


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    pytest.importorskip("uvicorn")
    folder = make_folder(tmp_path_factory.mktemp("serve") / "live")
    add_posts(folder, "a.jsonl", [post(1), post(2, HOSTILE)])
    with running(folder, settings=LiveSettings(poll_s=0.02, readers=120)) as (view, url):
        client = Client(url)
        wait(lambda: client.json("/health")["counts"]["posts"] == 2)
        yield view, client, folder


def wait(condition):
    import time

    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, "it did not come to this within two minutes"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"), ("/live.js", "text/javascript"), ("/live.css", "text/css"),
        ("/state", "application/json"), ("/hillshade.png", "image/png"),
        ("/health", "application/json"), ("/metrics", "text/plain"),
    ],
)  # fmt: skip
def test_pages(live, path, kind):
    _, client, _ = live
    status, headers, body = client.ask(path)
    assert status == 200
    assert headers["content-type"].startswith(kind)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    status, headers, nothing = client.ask(path, "HEAD")
    assert (status, nothing) == (200, b"")
    assert body


def test_page_has_no_code_within(live):
    _, client, _ = live
    page = client.ask("/")[2].decode()
    assert page.count("<script") == page.count('<script src="/live.js">') == 1
    assert "<style" not in page
    assert "onerror" not in page
    script = client.ask("/live.js")[2].decode()
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in script


def test_state_holds_hostile_text_as_data(live):
    _, client, _ = live
    status, headers, body = client.ask("/state")
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["posts"][1]["text"] == HOSTILE


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
@pytest.mark.parametrize("path", ["/", "/state", "/nothing"])
def test_only_reading(live, method, path):
    _, client, _ = live
    status, headers, body = client.ask(path, method)
    assert status == 405
    assert headers["allow"] == "GET, HEAD"
    assert body == b"this server only reads: GET and HEAD\n"


@pytest.mark.parametrize(
    "path",
    [
        "/../journal.jsonl", "/.live/journal.jsonl", "/frames/../journal.jsonl",
        "/frames/..%2f..%2fterrain.nc", "/frames/%2e%2e/x.png", "/frames/1.png/../../terrain.nc",
        "//etc/passwd", "/%00", "/frames/1%00.png", "/frames/-1.png", "/frames/1e3.png",
        "/frames/" + "9" * 900 + ".png", "/frames/%D9%A1.png",
        "/live.js/", "/rain/rain-000.nc", "/posts/a.jsonl", "/assets/map.js", "/static/",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(live, path):
    _, client, _ = live
    status, headers, body = client.ask(path)
    assert status == 404
    assert "content-security-policy" in headers
    assert len(body) < 100


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("localhost:80", 200), ("LOCALHOST", 200), ("[::1]:1", 200),
        ("localhost.", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil", 421), ("localhost:x", 421), ("", 421), ("loc alhost", 421),
    ],
)  # fmt: skip
def test_only_its_own_names(live, host, status):
    _, client, _ = live
    assert client.ask("/state", headers={"host": host})[0] == status


def test_two_hosts_none_and_nonsense_are_answered_without_a_fault(live):
    _, client, _ = live
    for data in (
        b"GET /state HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        b"GET /state HTTP/1.1\r\n\r\n",
        b"GET / HTTP/x\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
    ):
        line = client.raw(data)
        assert line == b"" or line.split()[1].startswith(b"4"), data[:50]


def test_long_path_and_query_are_refused(live):
    _, client, _ = live
    assert client.ask("/" + "a" * 2000)[0] == 414
    assert client.ask("/state?" + "a" * 2000)[0] == 414


def test_reader_that_comes_back_misses_nothing_and_sees_nothing_twice(live):
    _, client, folder = live
    start = client.json("/state")
    seen, last = [], start["id"]
    for number in range(100, 112):
        add_posts(folder, "more.jsonl", [post(number)])
        if number % 3:
            continue  # others come while nobody listens
        follower = Follower(client, last=last)
        while not seen or letters(number) not in seen:
            kind, last, change = follower.next()
            assert kind == "posts"
            seen += [one["post"] for one in change["posts"]]
        follower.close()
    add_posts(folder, "more.jsonl", [post(112)])
    follower = Follower(client, after=last)
    while letters(112) not in seen:
        seen += [one["post"] for one in follower.next()[2]["posts"]]
    follower.close()
    assert seen == [letters(number) for number in range(100, 113)]
    state = client.json("/state")
    assert [one["post"] for one in state["posts"]][-13:] == seen


@pytest.mark.parametrize("last", ["0" * 32 + "-1", "nonsense", "x-1", None, "{id}-999999"])
def test_reader_of_another_journal_is_told_to_start_anew(live, last):
    view, client, _ = live
    told = last and last.replace("{id}", view.journal.name)
    follower = Follower(client, last=told)
    assert follower.next()[0] == "resync"
    with pytest.raises(EOFError):
        follower.next()
    follower.close()


def test_a_hundred_readers_see_the_same(live):
    view, client, folder = live
    start = client.json("/state")["id"]
    followers = [Follower(client, after=start) for _ in range(100)]
    assert all(follower.status == 200 for follower in followers)
    wait(lambda: view.hub.readers == 100)
    add_posts(folder, "crowd.jsonl", [post(number) for number in range(500, 520)])
    wanted = [letters(number) for number in range(500, 520)]
    for follower in followers:
        seen = []
        while len(seen) < len(wanted):
            seen += [one["post"] for one in follower.next()[2]["posts"]]
        assert seen == wanted
    for follower in followers:
        follower.close()
    add_posts(folder, "crowd.jsonl", [post(521)])  # a line that is written finds who is gone
    wait(lambda: view.hub.readers == 0)
    assert view.hub.readers_most >= 100


def test_more_readers_than_allowed_are_asked_to_come_later(live):
    view, client, _ = live
    start = client.json("/state")["id"]
    followers = [Follower(client, after=start) for _ in range(120)]
    wait(lambda: view.hub.readers == 120)
    late = Follower(client, after=start)
    assert late.status == 429
    for follower in [*followers, late]:
        follower.close()


def test_slow_reader_holds_nobody_up(live):
    _, client, folder = live
    start = client.json("/state")["id"]
    with socket.create_connection((client.host, client.port)) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.sendall(f"GET /events?after={start} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        quick = Follower(client, after=start)
        add_posts(folder, "big.jsonl", [post(n, "flood " * 150) for n in range(1000, 2000)])
        seen = 0
        while seen < 1000:
            seen += len(quick.next()[2]["posts"])
        quick.close()
    assert client.json("/health")["status"] == "ok"


def test_health_and_metrics_agree(live):
    _, client, _ = live
    health, metrics = client.json("/health"), client.ask("/metrics")[2].decode()
    assert health["status"] == "ok"
    assert f'inundate_taken_total{{kind="posts"}} {health["counts"]["posts"]}' in metrics
    assert "inundate_up 1" in metrics


def test_fuzz_finds_no_fault(live):
    from inundate.cli.live_bench.fuzz import make_request

    _, client, _ = live
    rng = random.Random(8)
    statuses = {}
    for _ in range(200):
        line = client.raw(make_request(rng))
        code = int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
        statuses[code] = statuses.get(code, 0) + 1
    assert [code for code in statuses if code >= 500] == []
    told = re.findall(r'answers_total{status="(\d+)"}', client.ask("/metrics")[2].decode())
    assert {"200", "404", "405", "421"} <= set(told)  # also those that came too late for a reader
    assert [code for code in told if code.startswith("5")] == []


def test_server_goes_on_after_thousands_of_wakes_without_readers(live):
    view, client, _ = live
    threads = [
        threading.Thread(target=lambda: [view.hub.wake() for _ in range(1000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.json("/health")["status"] == "ok"
