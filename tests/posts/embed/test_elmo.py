"""ELMo: the published fixture to rounding, and what must hold for any weights."""

import json

import h5py
import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.posts.embed.contextual import ContextualEmbedding
from inundate.posts.embed.elmo import ElmoEmbedding, split_words
from inundate.posts.embed.elmo_characters import BEGIN, character_ids, distinct_words
from inundate.posts.embed.elmo_files import read_elmo, write_elmo, write_weights
from inundate.posts.embed.elmo_network import BiLm, ProjectedLstm, ScalarMix
from inundate.posts.embed.elmo_options import ElmoOptions, read_options

POSTS = [
    "Water in the High Street again",
    "road closed",
    "",
    "the river is over its banks near the old mill , stay away",
    "Überflutung am Wehr",
]


def small_options(**changes):
    sizes = {
        "character_width": 4,
        "filters": ((1, 4), (2, 6), (3, 6)),
        "highways": 2,
        "projection": 8,
        "cells": 12,
        "layers": 2,
        "longest_word": 12,
    }
    return ElmoOptions.build(**{**sizes, **changes})


@pytest.fixture
def network():
    torch.manual_seed(0)
    return BiLm(small_options()).eval()


@pytest.fixture
def fixture(shared_data):
    return shared_data / "text" / "elmo-tiny-fixture"


@pytest.fixture
def expected(fixture):
    """Three streams of ten sentences, and their top layer, both directions side by side."""
    streams = json.loads((fixture / "lm_embeddings_sentences.json").read_text(encoding="utf-8"))
    found = []
    for number, stream in enumerate(streams):
        with h5py.File(fixture / f"lm_embeddings_{number}.hdf5") as file:
            tops = [np.concatenate(list(file[str(i)][...]), axis=-1) for i in range(len(stream))]
        found.append(tops)
    return streams, found


def test_published_vectors_are_reproduced(fixture, expected):
    elmo = ElmoEmbedding.open(fixture, layer=2, stateful=True, tokenise=str.split)
    streams, tops = expected
    worst = 0.0
    for step in range(10):
        tokens, mask = elmo.encode([stream[step] for stream in streams])
        for row in range(3):
            found = tokens[row][mask[row]]
            assert found.shape == tops[row][step].shape
            worst = max(worst, float(np.abs(found - tops[row][step]).max()))
    assert worst < 1e-6


def test_without_carried_state_only_the_first_batch_agrees(fixture, expected):
    elmo = ElmoEmbedding.open(fixture, layer=2, tokenise=str.split)
    streams, tops = expected
    tokens, mask = elmo.encode([streams[0][0], streams[0][1]])
    assert np.abs(tokens[0][mask[0]] - tops[0][0]).max() < 1e-6
    assert np.abs(tokens[1][mask[1]] - tops[0][1]).max() > 1e-3


def test_a_vector_does_not_depend_on_the_batch(network):
    elmo = ElmoEmbedding(network)
    together, mask = elmo.encode(POSTS)
    for row, text in enumerate(POSTS):
        alone, mask_alone = elmo.encode([text])
        assert mask[row].sum() == mask_alone.sum() == len(split_words(text))
        np.testing.assert_allclose(together[row][mask[row]], alone[0], atol=1e-6)
        assert not together[row][~mask[row]].any()


def test_a_vector_depends_on_both_sides(network):
    top = ElmoEmbedding(network, layer=2)
    one, other = "river high today", "river low today"
    found, _ = top.encode([one, other])
    assert np.abs(found[0, 0] - found[1, 0]).max() > 1e-4  # what follows matters backwards
    assert np.abs(found[0, 2] - found[1, 2]).max() > 1e-4  # and what stood before, forwards
    words, _ = ElmoEmbedding(network, layer=0).encode([one, other])
    np.testing.assert_array_equal(words[0, 0], words[1, 0])


def test_carried_state_goes_on_where_the_call_before_ended(network):
    elmo = ElmoEmbedding(network, layer=2, stateful=True)
    assert isinstance(elmo, ContextualEmbedding)
    first, _ = elmo.encode(POSTS[:2])
    second, _ = elmo.encode(POSTS[:2])
    assert np.abs(first - second).max() > 1e-4
    with pytest.raises(ConfigError, match="they belong to 2 sentences, the batch has 1"):
        elmo.encode(POSTS[:1])
    elmo.reset()
    again, _ = elmo.encode(POSTS[:2])
    np.testing.assert_array_equal(first, again)


def test_sentences_are_means_and_empty_posts_zeros(network):
    elmo = ElmoEmbedding(network)
    tokens, mask = elmo.encode(POSTS)
    vectors = elmo.sentences(POSTS)
    assert vectors.shape == (5, 16)
    np.testing.assert_allclose(vectors[3], tokens[3][mask[3]].mean(axis=0), atol=1e-6)
    assert not vectors[2].any()
    assert elmo.sentences([]).shape == (0, 16)
    assert elmo.encode([])[0].shape == (0, 0, 16)


def test_mean_layer_is_an_untrained_mix(network):
    elmo = ElmoEmbedding(network)
    words = [split_words(text) for text in POSTS]
    layers, mask = elmo.layers(words)
    mixed = ScalarMix(3)(layers).detach().numpy()
    np.testing.assert_allclose(mixed, elmo.encode(POSTS)[0], atol=1e-6)
    assert mask.sum().item() == sum(map(len, words))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_lstm_without_clips_is_pytorchs():
    """Gates, forget bias and projection against PyTorch's own LSTM with projections."""
    torch.manual_seed(1)
    ours = ProjectedLstm(5, 7, 3, cell_clip=0.0, output_clip=0.0)
    theirs = torch.nn.LSTM(5, 7, proj_size=3, batch_first=True)
    gates = ours.gates.weight.detach().chunk(4)
    bias = list(ours.gates.bias.detach().chunk(4))
    bias[2] = bias[2] + 1.0
    order = (0, 2, 1, 3)  # theirs: input, forget, candidate, output
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.cat([gates[i][:, :5] for i in order]))
        theirs.weight_hh_l0.copy_(torch.cat([gates[i][:, 5:] for i in order]))
        theirs.bias_ih_l0.copy_(torch.cat([bias[i] for i in order]))
        theirs.bias_hh_l0.zero_()
        theirs.weight_hr_l0.copy_(ours.projection.weight)
        inputs = torch.randn(2, 6, 5)
        found, (last, _) = ours(inputs, torch.tensor([6, 6]))
        wanted, (wanted_last, _) = theirs(inputs)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(last, wanted_last[0])


def test_clips_bound_cell_and_output():
    torch.manual_seed(0)
    lstm = ProjectedLstm(2, 3, 2, cell_clip=0.1, output_clip=0.05)
    found, (_, cell) = lstm(100.0 * torch.randn(1, 20, 2), torch.tensor([20]))
    assert float(found.detach().abs().max()) == pytest.approx(0.05)
    assert float(cell.detach().abs().max()) <= 0.1 + 1e-7


def test_characters_of_a_word():
    begin = character_ids([BEGIN], 5)[0].tolist()
    assert begin == [259, 257, 260, 261, 261]
    assert character_ids(["abcdef"], 5)[0].tolist() == [259, 98, 99, 100, 260]  # cut to fit
    assert character_ids(["ü"], 5)[0].tolist() == [259, 0xC3 + 1, 0xBC + 1, 260, 261]


def test_halves_of_signs_are_no_fault(network):
    assert character_ids(["\ud83c"], 5).tolist() == character_ids(["?"], 5).tolist()
    tokens, mask = ElmoEmbedding(network).encode(["road \ud83c closed"])
    assert mask.all()
    assert np.isfinite(tokens).all()


def test_each_word_is_seen_once():
    words, places, lengths = distinct_words([["a", "b", "a"], ["b"]])
    assert words[2:] == ["a", "b"]
    assert places.tolist() == [[0, 2, 3, 2, 1], [0, 3, 1, -1, -1]]
    assert lengths.tolist() == [5, 3]


def test_written_weights_come_back(network, tmp_path):
    write_elmo(tmp_path / "mine", network)
    elmo = ElmoEmbedding.open(tmp_path / "mine")
    np.testing.assert_array_equal(elmo.encode(POSTS)[0], ElmoEmbedding(network).encode(POSTS)[0])
    assert elmo.describe()["digest"] == elmo.digest != ""
    with h5py.File(tmp_path / "mine" / "elmo_weights.hdf5") as file:
        assert file["CNN/W_cnn_1"].shape == (1, 2, 4, 6)
        assert file["RNN_1/RNN/MultiRNNCell/Cell1/LSTMCell/W_0"].shape == (16, 48)


def test_fixture_is_written_as_it_was_read(fixture, tmp_path):
    found = read_elmo(fixture / "options.json", fixture / "lm_weights.hdf5")
    write_weights(tmp_path / "copy.hdf5", found)
    names = []
    with h5py.File(fixture / "lm_weights.hdf5") as old, h5py.File(tmp_path / "copy.hdf5") as new:
        old.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        assert len(names) > 20
        for name in names:
            np.testing.assert_array_equal(old[name][...], new[name][...])


def test_weights_of_other_sizes_are_refused(network, tmp_path):
    write_elmo(tmp_path / "mine", network)
    options = tmp_path / "mine" / "elmo_options.json"
    table = json.loads(options.read_text(encoding="utf-8"))
    table["lstm"]["dim"] = 13
    options.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(DataError, match=r"LSTMCell/W_0 has shape \(16, 48\), expected \(16, 52\)"):
        ElmoEmbedding.open(tmp_path / "mine")


def test_damaged_or_missing_files_are_refused(network, tmp_path):
    with pytest.raises(MissingFileError, match=r"found 0 files \*options.json and 0 files"):
        ElmoEmbedding.open(tmp_path)
    write_elmo(tmp_path / "mine", network)
    weights = tmp_path / "mine" / "elmo_weights.hdf5"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(DataError, match="not a whole HDF5 file"):
        ElmoEmbedding.open(tmp_path / "mine")


def test_options_of_a_training_are_refused_with_what_to_do(tmp_path):
    table = small_options().model_dump(mode="json")
    table["char_cnn"]["n_characters"] = 261
    (tmp_path / "options.json").write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(DataError, match=r"char_cnn\.n_characters") as caught:
        read_options(tmp_path / "options.json")
    assert "must be 262" in caught.value.hint


def test_unknown_layer_is_refused(network):
    with pytest.raises(ConfigError, match="layer 3 is asked for; it has layers 0 to 2"):
        ElmoEmbedding(network, layer=3)


def test_options_that_are_no_json_or_do_not_fit_are_refused(tmp_path):
    file = tmp_path / "options.json"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="not valid JSON"):
        read_options(file)
    table = small_options().model_dump(mode="json")
    table["char_cnn"]["filters"] = [[13, 4]]
    file.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(DataError, match="a filter spans 13 characters, a word has 12"):
        read_options(file)


def test_values_that_are_not_finite_are_refused(network, tmp_path):
    with torch.no_grad():
        network.words.projection.bias[0] = torch.nan
    write_elmo(tmp_path / "mine", network)
    with pytest.raises(DataError, match="CNN_proj/b_proj has values that are not finite"):
        ElmoEmbedding.open(tmp_path / "mine")
