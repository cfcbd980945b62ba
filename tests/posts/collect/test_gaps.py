"""The ledger tells what is missing, from when to when and why."""

import json

import pytest
from fault_jetstream import JetstreamServer
from fault_server import START, STEP, Faults, FaultServer
from fault_worlds import MastodonWorld, XWorld, stamp
from ways import Way

from inundate.core.errors import RunError
from inundate.posts.collect.clock import iso
from inundate.posts.collect.retry import Retry
from inundate.posts.collect.run import collect
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.collect.state import Gap, State, read_state


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_what_a_stream_forgets_is_a_gap(tmp_path, retry, environment, shape):
    faults = Faults(("close",), 1.0, seed=1)
    with Way(f"bluesky-jetstream {shape}", 150, faults) as way:
        way.server.forget_at = {2: 20}
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c", figures["gaps"])
    (gap,) = figures["gaps"]
    assert gap["why"] == "no longer on the server when it was connected again"
    assert gap["open"] is False
    assert figures["complete"]


def test_what_a_server_has_forgotten_before_is_a_gap(tmp_path, retry, environment):
    with Way("bluesky-jetstream v1", 200) as way:
        way.server.forget_at = {1: 100}
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c", figures["gaps"])
    (gap,) = figures["gaps"]
    assert gap["why"] == "before what the server still has"
    assert gap["from"] == iso(START)
    assert gap["to"] == iso(START + 100 * STEP)


class Dead(XWorld):
    """Fails for good after some pages, until it is mended."""

    asked, dies_at, is_mended = 0, 3, False

    def answer(self, *arguments):
        self.asked += 1
        if self.asked > self.dies_at and not self.is_mended:
            return 503, {"title": "Service Unavailable"}
        return super().answer(*arguments)


def test_a_search_that_is_given_up_goes_on(tmp_path, environment):
    world, folder = Dead(350), tmp_path / "c"
    settings = {"query": "flood", "budget_usd": 1e6, "since": stamp(START)}
    retry = Retry(tries=3, base_s=0.01, most_s=0.02)
    with FaultServer(world) as server:
        asked = CollectSettings(server=server.address, **settings)
        with pytest.raises(RunError) as caught:
            collect("x-recent", folder, settings=asked, retry=retry, environment=environment)
        assert str(caught.value) == (
            "collecting from x-recent: 3 tries failed, the last with: HTTP 503: Service "
            f"Unavailable; 288 posts are safe in {folder}"
        )
        assert caught.value.hint == "the same command goes on from there"
        state = read_state(folder)
        reached = START + 50 * STEP
        assert state.gaps == [
            Gap.of(
                START,
                reached,
                "not collected: failed: 3 tries failed, the last with: HTTP 503: Service "
                "Unavailable",
                open=True,
            )
        ]
        assert not state.complete
        assert state.counts.faults == {"HTTP 503": 3}
        world.is_mended = True
        figures = collect("x-recent", folder, settings=asked, retry=retry, environment=environment)
    assert figures["complete"]
    assert figures["gaps"] == []
    assert figures["counts"]["posts"] == len(world.allowed)
    assert figures["counts"]["duplicates"] == 0


class Closed(MastodonWorld):
    """Streams, and has no timeline."""

    def _timeline(self, params, twice):
        return 404, {"error": "Record not found"}


def test_a_stream_without_a_timeline_has_gaps(tmp_path, retry, environment):
    world, faults = Closed(120, 0), Faults(("drop",), 0.5, seed=4)
    with FaultServer(world, faults) as server:
        world.streaming = server.address
        settings = CollectSettings(server=server.address, tags=["flood"], limit=60)
        figures = collect(
            "mastodon-stream",
            tmp_path / "c",
            settings=settings,
            retry=retry,
            environment=environment,
        )
    assert faults.done["drop"] > 0
    assert len(figures["gaps"]) >= 1
    assert all(
        gap["why"] == "the stream broke, and the timeline could not be read: "
        "HTTP 404: Record not found"
        for gap in figures["gaps"]
    )


class Shrinking(MastodonWorld):
    """So many posts are deleted between two pages of a search that they no longer meet."""

    def _search(self, params, twice):
        found = super()._search(params, twice)
        if params["offset"] == ["0"]:
            del self.posts[-40:]
        return found


def test_pages_of_a_search_that_do_not_meet_are_a_gap(tmp_path, retry, environment):
    with FaultServer(Shrinking(120)) as server:
        settings = CollectSettings(server=server.address, query="flood")
        figures = collect(
            "mastodon-search",
            tmp_path / "c",
            settings=settings,
            retry=retry,
            environment=environment,
        )
    (gap,) = figures["gaps"]
    assert gap["why"] == "more than 10 posts were deleted between two pages of a search"
    assert gap["from"] < gap["to"]


def test_a_frame_that_stays_broken_is_a_gap(tmp_path, retry, environment):
    """It is asked for three times; then the rest is worth more than this one."""

    class Stuck(JetstreamServer):
        def _frame(self, number):
            frame = super()._frame(number)
            return frame[:20] if number == 30 else frame

    with Stuck(60, "v2") as server:
        settings = CollectSettings(
            server=server.address, since=stamp(START), until=stamp(server.events[-1][0])
        )
        figures = collect(
            "bluesky-jetstream",
            tmp_path / "c",
            settings=settings,
            retry=retry,
            environment=environment,
        )
    (gap,) = figures["gaps"]
    lost = iso(server.events[30][0])
    assert gap["from"] < lost < gap["to"]
    assert figures["counts"]["faults"]["unreadable frame"] == 3
    assert figures["complete"]


def test_gaps_that_touch_are_one():
    state = State(source="x", settings={}, started="", updated="")
    state.add_gap(Gap.of(0, 5, "why"))
    state.add_gap(Gap.of(5, 9, "why"))
    state.add_gap(Gap.of(9, 12, "another"))
    assert state.gaps == [Gap.of(0, 9, "why"), Gap.of(9, 12, "another")]


def test_the_ledger_is_plain_json(tmp_path, retry, environment):
    with Way("mastodon-tag", 50, since=stamp(START), limit=1) as way:
        way.run(tmp_path / "c", retry, environment)
    found = json.loads((tmp_path / "c" / "collection.json").read_text(encoding="utf-8"))
    assert found["kind"] == "posts-collection"
    assert found["stopped"] == "limit reached"
    assert found["gaps"] == [
        {
            "from": iso(START),
            "to": iso(START + 10 * STEP),
            "why": "not collected: limit reached",
            "open": True,
        }
    ]
    assert found["settings"]["tags"] == ["flood"]
