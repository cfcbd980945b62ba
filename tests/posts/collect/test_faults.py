"""Nothing is lost, nothing doubled and nothing forgotten, whatever the servers do."""

import pytest
from fault_server import Faults, FaultServer
from fault_worlds import MastodonWorld, XWorld
from ways import QUICK_FAULTS, WAYS, Way

from inundate.posts.collect.retry import Retry
from inundate.posts.collect.run import collect
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.collect.state import read_state


@pytest.mark.parametrize("name", WAYS)
def test_all_faults(tmp_path, retry, environment, name):
    # the clock of the server is an hour ahead: a wait until its time must not last an hour
    number = 60 if "stream" in name else 450 if name.startswith("x-") else 180
    faults = Faults(QUICK_FAULTS, 0.4, seed=3, skew_s=3600.0)
    with Way(name, number, faults) as way:
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")
    counts = read_state(tmp_path / "c").counts
    assert counts.is_conserved
    assert counts.posts == len(way.wanted)
    assert sum(faults.done.values()) >= 3
    assert sum(counts.faults.values()) >= 2
    assert figures["gaps"] == []


@pytest.mark.parametrize("kind", sorted(set(QUICK_FAULTS) - {"drop", "close", "garbage"}))
def test_one_fault_at_the_first_request(tmp_path, retry, environment, kind):
    if kind.startswith("handshake"):
        name, fault_of = "bluesky-jetstream v1", kind.removeprefix("handshake ")
    else:
        name, fault_of = "x-recent", kind[:3]
    faults = Faults()
    faults.orders = [kind]
    with Way(name, 30, faults) as way:
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")
    assert faults.done[kind] == 1
    told = {"cut": "cut body", "res": "connection"}.get(fault_of, f"HTTP {fault_of}")
    assert fault_of == "twi" or figures["counts"]["faults"] == {told: 1}


def test_an_answer_that_drips(tmp_path, environment):
    """Bytes come all the time, and yet no answer: the time of a request is bound as a whole."""
    faults = Faults()
    faults.orders = ["loris"]
    with Way("mastodon-tag", 60, faults) as way:
        figures = way.run(tmp_path / "c", Retry(base_s=0.01, request_s=1.5), environment)
        way.check(tmp_path / "c")
    assert figures["counts"]["faults"]["timeout"] >= 1


def test_a_clock_an_hour_ahead_is_told(tmp_path, retry, environment):
    with Way("mastodon-tag", 10, Faults(skew_s=3600.0)) as way:
        figures = way.run(tmp_path / "c", retry, environment)
    assert figures["clock_skew_s"] == pytest.approx(3600, abs=20)


class Empty(XWorld):
    """Answers that are JSON, and no pages."""

    def answer(self, path, params, headers, twice, body):
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked <= 2:
            return 200, {"errors": [{"title": "Service Unavailable"}]}
        return super().answer(path, params, headers, twice, body)


def test_an_answer_without_a_page_is_not_the_end(tmp_path, retry, environment):
    with FaultServer(Empty(20)) as server:
        settings = CollectSettings(query="flood", budget_usd=1e6, server=server.address)
        figures = collect(
            "x-recent", tmp_path / "c", settings=settings, retry=retry, environment=environment
        )
    assert figures["counts"]["faults"] == {"no page": 2}
    assert figures["counts"]["read"] == 20


class Odd(MastodonWorld):
    """Pages with things that are no posts."""

    def _timeline(self, params, twice):
        status, page = super()._timeline(params, twice)
        return status, [*page, None, {"id": ""}] if page else page


def test_what_is_no_post_is_counted(tmp_path, retry, environment):
    with FaultServer(Odd(50)) as server:
        settings = CollectSettings(tags=["flood"], server=server.address)
        figures = collect(
            "mastodon-tag", tmp_path / "c", settings=settings, retry=retry, environment=environment
        )
    assert figures["complete"]
    assert figures["counts"]["posts"] == len(Odd(50).allowed)
