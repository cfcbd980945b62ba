"""What is collected is imported: `inundate posts collect` and `inundate posts import`."""

import json

import pytest
from ways import WAYS, Way

from inundate.cli.app import main
from inundate.posts.collect.folder import collection_files
from inundate.posts.ingest import import_posts


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
