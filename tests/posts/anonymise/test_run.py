"""Pseudonymised stores: complete, coarse, the same however they come about."""

import datetime as dt
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.posts.anonymise.key import create_key, draw_key, open_key
from inundate.posts.anonymise.rotate import rotate_key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.anonymise.verify import verify_posts
from inundate.posts.schema import SAFE_SCHEMA
from inundate.posts.store import create_store, open_posts, open_raw


def post(number, author=1, text="rain", day=1, minute=0, **more):
    made = f"2020-02-{day:02d}T10:{minute:02d}:07.000Z"
    return {
        "id": str(10**17 + number), "text": text, "created_at": made, "lang": "en",
        "author_id": str(author), "author": {"id": str(author), "username": f"hndl_{author}"},
        **more,
    }  # fmt: skip


def many(number, days=4, authors=9):
    return [
        post(
            one,
            one % authors,
            f"rain {one} @hndl_{(one + 1) % authors}",
            one % days + 1,
            one % 60,
            conversation_id=str(10**17 + one // 3),
        )
        for one in range(number)
    ]  # fmt: skip


def test_every_post_is_there_and_the_graph_is_the_same(lines, safe):
    posts = many(60)
    for one in posts[1:]:
        one["referenced_tweets"] = [{"type": "replied_to", "id": posts[0]["id"]}]
        one["in_reply_to_user_id"] = posts[0]["author_id"]
    store, rows = safe(lines(posts))
    assert store.counts().read == store.counts().kept == len(rows) == 60
    assert rows[0].keys() == set(SAFE_SCHEMA.names)
    by_text = {row["text"].split()[1]: row for row in rows}
    authors = {}
    for number, one in enumerate(posts):
        row = by_text[str(number)]
        authors.setdefault(one["author_id"], set()).add(row["author"])
    assert all(len(tokens) == 1 for tokens in authors.values())
    assert len({next(iter(tokens)) for tokens in authors.values()}) == 9
    root = by_text["0"]
    assert {row["reply_to"] for row in rows} == {root["post"], None}
    assert {row["reply_to_author"] for row in rows} == {root["author"], None}
    assert root["conversation"] == root["post"]  # a thread is named by its first post
    threads = {}
    for number in range(60):
        threads.setdefault(number // 3, set()).add(by_text[str(number)]["conversation"])
    assert all(len(tokens) == 1 for tokens in threads.values())
    token_of = {name: next(iter(tokens)) for name, tokens in authors.items()}
    for number in range(60):
        assert by_text[str(number)]["mentions"] == [token_of[str((number + 1) % 9)]]


def test_author_and_all_spellings_of_a_mention_give_one_token(lines, safe):
    texts = ["@Hndl_1 x", "@hndl_1: x", ".@hndl_1", "(@HNDL_1)", "＠hndl_1", "@hndl\u200b_1",
             "hndl_1 says", "#hndl_1", "RT @hndl_1: x", "%40hndl_1"]  # fmt: skip
    posts = [post(number, 2, text) for number, text in enumerate(texts)]
    entity = {"mentions": [{"username": "HNDL_1", "id": "1"}]}
    posts += [
        post(90, 1),
        post(91, 2, "x", entities=entity),
        post(92, 2, "@hndl_1", entities=entity),
    ]
    _, rows = safe(lines(posts))
    author = next(row["author"] for row in rows if row["text"] == "rain")
    mentions = [row["mentions"] for row in rows if row["text"] != "rain"]
    assert mentions == [[author]] * 12


@pytest.mark.parametrize(
    ("name", "handle"), [("mastodon.jsonl", "mastodon"), ("bluesky.jsonl", "bluesky")]
)
def test_examples_of_other_platforms(name, handle, safe, examples):
    from pathlib import Path

    store, rows = safe(Path(examples.__file__).parent / name)
    assert {row["source"] for row in rows} == {handle}
    figures, found = verify_posts(store.path)
    assert found == []
    assert figures["posts"] == len(rows)


def test_times_counts_places_and_rare_values(lines, safe):
    places = {"geo": {"coordinates": {"coordinates": [-0.3367, 53.7457]}, "country_code": "gb"}}
    posts = [
        post(number, number, "water", 1, 17, public_metrics={"like_count": 47}, source="iPhone X",
             entities={"hashtags": [{"tag": "Flood"}, {"tag": f"rare{number}"}],
                       "urls": [{"expanded_url": f"https://www.bbc.co.uk/{number}"},
                                {"expanded_url": f"https://site{number}.org/"}]}, **places)
        for number in range(6)
    ]  # fmt: skip
    posts[0]["lang"] = "cy"
    posts[1]["geo"] = {"coordinates": {"coordinates": [10.01, 60.02]}}
    store, rows = safe(lines(posts))
    assert {row["created_bin"] for row in rows} == {dt.datetime(2020, 2, 1, 10, 10, tzinfo=dt.UTC)}
    assert {row["likes_bin"] for row in rows} == {30}
    assert {row["client"] for row in rows} == {"ios"}
    assert {row["lang"] for row in rows} == {"en", "other"}
    assert all(row["hashtags"] == ["flood"] and row["domains"] == ["bbc.co.uk"] for row in rows)
    found = {(row["latitude"], row["longitude"], row["geo_cell_degrees"]) for row in rows}
    assert found == {(53.75, -0.35, 0.1), (None, None, None)}  # one alone is nowhere
    assert {row["place_country"] for row in rows} == {"GB", None}
    assert verify_posts(store.path)[1] == []


def test_a_cell_is_shown_only_where_enough_authors_are(lines, safe):
    points = [(-0.05 - 0.1 * number, 50.05) for number in range(4)] + [(-0.05, 50.05)] * 5
    posts = [
        post(number, number, geo={"coordinates": {"coordinates": list(point)}})
        for number, point in enumerate(points)
    ]
    _, rows = safe(lines(posts), k=3)
    cells = sorted((row["geo_cell_degrees"], row["longitude"]) for row in rows)
    # six in the finest; the three beside them share the next
    assert cells == [(0.1, -0.05)] * 6 + [(0.5, -0.25)] * 3


def test_same_posts_same_bytes(lines, safe, tree, tmp_path):
    posts = many(50)
    store, _ = safe(lines(posts))
    again, _ = safe(lines(posts), name="again", raw="raw2")
    assert tree(store.path) == tree(again.path)
    one, _ = safe(lines(posts, "b.jsonl"), name="new", using=draw_key())
    mine, other = (
        {value for row in rows for value in (row["post"], row["author"], *row["mentions"])}
        for rows in (
            [row for table in open_posts(path).batches() for row in table.to_pylist()]
            for path in (store.path, one.path)
        )
    )
    assert not mine & other


def test_order_of_rows_tells_no_time(lines, safe):
    """Within a bin the order is that of the tokens, which is none."""
    posts = [post(number, number, f"t{number}", minute=number % 10) for number in range(40)]
    _, rows = safe(lines(posts))
    assert len({row["created_bin"] for row in rows}) == 1
    tokens = [row["post"] for row in rows]
    assert tokens == sorted(tokens)
    assert [row["text"] for row in rows] != sorted(row["text"] for row in rows)


def test_small_and_large_parts_give_the_same(lines, safe, monkeypatch, tree):
    from inundate.posts.anonymise import run, survey

    posts = [post(number, number % 7, f"t{number}", 1, number % 60) for number in range(90)]
    whole, _ = safe(lines(posts))
    monkeypatch.setattr(run, "_ROWS", 20)
    monkeypatch.setattr(survey, "_TOGETHER", 8)
    sliced, _ = safe(lines(posts), name="sliced")
    assert tree(whole.path) == tree(sliced.path)


KILL = """
import os, signal, sys
from pathlib import Path
from inundate.posts.anonymise import run
from inundate.posts.anonymise.key import open_key
run._ROWS = 10
left = 3
whole = run._write
def killed(*arguments):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments)
run._write = killed
run.anonymise_posts(sys.argv[1], sys.argv[2], open_key(sys.argv[3]))
"""


def test_a_killed_run_goes_on(lines, safe, tmp_path, tree, monkeypatch):
    from inundate.posts.anonymise import run

    monkeypatch.setattr(run, "_ROWS", 10)
    key = create_key(tmp_path / "a.key")
    store, _ = safe(lines(many(60)), using=key)
    again = tmp_path / "again"
    arguments = [sys.executable, "-c", KILL, tmp_path / "raw", again, tmp_path / "a.key"]
    done = subprocess.run(arguments, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not again.exists()
    ready = len(list((tmp_path / ".again.part-anonymise").rglob("*.parquet")))
    # handles lie there, though not in clear
    learned = (tmp_path / ".again.part-anonymise/_staging/learned").stat().st_mode & 0o777
    converted = []
    whole = run._Job._convert
    monkeypatch.setattr(
        run._Job, "_convert",
        lambda *arguments: converted.extend(arguments[3]) or whole(*arguments),
    )  # fmt: skip
    anonymise_posts(tmp_path / "raw", again, key)
    assert ready
    assert learned == 0o700
    assert len(converted) < len(store.parts())
    assert tree(again) == tree(store.path)
    assert [path.name for path in tmp_path.glob(".again*")] == []


def test_what_is_there_is_brought_up_to_date(lines, safe, tmp_path, key):
    safe(lines(many(20)))
    assert anonymise_posts(tmp_path / "raw", tmp_path / "safe", key).status == "already there"
    store, rows = safe(lines([post(900, 3, "later")], "b.jsonl"))
    assert len(rows) == 21
    assert verify_posts(store.path, key=key, raw=tmp_path / "raw")[1] == []
    with pytest.raises(ConfigError, match="made with key that differ"):
        anonymise_posts(tmp_path / "raw", tmp_path / "safe", draw_key())
    with pytest.raises(ConfigError, match="made with settings that differ"):
        anonymise_posts(tmp_path / "raw", tmp_path / "safe", key, AnonymiseSettings(k=3))
    assert anonymise_posts(
        tmp_path / "raw", tmp_path / "safe", key, AnonymiseSettings(k=3), overwrite=True
    ).status == "made"  # fmt: skip


def test_stores_are_not_mixed_up(lines, safe, tmp_path, key):
    store, _ = safe(lines(many(3)))
    with pytest.raises(DataError, match="expected raw ones"):
        anonymise_posts(store.path, tmp_path / "twice", key)
    with pytest.raises(DataError, match=r"kind posts-raw\); expected pseudonymised"):
        open_posts(tmp_path / "raw")
    with pytest.raises(RunError, match="is or holds the input"):
        anonymise_posts(tmp_path / "raw", tmp_path / "raw", key)
    with pytest.raises(RunError, match="lies within the raw store"):
        anonymise_posts(tmp_path / "raw", tmp_path / "raw" / "safe", key)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(RunError, match="is no store of posts"):
        anonymise_posts(tmp_path / "raw", tmp_path / "mine", key)
    create_store(tmp_path / "none")
    assert anonymise_posts(tmp_path / "none", tmp_path / "empty", key).posts == 0


def test_a_key_is_exchanged(lines, safe, tmp_path):
    from inundate.posts.anonymise.forget import forget_author

    place = tmp_path / "a.key"
    old = create_key(place)
    store, before = safe(lines(many(30)), using=old)
    forget_author(store.path, old, source="x", author_id="4")
    done = rotate_key(tmp_path / "raw", store.path, place)
    fresh = open_key(place)
    assert fresh.fingerprint != old.fingerprint
    assert sorted(path.name for path in tmp_path.glob("a.key*")) == ["a.key"]
    assert done.forgotten == 3  # of 30 posts of nine authors
    figures, found = verify_posts(store.path, key=fresh)
    assert (found, figures["posts"]) == ([], 27)
    after = [row for table in open_posts(store.path).batches() for row in table.to_pylist()]
    assert not {row["author"] for row in before} & {row["author"] for row in after}
    with pytest.raises(RunError, match="another key does not know them"):
        anonymise_posts(tmp_path / "raw", store.path, draw_key(), overwrite=True)


@pytest.mark.parametrize("where", ["before", "after", "last"])
def test_an_exchange_that_is_stopped_goes_on(where, lines, safe, tmp_path, monkeypatch):
    from inundate.posts.anonymise import rotate

    place = tmp_path / "a.key"
    store, _ = safe(lines(many(12)), using=create_key(place))

    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if where == "before":
            patch.setattr(rotate, "anonymise_posts", stopped)
        elif where == "after":
            patch.setattr(rotate, "wipe", stopped)
        else:
            patch.setattr(rotate.Path, "replace", stopped)
            patch.setattr(rotate, "anonymise_posts", anonymise_and(patch))
        with pytest.raises(KeyboardInterrupt):
            rotate_key(tmp_path / "raw", store.path, place)
    rotate_key(tmp_path / "raw", store.path, place)
    assert sorted(path.name for path in tmp_path.glob("a.key*")) == ["a.key"]
    assert verify_posts(store.path, key=open_key(place))[1] == []


def anonymise_and(patch):
    """Make the output with the real way to rename files, then take it away again."""
    from pathlib import Path

    stopped = Path.replace

    def run(*arguments, **more):
        patch.undo()
        done = anonymise_posts(*arguments, **more)
        patch.setattr(Path, "replace", stopped)
        return done

    return run


@pytest.mark.parametrize("policy", ["hash", "paraphrase-safe"])
def test_texts_that_no_search_finds(policy, lines, safe):
    from inundate.posts.anonymise.reorder import RUN, longest_run

    sentence = "the river is over the bridge and rising fast near the old mill tonight"
    posts = [post(number, number, f"{sentence} word{number}") for number in range(8)]
    posts.append(post(20, 1, "one two three four five six seven eight nine ten"))
    _, rows = safe(lines(posts), text=policy)
    original = sentence.split()
    for row in rows:
        words = row["text"].split()
        assert longest_run(original, words) <= RUN
        assert not any(word.startswith("word") for word in words)
    river = [row["text"] for row in rows if row["text"]]
    if policy == "hash":
        assert not set(original) & {word for text in river for word in text.split()}
        assert len(river[0].split()) in (10, 15)
    else:
        assert river.count(river[0]) == 8  # what all wrote alike still is alike
        assert sorted(river[0].split()) == sorted(original)
        assert sum(not row["text"] for row in rows) == 1  # nobody else used these words


def test_unknown_fields_and_files_do_not_pass(lines, safe, tmp_path):
    canary = "QuxCanary77"
    posts = many(5)
    for one in posts:
        one["new"] = one["author"]["new"] = {canary: [canary]}
    store, _ = safe(lines(posts, f"{canary}.jsonl"))
    for path in store.path.rglob("*"):
        assert canary not in str(path)
        assert path.is_dir() or canary.encode() not in path.read_bytes()
    assert open_raw(tmp_path / "raw").entries()[0].input["name"] == f"{canary}.jsonl"


@given_settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(2, 6))
def test_rows_are_conserved(tmp_path_factory, authors, k):
    import json

    from inundate.posts.ingest import import_posts

    folder = tmp_path_factory.mktemp("conserved")
    posts = [post(number, author, f"@hndl_{author} x") for number, author in enumerate(authors)]
    (folder / "a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in posts))
    import_posts([folder / "a.jsonl"], folder / "raw")
    key, settings = draw_key(), AnonymiseSettings(k=k)
    done = anonymise_posts(folder / "raw", folder / "safe", key, settings)
    assert done.posts == len(authors)
    assert verify_posts(folder / "safe", key=key, raw=folder / "raw")[1] == []


def test_deletions_reach_the_output(lines, safe, tmp_path):
    made = "Sat Feb 01 10:00:00 +0000 2020"
    posts = [
        {"id_str": str(10**17 + n), "text": f"t{n}", "created_at": made, "user": {"id_str": "1"}}
        for n in range(3)
    ]
    safe(lines(posts))
    notice = {"delete": {"status": {"id_str": posts[1]["id_str"], "user_id_str": "1"}}}
    store, rows = safe(lines([notice, posts[1]], "b.jsonl"))
    assert sorted(row["text"] for row in rows) == ["t0", "t2"]
    assert verify_posts(store.path, raw=tmp_path / "raw")[1] == []
    assert not list(store.path.glob("_deleted*"))  # hashes of ids without a key stay where they are


def test_tags_that_are_handles_go_and_words_stay(lines, safe):
    """Many write the word "calgary", which is a handle too; the other is mentioned mostly."""
    posts = []
    for number in range(24):
        text = "calgary is wet #calgary" if number < 20 else "@calgary @zwurzel #zwurzel"
        tags = {"hashtags": [{"tag": "calgary" if number < 20 else "zwurzel"}]}
        mentions = {
            "mentions": [{"username": "calgary", "id": "7"}, {"username": "zwurzel", "id": "8"}]
        }
        posts.append(post(number, number, text, entities=tags | (mentions if number >= 20 else {})))
    _, rows = safe(lines(posts), k=3)
    assert {row["text"] for row in rows} == {"calgary is wet #calgary", "<user> <user> #<user>"}
    assert {tag for row in rows for tag in row["hashtags"]} == {"calgary"}


def test_a_tag_of_bluesky_is_the_handle_without_its_server(safe, tmp_path):
    import json

    def one(number):
        record = {"text": "@zwurzel.bsky.social yes", "createdAt": "2024-01-02T10:00:00.000Z",
                  "tags": ["zwurzel"]}  # fmt: skip
        name = "zwurzel" if not number else f"n{number}"
        author = {"did": f"did:plc:a{number}", "handle": f"{name}.bsky.social"}
        uri = f"at://did:plc:a{number}/app.bsky.feed.post/3k{number}"
        made = {"uri": uri, "cid": "c", "author": author, "record": record}
        return made | {"indexedAt": "2024-01-02T10:00:01.000Z"}

    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(one(number)) + "\n" for number in range(8)))
    _, rows = safe(path)
    assert {row["text"] for row in rows} == {"<user> yes"}
    assert {tag for row in rows for tag in row["hashtags"]} == set()
    assert {tuple(row["mentions"]) for row in rows} == {(author_of(rows),)}


def author_of(rows):
    """Give the token of the one who is mentioned: the author whom all mention."""
    mentioned = {token for row in rows for token in row["mentions"]}
    found = [row["author"] for row in rows if row["author"] in mentioned]
    assert len(found) == 1
    return found[0]
