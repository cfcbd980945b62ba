"""Networks over words: they learn order, ignore padding, resume, and come back as they were."""

import numpy as np
import pytest
import torch

from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.posts.classify.zoo import make_classifier, open_classifier

SMALL = {
    "embedding": "none",
    "vector_width": 8,
    "width": 8,
    "epochs": 6,
    "batch_size": 20,
    "learning_rate": 0.03,
    "warmup_steps": 5,
    "dropout": 0.0,
    "threads": 1,
}


def small(name, **settings):
    return make_classifier(name, **{**SMALL, **settings})


def accuracy(model, posts):
    return (model.probabilities(posts.texts).argmax(1) == posts.labels).mean()


@pytest.fixture(scope="module")
def bilstm(made):
    model = small("bilstm", pooling="max_mean_attention", characters=4)
    model.fit(made.order_posts(200), made.order_posts(60, 1))
    return model


def test_order_is_learnt(bilstm, made):
    assert accuracy(bilstm, made.order_posts(200, 2)) > 0.95


def test_transformer_learns_order(made):
    model = small("transformer", width=16, heads=2, layers=1, learning_rate=0.01, epochs=8)
    model.fit(made.order_posts(240))
    assert accuracy(model, made.order_posts(200, 2)) > 0.9


def test_three_classes_and_a_forward_network(made):
    model = small("lstm", epochs=4)
    report = model.fit(made.three_kinds(160), made.three_kinds(60, 1))
    assert report.scores["macro_f1"] > 0.95
    assert report.details["best_step"] > 0


@pytest.mark.parametrize("name", ["lstm", "bilstm", "transformer"])
@pytest.mark.parametrize("pooling", ["max_mean", "max_mean_attention", "last"])
def test_answers_do_not_depend_on_padding(name, pooling, made):
    kept = {} if name == "transformer" else {"pooling": pooling}
    model = small(name, epochs=1, heads=2, **kept) if name == "transformer" else small(
        name, epochs=1, **kept
    )  # fmt: skip
    model.fit(made.order_posts(40))
    inputs = model.inputs(model.tokens(made.order_posts(7, 1).texts))
    network = model.network
    with torch.inference_mode():
        plain = network(inputs)
        for more in (1, 30, 100):
            rows = torch.nn.functional.pad(inputs["rows"], (0, more), value=3)  # not even zeros
            assert torch.equal(network({**inputs, "rows": rows}), plain)


def test_answers_do_not_depend_on_neighbours(bilstm, made):
    texts = [*made.order_posts(30, 3).texts, "", "water"]
    alone = np.concatenate([bilstm.probabilities([text]) for text in texts])
    assert np.allclose(alone, bilstm.probabilities(texts), atol=1e-6)


def test_original_answers_from_padding_and_stays_at_chance(made):
    train, test = made.keyword_posts(200), made.keyword_posts(200, 1)
    settings = {"embedding": "none", "vector_width": 8, "width": 16, "threads": 1}
    for seed in range(2):
        original = make_classifier("original_lstm", learnt="all", epochs=2, **settings)
        original.fit(train, seed=seed)
        assert abs(accuracy(original, test) - 0.5) < 0.08
        found = original.probabilities(test.texts)
        assert np.ptp(found[:, 1]) < 0.02  # all posts get the same answer
    ours = small("lstm")
    ours.fit(train)
    assert accuracy(ours, test) > 0.95


def test_saved_networks_answer_as_before(bilstm, made, tmp_path):
    bilstm.save(tmp_path / "model")
    opened = open_classifier(tmp_path / "model")
    texts = [*made.order_posts(20, 4).texts, "unseen wörds 🌊"]
    assert np.array_equal(opened.probabilities(texts), bilstm.probabilities(texts))


def test_the_same_seed_gives_the_same_model(made):
    posts = made.order_posts(40)
    found = []
    for seed in (0, 0, 1):
        model = small("bilstm", epochs=1)
        model.fit(posts, seed=seed)
        found.append(model.probabilities(posts.texts))
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_a_stopped_run_goes_on_to_the_same_model(made, tmp_path, monkeypatch):
    posts, valid = made.order_posts(60), made.order_posts(20, 1)
    whole = small("bilstm", epochs=3)
    whole.fit(posts, valid)
    run = Run.create(tmp_path / "run", kind="posts train", config={})
    import inundate.posts.classify.fitting as fitting

    calls = []
    true_loss = fitting.Loss.__call__

    def stop_at_seven(self, model, batch):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return true_loss(self, model, batch)

    monkeypatch.setattr(fitting.Loss, "__call__", stop_at_seven)
    stopped = small("bilstm", epochs=3)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(posts, valid, run=run)
    resumed = small("bilstm", epochs=3)
    resumed.fit(posts, valid, run=Run(tmp_path / "run"))
    assert np.array_equal(resumed.probabilities(valid.texts), whole.probabilities(valid.texts))
    # and a finished run is read, not trained again
    count = len(calls)
    again = small("bilstm", epochs=3)
    again.fit(posts, valid, run=Run(tmp_path / "run"))
    assert len(calls) == count
    assert np.array_equal(again.probabilities(valid.texts), whole.probabilities(valid.texts))


@pytest.fixture
def vectors(tmp_path, monkeypatch):
    """A file of vectors for a few words."""
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "vectors.txt"
    words = ["water", "sun", "near", "the", "rain"]
    values = np.eye(5, 6)
    lines = [f"{w} " + " ".join(map(str, row)) for w, row in zip(words, values, strict=True)]
    file.write_text("\n".join(lines) + "\n")
    return file


def test_words_of_the_embedding_are_known_without_training(vectors, made):
    train = made.table(["water here", "sun here"] * 20, [1, 0] * 20)
    model = small("lstm", embedding=str(vectors), learnt_at_least=50, epochs=25)
    model.fit(train)
    assert model.training["details"]["known_words"] == 0.5
    alike = model.probabilities(["water here", "rain here", "sun here"])[:, 1]
    assert alike[0] > 0.9 > 0.1 > alike[2]
    assert 0.01 < alike[1] < 0.99  # its vector is neither's


def test_other_vectors_are_refused(vectors, made, tmp_path):
    model = small("lstm", embedding=str(vectors), epochs=1)
    model.fit(made.order_posts(40))
    model.save(tmp_path / "model")
    assert open_classifier(tmp_path / "model").probabilities(["water"]).shape == (1, 2)
    moved = vectors.rename(tmp_path / "moved.txt")
    assert open_classifier(tmp_path / "model", embedding=moved).settings.embedding == str(moved)
    vectors.write_text(moved.read_text().replace("1.0", "2.0"))
    with pytest.raises(DataError, match="trained with the vectors"):
        open_classifier(tmp_path / "model")
