import http.client
import json
import re
import threading
from urllib.parse import urlencode

import numpy as np
import pytest
from stand_in import Bayes, made_up

from inundate.cli.app import main
from inundate.core.errors import ConfigError, DataError, RunError
from inundate.posts.active.choose import doubt, order_posts
from inundate.posts.active.judgements import Judgements, agree, write_agreed
from inundate.posts.active.kappa import cohen_kappa, pairwise_kappa
from inundate.posts.active.pool import PoolPost, read_pool
from inundate.posts.active.session import Session, agreement
from inundate.posts.active.web import open_server
from inundate.posts.labelled.table import open_labelled

CLASSES = ("off-topic", "on-topic")


def token(number):
    return "".join("abcdefghijklmnop"[(number >> (4 * place)) & 15] for place in range(32))


def pool_of(number=30):
    words = ["river", "bridge", "road", "school", "cellar", "garden", "shop", "station"]
    return [
        PoolPost(
            token(row),
            f"{words[row % 8]} number {row} and {words[row * 5 % 7]} {row * 37} seen from here",
            event="made up",
        )
        for row in range(number)
    ]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "labels.jsonl"


def test_the_most_doubted_of_each_cluster_comes_first():
    doubts = np.array([0.9, 0.8, 0.5, 0.95, 0.1])
    clusters = np.array([0, 0, 1, 2, 3])
    order = order_posts(doubts, clusters, random_share=0)
    assert order.tolist() == [3, 0, 2, 4, 1]
    judged = np.array([False, False, False, True, False])
    assert order_posts(doubts, clusters, judged=judged, random_share=0).tolist()[:3] == [0, 2, 4]


def test_some_posts_come_by_chance():
    doubts = np.linspace(0, 1, 500)
    order = order_posts(doubts, np.arange(500), random_share=0.2, seed=1)
    assert sorted(order.tolist()) == list(range(500))
    assert 5 <= (doubts[order[:100]] < 0.6).sum() <= 25
    alike = order_posts(None, np.zeros(4, int), seed=2)
    assert sorted(alike.tolist()) == [0, 1, 2, 3]


def test_doubt_is_entropy():
    found = doubt(np.array([[1 / 3] * 3, [1, 0, 0], [0.5, 0.5, 0]]))
    assert found == pytest.approx([1, 0, np.log(2) / np.log(3)])


def test_kappa_is_that_of_the_textbook():
    # Cohen's kappa of the table [[20, 5], [10, 15]]: (0.7 - 0.5) / (1 - 0.5) = 0.4
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    found = cohen_kappa(first, second)
    assert found.kappa == pytest.approx(0.4)
    assert found.agreement == pytest.approx(0.7)
    # asymptotic standard error of Fleiss, Cohen and Everitt (1969): 0.127
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.127, abs=0.05)
    assert np.isnan(cohen_kappa(["y"] * 5, ["y"] * 5).kappa)
    assert cohen_kappa(["a", "b"] * 20, ["a", "b"] * 20).kappa == 1
    with pytest.raises(DataError, match="0 of one person and 0 of another"):
        cohen_kappa([], [])


def test_kappa_is_of_posts_that_both_decided_on():
    said = {
        "1": {"a": "x", "b": "x"},
        "2": {"a": "x", "b": ""},
        "3": {"a": "y"},
        "4": {"a": "y", "b": "y"},
    }
    assert pairwise_kappa(said)["a", "b"].posts == 2


def test_session_goes_on_where_it_stopped(file):
    pool = pool_of()
    first = Session(pool, Judgements(file), CLASSES, "anna")
    asked = []
    for _ in range(10):
        asked.append(first.current().id)
        first.say(asked[-1], "on-topic")
    assert (first.done, first.left) == (10, 20)
    second = Session(pool, Judgements(file), CLASSES, "anna")
    assert second.left == 20
    assert second.current().id not in asked
    assert second.counts() == {"off-topic": 0, "on-topic": 10}


def test_killed_while_writing_loses_that_line_alone(file):
    pool = pool_of(3)
    judgements = Judgements(file)
    for post in pool[:2]:
        judgements.add(post, "on-topic", "anna")
    file.write_bytes(file.read_bytes()[:-9])
    again = Judgements(file)
    assert [one.id for one in again.all()] == [token(0)]
    again.add(pool[2], "off-topic", "anna")
    assert [one.label for one in Judgements(file).all()] == ["on-topic", "off-topic"]
    assert len(file.read_bytes().splitlines()) == 2


def test_another_judgement_of_one_person_replaces_the_first(file):
    pool = pool_of(4)
    session = Session(pool, Judgements(file), CLASSES, "anna")
    post = session.current().id
    session.say(post, "on-topic")
    session.back()
    assert session.current().id == post
    session.say(post, "off-topic")
    assert [one.label for one in Judgements(file).all()] == ["off-topic"]
    assert len(file.read_bytes().splitlines()) == 2


def test_second_person_is_asked_what_the_first_has_judged(file):
    pool = pool_of(60)
    anna = Session(pool, Judgements(file), CLASSES, "anna", double=0.5)
    for _ in range(40):
        anna.say(anna.current().id, "on-topic")
    bert = Session(pool, Judgements(file), CLASSES, "bert", double=0.5)
    twice = bert.left - 20
    assert 10 <= twice <= 30
    for _ in range(twice):
        bert.say(bert.current().id, "on-topic")
    told = agreement(Judgements(file))
    assert told["twice"] == twice
    assert told["kappa"]["anna and bert"]["posts"] == twice
    assert Session(pool, Judgements(file), CLASSES, "carl", double=0.5).left == 20


def test_model_tells_what_to_ask(file):
    model = Bayes()
    model.fit(made_up(200))
    pool = [
        PoolPost(token(1), "water rising road"),
        PoolPost(token(2), "music lunch match"),
        PoolPost(token(3), "water music"),
    ]
    session = Session(pool, Judgements(file), CLASSES, "anna", model=model, seed=3)
    assert session.current().id == token(3)


@pytest.mark.parametrize(
    ("classes", "by", "double", "message"),
    [
        (("a",), "anna", 0.2, "classes a; expected at least two"),
        (("a", "a"), "anna", 0.2, "no two the same"),
        (CLASSES, " ", 0.2, "names nobody"),
        (CLASSES, "anna", 1.2, "double = 1.2, expected from 0 to 1"),
    ],
)
def test_wrong_sessions_are_refused(file, classes, by, double, message):
    with pytest.raises(ConfigError, match=message):
        Session(pool_of(3), Judgements(file), classes, by, double=double)


def test_other_classes_and_other_files_are_refused(file):
    session = Session(pool_of(3), Judgements(file), CLASSES, "anna")
    with pytest.raises(ConfigError, match="'wet' is no class; expected one of off-topic, on-topic"):
        session.say(token(0), "wet")
    with pytest.raises(ConfigError, match="post 'x' is not in the pool"):
        session.say("x", "on-topic")
    session.say(token(0), "on-topic")
    with pytest.raises(ConfigError, match="has judgements of on-topic, expected dry, wet"):
        Session(pool_of(3), Judgements(file), ("dry", "wet"), "anna")
    file.write_text('{"a": 1}\n')
    with pytest.raises(DataError, match=r"reading judgements of .*, line 1: .*expected what"):
        Judgements(file)


def test_most_votes_count_and_ties_are_left_out(file, tmp_path):
    pool, judgements = pool_of(4), Judgements(file)
    votes = [
        ("on-topic", "on-topic", "off-topic"),
        ("on-topic", "off-topic"),
        ("",),
        ("off-topic",),
    ]
    for post, labels in zip(pool, votes, strict=True):
        for by, label in zip("abc", labels, strict=False):
            judgements.add(post, label, by)
    found, told = agree(judgements.all())
    assert [(one.id, one.label, one.by) for one in found] == [
        (token(0), "on-topic", "a+b"), (token(3), "off-topic", "a")
    ]  # fmt: skip
    assert (told.disputed, told.undecided) == (1, 1)
    write_agreed(judgements, tmp_path / "train.jsonl")
    posts = open_labelled(tmp_path / "train.jsonl", task="relevance")
    assert posts.classes == CLASSES
    assert posts.labels.tolist() == [1, 0]
    assert posts.texts[0] == pool[0].text
    assert posts.events[0] == "made up"
    everything = open_labelled(file, task="relevance")
    assert (everything.labels >= 0).sum() == 6


def test_pool_of_lines(tmp_path):
    lines = [{"post": token(1), "text": "a"}, {"post": token(1), "text": "b"},
             {"post": token(2), "text": " "}]  # fmt: skip
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [(post.id, post.text) for post in read_pool(path)] == [(token(1), "a")]
    path.write_text(json.dumps(lines[2]) + "\n")
    with pytest.raises(DataError, match="no posts with words in it"):
        read_pool(path)


class Browser:
    def __init__(self, address):
        self.host, self.path = re.fullmatch(r"http://([^/]+)(/.+)", address).groups()

    def ask(self, method="GET", path=None, host=None, **form):
        connection = http.client.HTTPConnection(self.host, timeout=10)
        headers = {"Host": host or self.host}
        body = None
        if method == "POST":
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path or self.path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers


@pytest.fixture
def served(file):
    pool = [PoolPost(token(1), '<script>alert("x")</script> & <img src=http://a.b/c>')]
    session = Session([*pool, *pool_of(12)[2:]], Judgements(file), CLASSES, "anna <b>")
    server, address = open_server(session, on_end=lambda: server.shutdown())
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    yield session, Browser(address), thread
    server.shutdown()
    thread.join()
    server.server_close()


def test_browser_shows_posts_escaped_and_takes_answers(served, file):
    session, browser, thread = served
    pages = []
    while (post := session.current()) is not None:
        status, text, headers = browser.ask()
        pages.append(text)
        assert status == 200
        policy = headers["Content-Security-Policy"]
        [nonce] = set(re.findall(r"nonce-([\w-]+)", policy))
        assert text.count(f'nonce="{nonce}"') == 2
        assert policy.startswith("default-src 'none'")
        status, _, headers = browser.ask("POST", post=post.id, do="class-1")
        assert (status, headers["Location"]) == (303, browser.path)
    whole = "".join(pages)
    assert "<img" not in whole
    assert "alert(" in whole
    assert "<script>alert" not in whole
    assert "http://a.b" in whole
    assert "anna <b>" not in whole
    assert 'data-key="2"' in whole
    assert "That is all" in browser.ask()[1]
    assert len(Judgements(file).all()) == 11
    browser.ask("POST", do="back")
    last = session.current()
    browser.ask("POST", post=last.id, do="pass")
    assert Judgements(file).all()[-1].label == ""
    browser.ask("POST", do="end")
    thread.join(10)
    assert not thread.is_alive()


def test_browser_answers_only_who_knows_the_address(served):
    session, browser, _ = served
    assert browser.ask(path="/")[0] == 404
    assert browser.ask(path=browser.path + "x")[0] == 404
    assert browser.ask(host="evil.example")[0] == 404
    post = session.current().id
    assert browser.ask("POST", path="/", post=post, do="class-1")[0] == 404
    assert browser.ask("POST", post=post, do="class-7")[0] == 400
    assert browser.ask("POST", post="x", do="class-1")[0] == 400
    assert "&lt;b&gt;" in browser.ask("POST", do="<b>")[1]
    assert browser.ask("POST", post="x" * 11_000, do="pass")[0] == 413
    assert session.done == 0


def test_taken_port_is_told(served, file):
    _, browser, _ = served
    port = int(browser.host.split(":")[1])
    session = Session(pool_of(2), Judgements(file), CLASSES, "bert")
    with pytest.raises(RunError, match=f"opening port {port} on 127.0.0.1"):
        open_server(session, port=port)


@pytest.fixture
def command(capsys, monkeypatch):
    def call(*words, said=()):
        answers = iter(said)

        def answer():
            try:
                return next(answers)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", answer)
        code = main(["posts", "label", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_terminal_asks_and_sums_up(command, tmp_path, file):
    pool = tmp_path / "pool.jsonl"
    texts = ["river \x1b[2J up", "lunch was good", "road closed"]
    pool.write_text(
        "".join(
            json.dumps({"post": token(row), "text": text}) + "\n" for row, text in enumerate(texts)
        )
    )
    words = [pool, "-o", file, "--task", "relevance", "--double", "1"]
    code, out, err = command(*words, "--by", "anna", said=["2", "x", "b", "1", "", "2"])
    assert code == 0
    assert "\x1b" not in err
    assert "3 posts judged, 0 of them by two or more" in out
    assert [one.label for one in Judgements(file).all()] == ["off-topic", "", "on-topic"]
    code, out, _ = command(*words, "--by", "bert", "--json", said=["1", "2", "2"])
    assert json.loads(out)["kappa"]["anna and bert"]["posts"] == 2
    code, out, _ = command("-o", file, "--agreed", tmp_path / "t.jsonl")
    assert code == 0
    assert "kappa of anna and bert" in out
    assert "t.jsonl: " in out
    assert command(*words, "--by", "carl", "--most", "0")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["POOL", "-o", "l"], "nobody judges, expected --by"),
        (["POOL", "-o", "l", "--by", "a"], "classes none; expected at least two"),
        (["POOL", "-o", "l", "--by", "a", "--classes", "x", "y", "--task", "water"], "one of them"),
        (["-o", "l", "--by", "a"], "--by: of no use without posts to label"),
    ],
)
def test_flags_that_do_not_fit_are_refused(command, tmp_path, words, message):
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps({"post": token(1), "text": "river"}) + "\n")
    code, _, err = command(*[str(pool) if word == "POOL" else word for word in words])
    assert code == 2
    assert message in err
