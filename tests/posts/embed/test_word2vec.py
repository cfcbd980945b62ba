"""word2vec and GloVe: they learn what is known, the same each time, and go on when stopped."""

import itertools
import signal

import numpy as np
import pytest

from inundate.core.errors import DataError, RunError, StabilityError
from inundate.posts.embed import glove as glove_module
from inundate.posts.embed.corpus import encode_corpus
from inundate.posts.embed.glove import Glove, GloveSettings, count_pairs
from inundate.posts.embed.sanity import made_up_texts, measure_sanity, spearman
from inundate.posts.embed.static import Embedding
from inundate.posts.embed.train import train_vectors
from inundate.posts.embed.word2vec import Word2Vec, Word2VecSettings, keep_shares
from inundate.posts.embed.word2vec_kernel import alias_table, sigmoid_table, train_texts


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return encode_corpus(made_up_texts(4000), tmp_path_factory.mktemp("corpus") / "c")


def trained(training, epochs):
    losses = [training.train_epoch(epoch)["loss"] for epoch in range(epochs)]
    return dict(zip(training.corpus.words, training.vectors, strict=True)), losses


@pytest.mark.parametrize("method", ["skip-gram", "cbow"])
def test_word2vec_learns_the_made_up_meanings(corpus, method):
    settings = Word2VecSettings(method=method, width=32, epochs=6, rate=0.05)
    start = dict(zip(corpus.words, Word2Vec(corpus, settings).vectors, strict=True))
    vectors, losses = trained(Word2Vec(corpus, settings), 6)
    assert losses[-1] < losses[0]
    before, after = measure_sanity(start), measure_sanity(vectors)
    assert before.analogies < 0.1  # guessing
    assert after.analogies > 0.9
    assert abs(before.similarity) < 0.1
    assert after.similarity > 0.5


def test_glove_learns_the_made_up_meanings(corpus):
    vectors, losses = trained(Glove(corpus, GloveSettings(width=32, epochs=20)), 20)
    assert losses[-1] < 0.5 * losses[0]
    found = measure_sanity(vectors)
    assert found.analogies > 0.9
    assert found.similarity > 0.4


@pytest.mark.parametrize("cls", [Word2Vec, Glove])
def test_the_seed_alone_decides(corpus, cls):
    settings = Word2VecSettings if cls is Word2Vec else GloveSettings
    runs = [cls(corpus, settings(width=8, epochs=1, seed=seed)) for seed in (1, 1, 2)]
    for run in runs:
        run.train_epoch(0)
    one, again, other = (run.vectors.tobytes() for run in runs)
    assert one == again != other


def test_one_pair_moves_as_the_formula_says():
    """A text of two words, no negative words drawn but the target itself, which is skipped."""
    inputs = np.array([[0.5, -0.25], [0.1, 0.2]], np.float32)
    outputs = np.array([[0.3, 0.4], [-0.6, 0.7]], np.float32)
    old_in, old_out = inputs.astype(float), outputs.astype(float)
    thresholds, others = alias_table(np.array([1.0, 1e-12]))  # always word 0
    keep = np.full(2, 2**32 - 1, np.uint32)
    tokens = np.array([0, 1], np.int32)
    tokens.flags.writeable = False  # as the corpus has them, which spares a compilation
    train_texts(
        0, tokens, np.array([2]), inputs, outputs, keep, thresholds, others,
        *sigmoid_table(), 1, 1, 0.1, 0.1, 0, 2, np.array([5], np.uint64),
    )  # fmt: skip
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    # word 0 is the middle: input of word 1, target 0; the drawn word is 0 itself, so it is skipped
    gain = 0.1 * (1 - sigmoid(old_in[1] @ old_out[0]))
    new_in_1 = old_in[1] + gain * old_out[0]
    new_out_0 = old_out[0] + gain * old_in[1]
    # word 1 is the middle: input of word 0, target 1, and word 0 is pushed away
    gain = 0.1 * (1 - sigmoid(old_in[0] @ old_out[1]))
    push = -0.1 * sigmoid(old_in[0] @ new_out_0)
    expected = old_in[0] + gain * old_out[1] + push * new_out_0
    np.testing.assert_allclose(inputs[0], expected, atol=1e-4)
    np.testing.assert_allclose(inputs[1], new_in_1, atol=1e-4)
    np.testing.assert_allclose(outputs[1], old_out[1] + gain * old_in[0], atol=1e-4)
    np.testing.assert_allclose(outputs[0], new_out_0 + push * old_in[0], atol=1e-4)


def test_alias_table_draws_by_weight():
    weights = np.array([5.0, 1.0, 0.0, 3.0, 1.0])
    thresholds, others = alias_table(weights)
    share = np.zeros(5)
    for place, (threshold, other) in enumerate(zip(thresholds, others, strict=True)):
        share[place] += threshold / (2**32 - 1) / 5
        share[other] += (1 - threshold / (2**32 - 1)) / 5
    np.testing.assert_allclose(share, weights / 10, atol=1e-9)


def test_shares_of_common_words():
    counts = np.array([1000, 10])
    assert keep_shares(counts, 0.0).tolist() == [2**32 - 1] * 2
    part = 0.001 * 1010 / 1000
    shares = keep_shares(counts, 0.001) / (2**32 - 1)
    assert shares[0] == pytest.approx(np.sqrt(part) + part)
    assert shares[1] == pytest.approx(np.sqrt(0.101) + 0.101)


def test_diverging_is_told(corpus):
    with pytest.raises(StabilityError, match="not finite after epoch 1") as caught:
        Word2Vec(corpus, Word2VecSettings(width=8, epochs=1, rate=1e30)).train_epoch(0)
    assert caught.value.hint == "try a smaller --rate than 1e+30"
    with pytest.raises(StabilityError, match="training GloVe: numbers are not finite"):
        Glove(corpus, GloveSettings(width=8, epochs=1, rate=1e30)).train_epoch(0)


def test_corpus_keeps_texts_apart_and_leaves_rare_words_out(tmp_path, monkeypatch):
    from inundate.posts.embed import corpus as module

    monkeypatch.setattr(module, "_BUFFER", 5)  # pieces smaller than the texts
    texts = [["b", "a", "x"], [], ["y"], ["a", "b", "a"], ["a"] * 7 + ["z", "b"], []]
    made = encode_corpus(iter(texts), tmp_path / "c", min_count=2)
    assert made.words == ["a", "b"]
    assert made.counts.tolist() == [10, 3]
    assert made.read == 16
    found = [
        [made.words[k] for k in part]
        for tokens, ends in made.chunks(4)
        for part in np.split(tokens, ends)[:-1]
    ]
    assert found == [["b", "a"], ["a", "b", "a"], ["a"] * 7 + ["b"]]
    with pytest.raises(DataError, match="16 words, 5 different, of which 1 come 9 times or more"):
        encode_corpus(texts, tmp_path / "d", min_count=9)
    assert not (tmp_path / "d").exists()
    assert encode_corpus(texts, tmp_path / "e", min_count=1, max_words=3).words == ["a", "b", "x"]


def test_pairs_are_counted_as_by_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(glove_module, "_SMALLEST", 4)  # the table grows
    texts = [["a", "b", "a", "c"], ["c", "a", "d", "d", "b"]]
    made = encode_corpus(texts, tmp_path / "c", min_count=1)
    expected = {}
    for text in texts:
        for (i, one), (j, other) in itertools.combinations(enumerate(text), 2):
            if j - i <= 2:
                key = tuple(sorted((made.words.index(one), made.words.index(other))))
                expected[key] = expected.get(key, 0) + (2 if one == other else 1) / (j - i)
    rows, columns, counts = count_pairs(made, 2)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == sorted(expected)
    np.testing.assert_allclose(counts, [expected[key] for key in sorted(expected)])


def test_spearman_with_equal_values():
    one = np.array([1.0, 2.0, 2.0, 5.0, 0.0])
    other = np.array([3.0, 3.0, 1.0, 9.0, 2.0])
    ranks = np.corrcoef([2, 3.5, 3.5, 5, 1], [3.5, 3.5, 1, 5, 2])[0, 1]
    assert spearman(one, other) == pytest.approx(ranks)
    assert np.isnan(spearman(one, np.ones(5)))


TEXTS = list(made_up_texts(800))
SMALL = {
    "word2vec": Word2VecSettings(width=8, epochs=3),
    "glove": GloveSettings(width=8, epochs=3),
}


def run_training(output, settings, on_words=lambda _done, _total: None, **more):
    given = {"inputs": {"made up": "0"}, "info": {"tokens": "spaces"}, **more}
    return train_vectors(lambda: TEXTS, output, settings, on_words=on_words, **given)


@pytest.mark.parametrize("model", ["word2vec", "glove"])
def test_a_stopped_training_goes_on_bit_for_bit(tmp_path, model):
    whole = run_training(tmp_path / "whole", SMALL[model])
    words = len(encode_corpus(TEXTS, tmp_path / "c"))

    def stop(done, _total):
        if done > words:  # within the second epoch
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        run_training(tmp_path / "part", SMALL[model], stop)
    assert caught.value.__notes__ == [
        "give the same command again to go on with the last whole epoch"
    ]
    run = run_training(tmp_path / "part", SMALL[model])
    assert run.status == "finished"
    assert [record["epoch"] for record in run.read_metrics()] == [1, 2, 3]
    one, other = (Embedding.open(tmp_path / name) for name in ("whole", "part"))
    assert one.vectors.tobytes() == other.vectors.tobytes()
    assert list(one.words) == list(other.words)
    assert one.digest == other.digest
    left = sorted(path.name for path in whole.path.iterdir())
    assert left == ["config.toml", "embedding", "log.txt", "manifest.json", "metrics.jsonl"]


def test_a_run_with_other_settings_is_not_gone_on_with(tmp_path):
    settings = SMALL["word2vec"]
    with pytest.raises(KeyboardInterrupt):
        run_training(tmp_path / "r", settings, lambda *_: signal.raise_signal(signal.SIGINT))
    changed = settings.model_copy(update={"width": 9})
    with pytest.raises(RunError) as caught:
        run_training(tmp_path / "r", changed, inputs={"made up": "1"})
    assert caught.value.message == (
        f"going on with {tmp_path / 'r'}: it was begun with other settings "
        "(width 8, now 9; the texts)"
    )
    assert run_training(tmp_path / "r", changed, overwrite=True).status == "finished"
    with pytest.raises(RunError, match="a run of kind 'embedding' that is finished"):
        run_training(tmp_path / "r", changed)


def test_a_failed_training_says_so(tmp_path):
    settings = Word2VecSettings(width=8, min_count=10**6)
    with pytest.raises(DataError, match="of which 0 come 1000000 times or more"):
        run_training(tmp_path / "r", settings)
    from inundate.core.run import Run

    assert Run(tmp_path / "r").status == "failed"
