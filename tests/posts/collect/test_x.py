"""X: what is billed stays within the budget, threads are whole, dead tokens do not stop it."""

import json

import pytest
from fault_server import START, STEP, Faults, FaultServer
from fault_worlds import XWorld, lines_of, stamp
from ways import Way

from inundate.core.errors import RunError
from inundate.posts.collect.run import collect, estimate
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.collect.state import read_state
from inundate.posts.collect.x_cost import Prices, page_size


class Billing(XWorld):
    """Counts what it sends as X does, also when the answer does not arrive."""

    billed = 0.0

    def _page(self, posts, params, twice):
        status, found = super()._page(posts, params, twice)
        users = found.get("includes", {}).get("users", ())
        self.billed += 0.005 * len(found.get("data", ())) + 0.010 * len(users)
        return status, found


@pytest.mark.parametrize("kinds", [(), ("cut", "cut json", "reset", "500")])
@pytest.mark.parametrize("budget", [0.5, 2.0, 8.0])
def test_the_budget_is_never_broken(tmp_path, retry, environment, budget, kinds):
    world = Billing(2_000)
    with FaultServer(world, Faults(kinds, 0.4, seed=2)) as server:
        settings = CollectSettings(server=server.address, query="flood", budget_usd=budget)
        for _ in range(2):  # a second run has what the first has left
            figures = collect(
                "x-recent", tmp_path / "c", settings=settings, retry=retry, environment=environment
            )
    assert figures["stopped"] == "budget reached"
    assert world.billed <= budget + 1e-9
    assert world.billed <= figures["spent_usd"] + 1e-9
    assert figures["spent_usd"] <= budget
    (gap,) = figures["gaps"]
    assert gap["why"] == "not collected: budget reached"


def test_a_killed_run_may_have_been_billed(tmp_path, retry, environment):
    with Way("x-recent", 300, limit=50) as way:
        way.run(tmp_path / "c", retry, environment)
        state = read_state(tmp_path / "c")
        spent = state.spent_usd
        state.stopped = None
        state.write(tmp_path / "c")
        way.run(tmp_path / "c", retry, environment, limit=100)
    more = read_state(tmp_path / "c").spent_usd - spent
    assert more > Prices().worst(100)


@pytest.mark.parametrize(("left", "size"), [(0.1, None), (0.65, 10), (3.0, 46), (1e9, 100)])
def test_the_size_of_a_page(left, size):
    assert page_size(Prices(), left, None) == size
    assert size is None or Prices().worst(size) <= left


def test_the_last_page_is_small():
    assert page_size(Prices(), 1e9, 17) == 17
    assert page_size(Prices(), 1e9, 3) == 10  # X gives no less


def test_an_estimate(environment):
    with FaultServer(XWorld(200)) as server:
        settings = CollectSettings(
            server=server.address, query="flood", budget_usd=5, limit=150, price_user_usd=0.02
        )
        found = estimate("x-archive", settings=settings, environment=environment)
    assert [path for path, *_ in server.requests] == ["/2/tweets/counts/all"]
    assert found == {
        "posts": 200,
        "posts_wanted": 150,
        "likely_usd": 3.75,
        "at_most_usd": 14.25,
        "budget_usd": 5,
    }


def test_an_estimate_that_x_refuses(environment):
    with FaultServer(XWorld(2)) as server:
        settings = CollectSettings(server=server.address, query="flood", budget_usd=5)
        wrong = {"X_BEARER_TOKEN": "wrong"}
        with pytest.raises(RunError) as caught:
            estimate("x-recent", settings=settings, environment=wrong)
    assert str(caught.value).startswith("asking x-recent how many posts there are: HTTP 401")


def test_a_token_that_has_died(tmp_path, retry, environment):
    """Days later the place in the search is unknown to X, and the id of the last post is not."""
    with Way("x-archive", 350) as way:
        way.run(tmp_path / "c", retry, environment, limit=120)
        way.world.token_dies = True
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")
    assert figures["counts"]["duplicates"] == 0
    asked = [params for path, params, *_ in way.server.requests if "until_id" in params]
    assert asked
    assert "end_time" not in asked[0]


def test_whole_threads(tmp_path, retry, environment):
    world = XWorld(60, answers=True)
    with FaultServer(world) as server:
        settings = CollectSettings(
            server=server.address, query="flood OR rain", languages=["en"], budget_usd=1e6,
            replies=True,
        )  # fmt: skip
        figures = collect(
            "x-archive", tmp_path / "c", settings=settings, retry=retry, environment=environment
        )
    found = [post["id"] for line in lines_of(tmp_path / "c") for post in line["data"]]
    answered = {id[:-1] + "1" for index, id in enumerate(world.allowed) if index % 10 == 0}
    roots = {p["id"] for p in world.allowed.values() if p["public_metrics"]["reply_count"]}
    assert len(found) == len(set(found)) == len(world.allowed) + len(roots)
    assert {root[:-1] + "1" for root in roots} <= set(found)
    assert answered
    assert figures["complete"]
    queries = [params["query"][0] for _, params, *_ in server.requests]
    assert queries[0] == "(flood OR rain) lang:en"
    threads = [query for query in queries if query.startswith("conversation_id:")]
    assert len(threads) == 1  # all in one


def test_threads_that_are_left_are_a_gap(tmp_path, retry, environment):
    with FaultServer(XWorld(60, answers=True)) as server:
        settings = CollectSettings(
            server=server.address, query="flood", budget_usd=1e6, replies=True, limit=50
        )
        figures = collect(
            "x-archive", tmp_path / "c", settings=settings, retry=retry, environment=environment
        )
    assert [gap["why"] for gap in figures["gaps"]] == ["not collected: limit reached"]


def test_who_is_left_out_and_what_is_not_kept(tmp_path, retry, environment):
    with Way("x-recent", 100) as way:
        figures = way.run(tmp_path / "c", retry, environment)
    assert figures["counts"]["dropped"] == {"author opted out": 2, "not public": 2}
    text = json.dumps(list(lines_of(tmp_path / "c")))
    assert "nobot" not in text
    assert "description" not in text
    assert "user7" not in text.replace("user7", "user7_", 0).split('"')
    assert "1007" not in {
        user["id"] for line in lines_of(tmp_path / "c") for user in line["includes"]["users"]
    }


def test_the_period_is_x_s_own(tmp_path, retry, environment):
    since, until = stamp(START + 10 * STEP), stamp(START + 90 * STEP)
    with Way("x-recent", 100, since=since, until=until) as way:
        way.run(tmp_path / "c", retry, environment)
    params = way.server.requests[0][1]
    assert params["start_time"] == [since[:-5] + "Z"]
    assert params["end_time"] == [until[:-5] + "Z"]
