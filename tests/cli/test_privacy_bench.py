"""The red team finds what is there to be found, and nothing in what was pseudonymised."""

import json
import re

import pyarrow as pa
import pytest

from inundate.cli.app import main
from inundate.cli.privacy_bench import makers, peers, precision
from inundate.cli.privacy_bench.archives import _WORDS, Archives
from inundate.cli.privacy_bench.canaries import LETTERS, TEXT_KINDS, Secrets
from inundate.cli.privacy_bench.context import SEED, Context
from inundate.cli.privacy_bench.formats import FORMATS, write_archives
from inundate.cli.privacy_bench.hunt import Hunt
from inundate.cli.privacy_bench.run import run_privacy
from inundate.cli.results import results_page
from inundate.core.errors import ConfigError
from inundate.posts.anonymise import cells, run, shelf, survey
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.anonymise.scrub import Scrubber
from inundate.posts.ingest import import_posts

RUN_OF_FOUR = re.compile(rf"[{LETTERS}]{{4}}|\d{{4}}", re.IGNORECASE)


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setattr(Context, "posts", property(lambda _: 120))
    monkeypatch.setattr(makers, "_fields", {})
    return Context(tmp_path / "nothing", tmp_path / "work", True, lambda _: None)


def rows(made):
    return {row["id"]: row for row in made.figures}


def test_no_word_of_ours_looks_like_a_secret():
    names = " ".join([*_WORDS, *FORMATS, "High Street", "<user> <postcode> <number>"])
    assert not RUN_OF_FOUR.search(names)


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_each_kind_is_seen_before_and_gone_after(kind):
    for seed in range(8):
        secrets = Secrets(seed)
        text = f"we are safe {TEXT_KINDS[kind](secrets)} please help"
        hunt = Hunt(secrets)
        hunt.texts("text", [text])
        assert hunt.found, text
        hunt = Hunt(secrets)
        hunt.texts("text", [Scrubber().scrub(text).text])
        assert not hunt.found, text


def test_the_hunt_reads_values_names_statistics_and_logs(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    secrets = Secrets(1)
    secret = secrets.word("handle", 10)
    table = pa.table({"text": [f"so {secret[3:7]} it"], "tag": [[secret.upper()]]})
    folder = tmp_path / f"source={secret}"
    folder.mkdir()
    pq.write_table(table.replace_schema_metadata({"by": secret}), folder / "a.parquet")
    hunt = Hunt(secrets)
    hunt.store(tmp_path)
    hunt.words("output of the commands", f"error: {secret}!")
    assert {name.partition(": ")[0] for name in hunt.found} == {
        "text", "tag", "file names", "bytes", "Parquet metadata", "Parquet statistics",
        "output of the commands",
    }  # fmt: skip


def test_red_team_and_attacks(context):
    found = rows(makers.red_team(context)) | rows(makers.attack(context))
    assert found["planted-kinds"]["value"] >= 60
    assert found["survivors"]["value"] == 0, found["survivors"]["note"]
    assert found["survivors-control"]["value"] >= 40
    assert found["commands-that-failed"]["value"] == 0
    for name in ("ids-enumerated", "linked-across-keys", "lengths-told"):
        assert found[name]["value"] == 0
    for name in ("ids-enumerated-with-key", "linked-under-one-key"):
        assert found[name]["value"] > 0
    assert found["order-within-a-bin"]["value"] < 0.05  # of 600 posts; six of them by chance


def test_an_order_that_tells_is_seen(context, monkeypatch):
    """Without the sorting by token, the attack by order succeeds."""
    from inundate.cli.privacy_bench.attacks import order_told
    from inundate.posts.anonymise import run
    from inundate.posts.anonymise.key import draw_key

    monkeypatch.setattr(run, "shuffled", lambda table: table)
    assert order_told(context.work / "hour", draw_key(), 60)[0] == 1


def test_archives_hold_every_kind_in_every_format(tmp_path):
    made = Archives(3)
    paths = write_archives(made, tmp_path / "in", 10 * len(TEXT_KINDS))
    assert len(paths) == len(FORMATS)
    assert set(TEXT_KINDS) <= set(made.secrets.kinds)
    assert all(path.stat().st_size for path in paths)


def test_damage_is_counted():
    text = "we met @bob at 7"
    marks = {precision.post_hash(text): [1, 2]}
    found = precision.measure_marked([text, "another"], Scrubber(), marks)
    assert (found.posts, found.plain, found.damaged, found.marked, found.missed) == (1, 3, 0, 2, 1)
    assert precision.changed_words(text, [(0, 1), (13, 15)]) == {0, 3, 4} - {4} | {3}
    assert precision.damaged_beside_obvious([text, "call 07700900123"], Scrubber()) == (1, 6)


def test_marks_name_no_post():
    marks = precision.read_marks()
    assert len(marks) == 500
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in marks)


def test_precision_on_real_posts(shared_data):
    texts = precision.real_posts(shared_data, 10_000)[:500]
    found = precision.measure_marked(texts, Scrubber(), precision.read_marks())
    assert found.posts == 500
    assert found.damaged / found.plain < 0.01
    assert found.missed == 0


def test_survivors_of_peers_are_counted():
    texts, kinds, secrets = peers.planted_texts(1)
    left = peers.survivors(texts, kinds, secrets)
    assert set(left.values()) == {1.0}
    gone = peers.survivors(["gone"] * len(texts), kinds, secrets)
    assert set(gone.values()) == {0.0}


def test_parts_by_name_and_without_data(context, capsys):
    with pytest.raises(ConfigError, match="expected one of red-team, attacks, precision"):
        run_privacy(context.data, context.work, context.work, only="precison")
    code = main([
        "benchmark", "privacy", "--only", "precision", "--data", str(context.data), "--json",
        "--work", str(context.work), "--output", str(context.work / "out"),
    ])  # fmt: skip
    assert code == 0
    row = json.loads(capsys.readouterr().out)["figures"][0]
    assert (row["value"], row["met"]) == (None, False)
    assert "data/text is not here" in row["note"]


def test_the_result_is_shown(context, monkeypatch):
    wanted = {name: makers.MAKERS[name] for name in ("precision", "utility")}
    monkeypatch.setattr("inundate.cli.privacy_bench.run.MAKERS", wanted)
    run_privacy(context.data, context.work / "out", context.work)
    page = results_page(context.work / "out")
    assert "## Privacy" in page
    assert "`damaged-words`" in page


def test_a_part_takes_the_place_of_what_was_measured_before(context, monkeypatch):
    wanted = {name: makers.MAKERS[name] for name in ("precision", "utility")}
    monkeypatch.setattr("inundate.cli.privacy_bench.run.MAKERS", wanted)
    out = context.work / "out"
    run_privacy(context.data, out, context.work, only="utility")
    assert not out.exists()  # one part alone is no result
    run_privacy(context.data, out, context.work)
    before = json.loads((out / "privacy.json").read_text())
    row = makers.figure("score-lost", "Utility", 0.001, "1", "<= 0.005")
    monkeypatch.setitem(wanted, "utility", lambda _: makers.Made([row]))
    run_privacy(context.data, out, context.work, only="utility")
    after = json.loads((out / "privacy.json").read_text())
    assert [one["id"] for one in after["figures"]] == [one["id"] for one in before["figures"]]
    assert [one["value"] for one in after["figures"]] == [None, 0.001]
    assert after["parts"].keys() == {"utility"}
    assert {**after, "parts": None, "figures": None} == {**before, "parts": None, "figures": None}
    lost = makers.figure("score-lost", "Utility", None, "1", "<= 0.005", note="no data")
    monkeypatch.setitem(wanted, "utility", lambda _: makers.Made([lost]))
    run_privacy(context.data, out, context.work, only="utility")
    assert json.loads((out / "privacy.json").read_text()) == after  # nothing was measured


def plain_column(self, column):
    """Scrub a column text by text, without any short cut."""
    found = [None if text is None else self.scrub(text) for text in column.to_pylist()]
    texts = pa.array([one and one.text for one in found], pa.string())
    handles = {row: list(one.handles) for row, one in enumerate(found) if one and one.handles}
    return texts, handles


def test_short_cuts_change_no_byte(tmp_path, monkeypatch):
    key = Key(bytes(range(1, 33)))
    import_posts(write_archives(Archives(SEED), tmp_path / "in", 50), tmp_path / "raw")

    def made(name):
        anonymise_posts(tmp_path / "raw", tmp_path / name, key)
        files = (path for path in (tmp_path / name).rglob("*") if path.is_file())
        return {path.relative_to(tmp_path / name): path.read_bytes() for path in files}

    whole = made("whole")
    monkeypatch.setattr(run, "_ROWS", 7)
    monkeypatch.setattr(survey, "_TOGETHER", 5)
    monkeypatch.setattr(shelf, "_WAITING", 100)
    monkeypatch.setattr(cells, "_WAITING", 20)
    monkeypatch.setattr(Scrubber, "column", plain_column)
    assert made("slow") == whole
    assert len(whole) > 30
