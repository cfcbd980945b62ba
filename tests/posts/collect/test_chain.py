"""What is collected is imported: `inundate posts collect` and `inundate posts import`."""

import json

import pytest
from fault_server import START, STEP
from fault_worlds import stamp
from ways import WAYS, Way

from inundate.cli.app import main
from inundate.core.errors import DataError
from inundate.posts.collect.clock import iso
from inundate.posts.collect.folder import collection_files
from inundate.posts.collect.state import Gap, State
from inundate.posts.gaps import StoredGap, keep_gaps, read_gaps
from inundate.posts.ingest import import_posts
from inundate.posts.store import create_store


@pytest.mark.parametrize("name", WAYS)
def test_a_collection_is_imported_whole(tmp_path, retry, environment, name):
    with Way(name, 60) as way:
        figures = way.run(tmp_path / "c", retry, environment)
    imported = import_posts(collection_files(tmp_path / "c"), tmp_path / "raw")
    counts = [one.entry.counts for one in imported]
    assert (
        sum(one.kept for one in counts)
        == figures["counts"]["posts"] - (figures["counts"]["deletions"])
    )
    assert sum(one.deletions for one in counts) == figures["counts"]["deletions"]
    # what was deleted since is left out there, and nothing else
    assert sum(sum(one.dropped.values()) for one in counts) == figures["counts"]["deletions"]
    assert all(one.broken == {} and one.duplicate == 0 for one in counts)


def test_the_folder_itself_is_imported(tmp_path, retry, environment, capsys):
    """Its ledger and index are no posts, and in nobody's way."""
    with Way("mastodon-tag", 60) as way:
        figures = way.run(tmp_path / "c", retry, environment)
    folder, raw = str(tmp_path / "c"), str(tmp_path / "raw")
    assert main(["posts", "import", folder, "-o", raw, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kept"] == figures["counts"]["posts"]
    assert found["broken"] == {}


def test_gaps_go_with_the_posts(tmp_path, retry, environment, capsys):
    """From the collection to the raw store, and rounded outwards to the pseudonymised one."""
    raw, safe, key = (str(tmp_path / name) for name in ("raw", "safe", "key"))
    with Way("bluesky-jetstream v1", 200) as way:
        way.server.forget_at = {1: 100}
        way.run(tmp_path / "one", retry, environment)
    with Way("mastodon-tag", 60, since=stamp(START)) as way:
        way.run(tmp_path / "two", retry, environment, limit=5)
        assert (
            main(["posts", "import", str(tmp_path / "one"), str(tmp_path / "two"), "-o", raw]) == 0
        )
        gaps = read_gaps(tmp_path / "raw")
        assert gaps == [
            StoredGap(
                source="mastodon-tag",
                start=iso(START),
                to=iso(START + 20 * STEP),
                why="not collected: limit reached",
            ),
            StoredGap(
                source="bluesky-jetstream",
                start=iso(START),
                to=iso(START + 100 * STEP),
                why="before what the server still has",
            ),
        ]
        assert main(["posts", "anonymise", raw, "--key", key, "-o", safe]) == 0
        carried = read_gaps(tmp_path / "safe")
        assert {gap.why for gap in carried} == {gap.why for gap in gaps}
        # 15:06:40 to 15:08:20 in bins of ten minutes
        assert {(gap.start, gap.to) for gap in carried} == {
            ("2025-06-15T15:00:00Z", "2025-06-15T15:10:00Z")
        }
        assert main(["posts", "verify", safe]) == 0
        capsys.readouterr()
        assert main(["posts", "describe", safe]) == 0
        assert "mastodon-tag: not collected: limit reached" in capsys.readouterr().out
        # the collection goes on, and what was open is closed
        way.run(tmp_path / "two", retry, environment)
    assert main(["posts", "import", str(tmp_path / "two"), "-o", raw]) == 0
    assert [gap.source for gap in read_gaps(tmp_path / "raw")] == ["bluesky-jetstream"]


def test_a_server_s_words_stay_out_of_the_store(tmp_path):
    state = State(source="x-recent", settings={}, started="", updated="")
    state.add_gap(Gap.of(1, 2, "not collected: failed: HTTP 400: no query @anna"))
    state.add_gap(Gap.of(2, 3, "the timeline could not be read: HTTP 404: @anna"))
    (tmp_path / "c").mkdir()
    state.write(tmp_path / "c")
    store = create_store(tmp_path / "raw")
    keep_gaps(store, [tmp_path / "c"])
    told = [gap.why for gap in read_gaps(store.path)]
    assert told == ["not collected", "the timeline could not be read"]


def test_somebody_else_s_file_of_that_name(tmp_path):
    (tmp_path / "collection.json").write_text('{"kind": "stamps"}')
    store = create_store(tmp_path / "raw")
    keep_gaps(store, [tmp_path, tmp_path / "raw"])
    assert read_gaps(store.path) == []


def test_a_file_of_gaps_that_is_none(tmp_path):
    (tmp_path / "gaps.json").write_text("[]")
    with pytest.raises(DataError, match="expected what an import writes"):
        read_gaps(tmp_path)
