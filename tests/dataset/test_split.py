"""The split: nothing tested was seen, the same seed gives the same split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inundate.core.errors import ConfigError, DataError
from inundate.dataset.settings import DatasetSettings
from inundate.dataset.split import Split, make_split

REGIMES = st.dictionaries(
    st.text("abcdefgh/-0123", min_size=1, max_size=5),
    st.sampled_from(["flat", "mixed", "steep"]),
    min_size=1, max_size=40,
)  # fmt: skip
STORMS = st.lists(st.text("qrstu", min_size=1, max_size=3), min_size=1, max_size=6)
SETTINGS = st.builds(
    DatasetSettings,
    seed=st.integers(0, 5),
    test_share=st.floats(0.05, 0.9),
    valid_share=st.floats(0.05, 0.95),
    test_storms=st.integers(1, 3),
)
BLOCKS = {f"b{number}": ("flat", "steep")[number % 2] for number in range(12)}


def split_or_none(regimes, storms, settings):
    try:
        return make_split(regimes, storms, settings)
    except DataError:
        return None


@given(regimes=REGIMES, storms=STORMS, settings=SETTINGS)
def test_no_block_and_no_storm_is_seen_and_tested(regimes, storms, settings):
    split = split_or_none(regimes, storms, settings)
    if split is None:
        # refused only where a part must be empty: too few blocks in each regime, or storms
        counts = [list(regimes.values()).count(name) for name in set(regimes.values())]
        assert max(counts) < 3 or len(set(storms)) <= settings.test_storms
        return
    parts = {(b, s): split.of(b, s) for b in regimes for s in storms}
    for axis in (0, 1):
        seen = {key[axis] for key, part in parts.items() if part in ("train", "valid")}
        tested = {key[axis] for key, part in parts.items() if part == "test"}
        assert seen
        assert tested
        assert not seen & tested
    trained = {key[0] for key, part in parts.items() if part == "train"}
    chosen = {key[0] for key, part in parts.items() if part == "valid"}
    assert trained
    assert chosen
    assert not trained & chosen


@given(regimes=REGIMES, storms=STORMS, settings=SETTINGS, data=st.data())
def test_order_of_the_input_changes_nothing(regimes, storms, settings, data):
    split = split_or_none(regimes, storms, settings)
    names = data.draw(st.permutations(sorted(regimes)))
    again = split_or_none(
        {name: regimes[name] for name in names}, data.draw(st.permutations(storms)), settings
    )
    assert again == split
    assert split is None or again.hash() == split.hash()


def test_shares_by_hand():
    split = make_split(BLOCKS, ["a", "b", "c"], DatasetSettings(test_share=0.33, valid_share=0.17))
    for regime in ("flat", "steep"):
        parts = [part for block, part in split.blocks.items() if BLOCKS[block] == regime]
        assert sorted(parts) == ["test", "test", "train", "train", "train", "valid"]
    assert sorted(split.storms.values()) == ["test", "train", "train"]


def test_every_regime_keeps_a_training_block():
    settings = DatasetSettings(test_share=0.9, valid_share=0.95)
    split = make_split(BLOCKS | {"m1": "mixed", "m2": "mixed"}, ["a", "b"], settings)
    assert {BLOCKS.get(b, "mixed") for b, part in split.blocks.items() if part == "train"} == {
        "flat", "steep", "mixed",
    }  # fmt: skip


@pytest.mark.parametrize(("block", "storm", "part"), [
    ("x", "old", "train"), ("x", "new", "unused"), ("y", "old", "unused"), ("y", "new", "test"),
    ("z", "old", "valid"), ("z", "new", "unused"),
])  # fmt: skip
def test_mixed_pairs_are_unused(block, storm, part):
    split = Split({"x": "train", "y": "test", "z": "valid"}, {"old": "train", "new": "test"})
    assert split.of(block, storm) == part


def test_the_seed_changes_the_split_and_any_change_the_hash():
    splits = [make_split(BLOCKS, "abcd", DatasetSettings(seed=seed)) for seed in range(6)]
    assert len({split.hash() for split in splits}) > 1
    first = Split({"x": "train", "y": "test"}, {"s": "train"})
    assert first.hash() == Split({"y": "test", "x": "train"}, {"s": "train"}).hash()
    assert first.hash() != Split({"x": "valid", "y": "test"}, {"s": "train"}).hash()
    assert first.hash() != Split({"x": "train", "y": "test"}, {"s": "test"}).hash()
    assert first.hash() != Split({"x": "train", "z": "test"}, {"s": "train"}).hash()


def test_named_blocks_and_storms_are_held_out():
    regimes = {"hull/0-0": "flat", "hull/0-1": "flat", **BLOCKS}
    split = make_split(
        regimes, ["a", "b", "c"], DatasetSettings(), test_storm=["b"], test_block=["hull"]
    )
    assert {b for b, part in split.blocks.items() if part == "test"} == {"hull/0-0", "hull/0-1"}
    assert split.storms == {"a": "train", "b": "test", "c": "train"}


@pytest.mark.parametrize(("held", "message", "hint"), [
    (
        {"test_storm": ["jul"]},
        "splitting: no test storm 'jul'; known are july, june", "did you mean 'july'?",
    ),
    (
        {"test_block": ["zzz"]},
        "splitting: no test block 'zzz'; known are b0, b1, b10, b11, b2, b3, b4, b5, b6, b7, "
        "b8, b9", None,
    ),
])  # fmt: skip
def test_unknown_names(held, message, hint):
    with pytest.raises(ConfigError) as found:
        make_split(BLOCKS, ["june", "july"], DatasetSettings(), **held)
    assert str(found.value) == message
    assert found.value.hint == hint


@pytest.mark.parametrize(("regimes", "storms", "message"), [
    (
        BLOCKS, ["june"],
        "splitting 1 storms: no train part is left ({'train': 0, 'test': 1})",
    ),
    (
        {"x": "flat", "y": "flat"}, ["june", "july"],
        "splitting 2 terrain blocks: no valid part is left ({'train': 1, 'valid': 0, 'test': 1})",
    ),
    (
        {"x": "flat"}, ["june", "july"],
        "splitting 1 terrain blocks: no valid or test part is left "
        "({'train': 1, 'valid': 0, 'test': 0})",
    ),
])  # fmt: skip
def test_too_little_to_split(regimes, storms, message):
    with pytest.raises(DataError) as found:
        make_split(regimes, storms, DatasetSettings())
    assert str(found.value) == message
    assert "at least 3 terrain blocks of a regime and 2 storms" in found.value.hint
