import json

import numpy as np
import pytest
from stand_in import made_up

from inundate.cli.app import main
from inundate.core.errors import DataError
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.shift.opening import model_id, open_model
from inundate.posts.shift.taught import Taught, _boundary
from inundate.posts.shift.taught_settings import TaughtSettings
from inundate.posts.shift.temperature import as_sure_as

SETTINGS = TaughtSettings(at_least=100)
LETTERS = str.maketrans("0123456789", "abcdefghij")


class Mistaken:
    """Says of a post what its first word starts with, but is wrong about a quarter of the posts."""

    name, classes, columns = "mistaken", ("off-topic", "on-topic"), ()

    def __init__(self, wrong=0.25):
        self.wrong = wrong

    def probabilities(self, texts):
        dice = [np.random.default_rng(list(text.encode())).random() for text in texts]
        wet = [
            (text.split()[0][4] == "1") != (one < self.wrong)
            for text, one in zip(texts, dice, strict=True)
        ]
        second = np.where(wet, 0.8, 0.2)
        return np.stack([1 - second, second], axis=1)

    def save(self, folder, *, notes=None):
        raise AssertionError


def elbe(number=400, seed=2):
    """Posts of a new event: two words of its own that tell the class, and a number."""
    posts = made_up(number, events=("elbe",), noise=0.0, seed=seed)
    texts = [" ".join([*text.split()[2:], f"n{row}"]) for row, text in enumerate(posts.texts)]
    return texts, posts.labels


@pytest.fixture
def teacher():
    return Mistaken()


def share_right(model, texts, labels):
    return float((model.probabilities(texts).argmax(axis=1) == labels).mean())


def test_student_knows_more_of_the_event_than_its_teacher(teacher):
    texts, labels = elbe()
    model = Taught(teacher, SETTINGS)
    before = share_right(model, texts, labels)
    model.learn(texts)
    assert model.posts == 400
    assert sum(model.answers.values()) == 400
    new, true = elbe(seed=9)  # posts of the event that it has not seen
    assert share_right(teacher, new, true) < 0.8 < 0.92 < share_right(model, new, true)
    assert share_right(model, texts, labels) > before + 0.15
    assert model.changed > 0.15


def test_as_many_posts_on_either_side_and_as_sure_as_the_teacher(teacher):
    texts, _ = elbe()
    said = teacher.probabilities(texts)
    model = Taught(teacher, SETTINGS)
    model.learn(texts)
    found = model.probabilities(texts)
    assert np.allclose(found.sum(axis=1), 1.0)
    assert abs(int((found[:, 1] > 0.5).sum()) - int((said[:, 1] > 0.5).sum())) <= 4  # ties
    assert found.max(axis=1).mean() == pytest.approx(said.max(axis=1).mean(), abs=0.01)


def test_copies_teach_once(teacher):
    texts, _ = elbe()
    once, often = Taught(teacher, SETTINGS), Taught(teacher, SETTINGS)
    once.learn(texts)
    often.learn([*texts, *texts[:50] * 7])
    assert often.posts == once.posts
    assert np.allclose(once.probabilities(texts), often.probabilities(texts))


def test_several_students_and_three_classes(teacher):
    texts, labels = elbe()
    model = Taught(teacher, TaughtSettings(at_least=100, students=("tfidf_event", "tfidf_words")))
    model.learn(texts)
    assert len(model.students) == 2
    assert len(model.temperatures) == 3
    assert share_right(model, texts, labels) > 0.85
    assert _boundary(np.zeros((5, 3)), np.arange(5) % 3) == 0.0


def test_saved_and_opened_again(teacher, tmp_path):
    texts, _ = elbe()
    words = make_classifier("tfidf_words")
    words.fit(made_up(300, events=("elbe", "bode"), noise=0.1))
    Taught(words, SETTINGS).save(tmp_path / "before")  # it has not taught yet
    untaught = open_model(tmp_path / "before")
    assert np.allclose(untaught.probabilities(texts), words.probabilities(texts))
    model = Taught(words, SETTINGS)
    model.learn(texts)
    model.save(tmp_path / "m")
    again = open_model(tmp_path / "m")
    assert again.name == "tfidf_words+taught"
    assert again.posts == 400
    assert np.allclose(again.probabilities(texts), model.probabilities(texts))
    other = Taught(words, SETTINGS)
    other.learn(texts[:300])
    other.save(tmp_path / "other")
    assert model_id(tmp_path / "m") != model_id(tmp_path / "other")


def test_too_few_posts_or_a_rare_class_teach_nothing(teacher):
    model = Taught(teacher, SETTINGS)
    with pytest.raises(DataError, match="60 different posts, expected 100 or more"):
        model.learn(elbe(60)[0])
    dry = Mistaken(wrong=0.02)
    model = Taught(dry, SETTINGS)
    lunch = [f"elbe03 lunch {row}" for row in range(150)]
    with pytest.raises(DataError, match=r"hardly any are on-topic \d\.\d%"):
        model.learn(lunch)
    assert model.students == ()
    assert np.allclose(model.probabilities(lunch), dry.probabilities(lunch))


def test_confidence_that_no_temperature_gives_is_the_nearest():
    flat = np.full((4, 2), 0.5)
    assert as_sure_as(flat, np.array([[0.9, 0.1]])) == 0.05
    sure = np.array([[0.6, 0.4], [0.2, 0.8]])
    assert as_sure_as(sure, flat) == 20.0


@pytest.fixture
def words(tmp_path):
    model = make_classifier("tfidf_words")
    model.fit(made_up(300, events=("elbe", "bode"), noise=0.05))
    model.save(tmp_path / "words")
    return tmp_path / "words"


def lines(path, texts, event="elbe"):
    """Posts as a pseudonymised store has them, one JSON object a line."""
    rows = (
        json.dumps(
            {"post": f"{event[0] * 16}{row:016d}".translate(LETTERS), "text": text, "event": event}
        )
        for row, text in enumerate(texts)
    )
    path.write_text("\n".join(rows) + "\n")
    return path


def test_command(words, tmp_path, capsys):
    texts, labels = elbe()
    posts = lines(tmp_path / "posts.jsonl", texts)
    call = ["posts", "adapt", "--model", str(words), "--from", str(posts)]
    out = tmp_path / "elbe"
    assert main([*call, "-o", str(out), "--at-least", "100"]) == 0
    told = capsys.readouterr().out
    assert "learnt from 400 different posts of elbe" in told
    assert "nobody has judged which is right" in told
    assert share_right(open_model(out), texts, labels) > 0.85
    assert main([*call, "-o", str(out), "--at-least", "100"]) == 6  # it is there
    assert main([*call, "-o", str(out), "--at-least", "100", "--overwrite", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["event"] == "elbe"
    assert figures["different"] == 400
    assert main([*call, "-o", str(tmp_path / "none")]) == 3
    assert "400 different posts, expected 2000 or more" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_command_wants_one_event(words, tmp_path, capsys):
    both = tmp_path / "both.jsonl"
    texts = elbe()[0]
    parts = [lines(tmp_path / f"{name}.jsonl", texts, name) for name in ("elbe", "oder")]
    both.write_text("".join(part.read_text() for part in parts))
    call = ["posts", "adapt", "--model", str(words), "--from", str(both), "--at-least", "100"]
    assert main([*call, "-o", str(tmp_path / "m")]) == 3
    assert "they are of the events elbe, oder; expected one of these" in capsys.readouterr().err
    assert main([*call, "-o", str(tmp_path / "m"), "--event", "weser"]) == 3
    assert "expected one that is called weser" in capsys.readouterr().err
    assert main([*call, "-o", str(tmp_path / "m"), "--event", "oder", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["posts"] == 400
