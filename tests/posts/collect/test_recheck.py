"""What was deleted since is found again, twice, before a notice is written for good."""

import json

import pytest
from fault_server import Faults, FaultServer
from fault_worlds import BlueskyWorld, MastodonWorld, lines_of, stamp
from ways import QUICK_FAULTS, Way

from inundate.cli.app import main
from inundate.core.errors import ConfigError, RunError
from inundate.posts.collect.folder import collection_files
from inundate.posts.collect.recheck import recheck
from inundate.posts.collect.state import read_state
from inundate.posts.ingest import import_posts


class Later(MastodonWorld):
    """The same server some days on: its answers are cut now and then."""

    cut_at, asked = None, 0

    def answer(self, path, params, headers, twice, body):
        if path != "/api/v1/statuses":
            return super().answer(path, params, headers, twice, body)
        self.asked += 1
        wanted = set(params["id[]"])
        found = [status for status in self.posts if status["id"] in wanted]
        return 200, [] if self.asked == self.cut_at else found


class LaterSky(BlueskyWorld):
    def answer(self, path, params, headers, twice, body):
        assert path == "/xrpc/app.bsky.feed.getPosts"
        wanted = set(params["uris"])
        return 200, {"posts": [post for post in self.posts if post["uri"] in wanted]}


def collected(folder, name, number, retry, environment, **more):
    with Way(name, number) as way:
        way.run(folder, retry, environment, **more)
    return way


def test_mastodon(tmp_path, retry, environment):
    folder = tmp_path / "c"
    way = collected(folder, "mastodon-tag", 100, retry, environment)
    before = read_state(folder)
    world = Later(100)
    by_index = dict(enumerate(world.posts))
    del world.posts[20]
    by_index[30]["edited_at"] = stamp(0)
    by_index[40]["visibility"] = "private"
    by_index[50]["account"]["note"] = "no more #nobot"
    with FaultServer(world, Faults(QUICK_FAULTS, 0.2, seed=1)) as server:
        found = recheck(folder, server=server.address, retry=retry, environment=environment)
        again = recheck(folder, server=server.address, retry=retry, environment=environment)
    assert found == {"checked": len(way.wanted), "deleted": 3, "edited": 1}
    assert again == {"checked": len(way.wanted) - 3, "deleted": 0, "edited": 0}
    lines = list(lines_of(folder))
    gone = {line["payload"] for line in lines if line.get("event") == "delete"}
    assert gone == {by_index[index]["id"] for index in (20, 40, 50)}
    after = read_state(folder)
    assert (after.complete, after.stopped, after.cursor) == (
        before.complete, before.stopped, before.cursor
    )  # fmt: skip
    assert after.counts.is_conserved
    (imported,) = import_posts(collection_files(folder), tmp_path / "raw")
    assert imported.entry.counts.deletions == 3


def test_an_answer_that_is_cut_deletes_nothing(tmp_path, retry, environment):
    folder = tmp_path / "c"
    collected(folder, "mastodon-tag", 60, retry, environment)
    world = Later(60)
    world.cut_at = 2
    with FaultServer(world) as server:
        found = recheck(folder, server=server.address, retry=retry, environment=environment)
    assert found["deleted"] == 0


@pytest.mark.parametrize("name", ["bluesky-search", "bluesky-jetstream v2"])
def test_bluesky(tmp_path, retry, environment, name):
    """Also of a stream: while it was not listened to, it told nothing."""
    folder = tmp_path / "c"
    collected(folder, name, 60, retry, environment)
    world = LaterSky(60)
    gone = world.posts.pop(10)["uri"]
    with FaultServer(world) as server:
        found = recheck(folder, server=server.address, retry=retry, environment=environment)
    assert found["deleted"] == 1
    assert list(lines_of(folder))[-1]["commit"]["rkey"] == gone.rpartition("/")[2]
    (imported,) = import_posts(collection_files(folder), tmp_path / "raw")
    assert imported.entry.counts.deletions >= 1


def test_a_collection_that_is_not_whole_stays_so(tmp_path, retry, environment):
    folder = tmp_path / "c"
    collected(folder, "mastodon-tag", 90, retry, environment, limit=40)
    before = read_state(folder)
    world = Later(90)
    del world.posts[70]
    with FaultServer(world) as server:
        recheck(folder, server=server.address, retry=retry, environment=environment)
    after = read_state(folder)
    assert after.gaps == before.gaps
    assert after.counts.deletions == 1
    with Way("mastodon-tag", 90) as way:
        del way.world.posts[70]
        server = before.settings["server"]
        after.settings["server"] = way.server.address  # another port
        after.write(folder)
        assert server != way.server.address
        figures = way.run(folder, retry, environment)
    assert figures["complete"]


def test_x_has_its_own_way(tmp_path, retry, environment):
    collected(tmp_path / "c", "x-recent", 10, retry, environment)
    with pytest.raises(ConfigError) as caught:
        recheck(tmp_path / "c", environment=environment)
    assert str(caught.value) == (
        f"rechecking {tmp_path / 'c'}: X bills for looking at posts again, and has compliance "
        "jobs, which do it for ids"
    )


def test_a_server_that_cannot(tmp_path, retry, environment):
    """Before Mastodon 4.3 several posts could not be asked for."""

    class Old(Later):
        def answer(self, path, *rest):
            return 404, {"error": "The page you are looking for isn't here."}

    collected(tmp_path / "c", "mastodon-tag", 10, retry, environment)
    with FaultServer(Old(10)) as server, pytest.raises(RunError, match="HTTP 404: The page"):
        recheck(tmp_path / "c", server=server.address, retry=retry, environment=environment)


def test_the_command(tmp_path, retry, environment, capsys, monkeypatch):
    monkeypatch.delenv("MASTODON_ACCESS_TOKEN", raising=False)
    folder = tmp_path / "c"
    collected(folder, "mastodon-tag", 30, retry, environment)
    world = Later(30)
    del world.posts[3]
    with FaultServer(world) as server:
        arguments = ["posts", "recheck", str(folder), "--server", server.address]
        assert main(arguments) == 0
        assert main([*arguments, "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{folder}: 27 posts looked at again, 1 deleted or hidden, 0 edited"
    assert lines[1] == f"  import it again: inundate posts import {folder} -o raw"
    assert json.loads(lines[2])["checked"] == 26
