import json
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from inundate.cli.app import main
from inundate.core.errors import ConfigError, DataError
from inundate.posts.gaps import StoredGap
from inundate.posts.serve.labels import open_labels, to_label_table
from inundate.posts.topics.events import describe_events
from inundate.posts.topics.model import TopicSettings, find_topics, npmi, words_of_posts
from inundate.posts.topics.posts import NO_TIME, TimedPosts, read_answers, read_timed
from inundate.posts.topics.report import to_html, to_markdown
from inundate.posts.topics.series import make_series

THEMES = (
    ["river", "rising", "levels", "bridge", "water", "banks"],
    ["donate", "volunteers", "shelter", "blankets", "food", "help"],
    ["school", "closed", "buses", "cancelled", "road", "traffic"],
)
DAY = 86_400
BEGIN = int(datetime(2013, 6, 20, tzinfo=UTC).timestamp())


def token(number):
    return "".join("abcdefghijklmnop"[(number >> (4 * place)) & 15] for place in range(32))


def made_up(number=240, seed=0):
    rng = np.random.default_rng(seed)
    themes = rng.integers(0, 3, number)
    texts = [
        " ".join(rng.choice(THEMES[theme], 4, replace=False)) + f" secret{row}"
        for row, theme in enumerate(themes)
    ]
    times = BEGIN + rng.integers(0, 6, number) * DAY + rng.integers(0, 24, number) * 3600
    posts = TimedPosts(
        ids=tuple(token(row) for row in range(number)),
        texts=tuple(texts),
        events=tuple("made up" if row % 2 else "" for row in range(number)),
        authors=tuple(f"author{row % 40}" for row in range(number)),
        times=times,
        gaps=(StoredGap(source="<b>", start="2013-06-21T06:00:00Z", to="2013-06-22T00:00:00Z",
                        why="it stopped"),),
    )  # fmt: skip
    return posts, themes


@pytest.fixture(scope="module")
def lot():
    return made_up()


@pytest.mark.parametrize("method", ["nmf", "lda"])
def test_topics_are_found_again(lot, method):
    posts, themes = lot
    settings = TopicSettings(method=method, topics=3, words=6, seed=1)
    found = find_topics(posts.texts, settings, authors=posts.authors)
    assert {frozenset(words) for words in found.words} == {frozenset(theme) for theme in THEMES}
    pairs = {(theme, topic) for theme, topic in zip(themes, found.assigned, strict=True)}
    assert len(pairs) == 3
    assert (found.coherence > 0.4).all()
    again = find_topics(posts.texts, settings, authors=posts.authors)
    assert again.words == found.words
    assert (again.assigned == found.assigned).all()
    assert all(label == ", ".join(words[:3]) for label, words in
               zip(found.labels, found.words, strict=True))  # fmt: skip


def test_words_of_few_authors_are_nowhere(lot):
    posts, _ = lot
    told = [*posts.texts, *["bob drowned bob drowned bob"] * 20]
    authors = [*posts.authors, *["author1"] * 20]
    settings = TopicSettings(topics=3, words=6)
    found = find_topics(told, settings, authors=authors)
    assert not {"bob", "drowned"} & {word for words in found.words for word in words}
    assert (found.assigned[-20:] == -1).all()
    by_posts = find_topics(told, TopicSettings(topics=4, words=6))
    assert {"bob", "drowned"} & {word for words in by_posts.words for word in words}


def test_too_few_words_are_told():
    with pytest.raises(DataError, match="0 words that 5 authors or more use in 2 posts, expected"):
        find_topics(["river rising", "road"], TopicSettings())


def test_words_are_plain_and_come_once():
    assert words_of_posts(["The river, the RIVER! @bob http://t.co/x 12 #bowriver up"]) == [
        ["bow", "river"]
    ]


def test_coherence_is_from_never_to_always():
    counts = csr_matrix(np.array([[1, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]]))
    found = npmi(np.array([[0, 1], [0, 2], [0, 3]]), counts)
    assert found == pytest.approx([1, -1, 0])
    assert npmi(np.array([[0, 1]]), csr_matrix(np.ones((3, 2)))) == pytest.approx([1])


def test_series_counts_and_splits_only_enough(lot):
    posts, themes = lot
    series = make_series(posts, themes, 3, np.arange(len(posts)), hours=24)
    assert series.volume.sum() == 240
    assert series.starts[0] == BEGIN
    assert np.allclose(series.shares.sum(axis=1), 1)
    day = (posts.times - BEGIN) // DAY == 2
    assert series.shares[2] == pytest.approx(np.bincount(themes[day]) / day.sum())
    assert series.gaps.tolist() == [False, True, False, False, False, False]
    hourly = make_series(posts, themes, 3, np.arange(len(posts)), hours=1)
    assert np.isnan(hourly.shares).all()
    assert all(row["shares"] is None for row in hourly.told(("a", "b", "c")))
    with pytest.raises(ConfigError, match="bins of 0.001 h, expected at most 5,000"):
        make_series(posts, themes, 3, np.arange(240), hours=0.001)
    with pytest.raises(ConfigError, match="bins of 0 h, expected more than 0"):
        make_series(posts, themes, 3, np.arange(240), hours=0)


def test_posts_without_a_time_are_counted_apart():
    posts = TimedPosts(("a", "b"), ("x", "y"), ("", ""), ("", ""), np.array([NO_TIME, NO_TIME]))
    series = make_series(posts, np.zeros(2, int), 1, np.arange(2), hours=24)
    assert (series.without_time, len(series.volume)) == (2, 0)


@pytest.fixture(scope="module")
def figures(lot):
    posts, themes = lot
    settings = TopicSettings(topics=3, words=6)
    topics = find_topics(posts.texts, settings, authors=posts.authors)
    return describe_events(
        posts, topics, settings, classes=("off<i>", "on"), answers=(themes > 0).astype(int),
        model="id1",
    )  # fmt: skip


def test_figures_are_of_each_event(figures, lot):
    _, themes = lot
    assert [event["event"] for event in figures["events"]] == ["", "made up"]
    assert figures["events"][1]["posts"] == 120
    assert sum(figures["events"][1]["topics"].values()) == 120
    assert figures["events"][1]["classes"]["on"] == (themes[1::2] > 0).sum()
    json.dumps(figures)


@pytest.mark.parametrize("write", [to_html, to_markdown])
def test_reports_quote_no_post_and_no_markup(figures, write):
    text = write(figures)
    assert "secret" not in text
    assert "river" in text
    assert "made up" in text
    assert "it stopped" in text
    for markup in ("<b>", "<i>", "<script", "http:"):
        assert markup not in text
    if write is to_html:
        assert text.count('class="gap"') == 6
        assert "default-src 'none'" in text


def write_lines(path, posts, **more):
    rows = [
        {"post": one, "text": text, "author": who, "event": event, **more,
         "created_bin": datetime.fromtimestamp(int(when), UTC).isoformat()}
        for one, text, who, event, when in zip(
            posts.ids, posts.texts, posts.authors, posts.events, posts.times, strict=True
        )
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_command_writes_a_report_and_its_figures(lot, tmp_path, capsys):
    posts, themes = lot
    write_lines(tmp_path / "p.jsonl", posts)
    read = read_timed(tmp_path / "p.jsonl")
    assert (read.times == posts.times).all()
    assert read.events == posts.events
    for identity in ("one", "two"):
        labels = open_labels(tmp_path / "l", identity, name="m", classes=("off", "on"))
        sure = np.stack([themes == 0, themes > 0], axis=1) * 1.0
        labels.add(to_label_table(posts.ids, sure, (themes > 0) - 0, ("off", "on")))
    words = ["posts", "topics", str(tmp_path / "p.jsonl"), "--number", "3",
             "--labels", str(tmp_path / "l")]  # fmt: skip
    assert main([*words, "-o", str(tmp_path / "a")]) == 3
    assert "several models; there are one (m), two (m)" in capsys.readouterr().err
    assert main([*words, "-o", str(tmp_path / "a"), "--model-id", "two"]) == 0
    assert "240 posts of 2 events" in capsys.readouterr().out
    assert (tmp_path / "a" / "report.html").is_file()
    told = json.loads((tmp_path / "a" / "topics.json").read_text())
    assert told["model"] == "two"
    assert main([*words, "-o", str(tmp_path / "a"), "--model-id", "two"]) == 6
    again = [*words, "-o", str(tmp_path / "b"), "--model-id", "two", "--format", "markdown"]
    capsys.readouterr()
    assert main([*again, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["topics"] == told["topics"]
    assert (tmp_path / "b" / "report.md").read_text().startswith("# What posts are about")
    assert main([*words[:5], "-o", str(tmp_path / "c"), "--model-id", "x"]) == 2


def test_answers_stand_beside_their_posts(tmp_path, lot):
    posts, _ = lot
    labels = open_labels(tmp_path / "l", "one", name="m", classes=("off", "on"))
    labels.add(to_label_table(posts.ids[:2], np.eye(2), np.array([1, -1]), ("off", "on")))
    model, classes, answers = read_answers(tmp_path / "l", posts)
    assert (model, classes) == ("one", ("off", "on"))
    assert answers[:3].tolist() == [1, -1, -1]
    with pytest.raises(DataError, match=r"no model x; there are one \(m\)"):
        read_answers(tmp_path / "l", posts, model="x")


def test_other_times_and_raw_lines_are_refused(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps({"post": token(1), "text": "x", "created_bin": "June"}) + "\n")
    with pytest.raises(DataError, match="created_bin 'June', expected a time such as"):
        read_timed(path)
    path.write_text(json.dumps({"post": token(1), "text": "x", "created_bin": 1000}) + "\n")
    assert read_timed(path).times.tolist() == [1]
    path.write_text("")
    with pytest.raises(DataError, match="no posts in it"):
        read_timed(path)
