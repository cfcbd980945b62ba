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
from inundate.posts.embed.word2vec_kernel import (
    CBOW,
    SKIP_GRAM,
    alias_table,
    sigmoid_table,
    train_texts,
)


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


class Draws:
    """SplitMix64 in whole numbers of Python."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self):
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        bits = self.state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
        return bits ^ (bits >> 31)


def plain_training(method, texts, inputs, outputs, keep, alias, window, negative, rates, seed):
    """word2vec as the papers say it, in 64 bits and without a table of the sigmoid."""
    draw, (thresholds, others) = Draws(seed), alias
    total, before = sum(map(len, texts)), 0

    def push(row, word, rate):
        change = np.zeros_like(row)
        for k in range(negative + 1):
            target = word
            if k:
                bits = draw()
                target = ((bits >> 32) * len(outputs)) >> 32
                if bits & 0xFFFFFFFF > thresholds[target]:
                    target = others[target]
                if target == word:
                    continue
            gain = rate * ((k == 0) - 1 / (1 + np.exp(-row @ outputs[target])))
            change += gain * outputs[target]
            outputs[target] += gain * row
        return change

    for text in texts:
        rate = rates[0] + (rates[1] - rates[0]) * before / total
        before += len(text)
        kept = [w for w in text if keep[w] == 2**32 - 1 or keep[w] > draw() >> 32]
        for k, word in enumerate(kept):
            reach = 1 + (((draw() >> 32) * window) >> 32)
            around = [kept[j] for j in range(max(0, k - reach), k)]
            around += kept[k + 1 : k + reach + 1]
            if method == SKIP_GRAM:
                for other in around:
                    inputs[other] += push(inputs[other], word, rate)
            elif around:
                change = push(np.mean([inputs[other] for other in around], axis=0), word, rate)
                for other in around:
                    inputs[other] += change


@pytest.mark.parametrize("method", [SKIP_GRAM, CBOW])
def test_kernel_does_what_plain_python_does(method):
    rng = np.random.default_rng(1)
    texts = [rng.integers(6, size=n).tolist() for n in (7, 1, 12, 2, 30)]
    inputs = rng.normal(size=(6, 5)).astype(np.float32)
    outputs = rng.normal(size=(6, 5)).astype(np.float32)
    expected = inputs.astype(np.float64), outputs.astype(np.float64)
    alias = alias_table(np.array([9.0, 4.0, 3.0, 2.0, 1.0, 0.5]))
    keep = np.array([2**31, *[2**32 - 1] * 5], np.uint32)
    plain_training(method, texts, *expected, keep, alias, 3, 4, (0.1, 0.01), 5)
    tokens = np.array([word for text in texts for word in text], np.int32)
    tokens.flags.writeable = False  # as the corpus has them, which spares a compilation
    train_texts(
        method, tokens, np.cumsum([len(text) for text in texts]), inputs, outputs, keep, *alias,
        *sigmoid_table(), 3, 4, 0.1, 0.01, 0, len(tokens), np.array([5], np.uint64),
    )  # fmt: skip
    # the table of the sigmoid has steps of 0.006
    np.testing.assert_allclose(inputs, expected[0], atol=2e-3)
    np.testing.assert_allclose(outputs, expected[1], atol=2e-3)


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
