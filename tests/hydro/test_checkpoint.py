import errno
import json
import logging

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.hydro import checkpoint
from inundate.hydro.checkpoint import checkpoints, read_newest, write_checkpoint


def content(k):
    return {"depth": np.full((3, 4), k, np.float32), "count": np.arange(k)}, {"time_s": k / 3}


def same(found, k):
    arrays, numbers = content(k)
    assert found[1] == numbers
    assert found[0].keys() == arrays.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[0][name], values)
        assert found[0][name].dtype == values.dtype


def test_newest_of_two_generations(tmp_path):
    assert read_newest(tmp_path) is None
    for k in range(1, 5):
        write_checkpoint(tmp_path, *content(k))
        same(read_newest(tmp_path), k)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint-0000000003.json", "checkpoint-0000000003.npz",
        "checkpoint-0000000004.json", "checkpoint-0000000004.npz",
    ]  # fmt: skip


def truncate(path):
    path.write_bytes(path.read_bytes()[:-7])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(bytes(data))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [truncate, flip, empty, lambda path: path.unlink()])
@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_a_damaged_one_falls_back_with_a_warning(tmp_path, caplog, harm, suffix):
    write_checkpoint(tmp_path, *content(1))
    newest = write_checkpoint(tmp_path, *content(2))
    harm(newest.with_suffix(suffix))
    with caplog.at_level(logging.WARNING):
        same(read_newest(tmp_path), 1)
    if newest.is_file():  # without its JSON it was never written
        assert "going on from" in caplog.text
        assert "checkpoint-0000000002" in caplog.text
    # and the next one is written beside what is left
    write_checkpoint(tmp_path, *content(3))
    same(read_newest(tmp_path), 3)


def test_both_damaged(tmp_path):
    for k in (1, 2):
        empty(write_checkpoint(tmp_path, *content(k)).with_suffix(".npz"))
    with pytest.raises(DataError) as caught:
        read_newest(tmp_path)
    held = tmp_path / "checkpoint-0000000002.npz"
    assert str(caught.value).startswith(
        f"resuming from {tmp_path}: all 2 checkpoints are damaged\n  reading {held}: truncated or "
        "altered\n"
    )
    assert caught.value.hint == "--overwrite starts the simulation afresh"


def test_of_another_format(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_FORMAT", 99)
    write_checkpoint(tmp_path, *content(1))
    monkeypatch.undo()
    with pytest.raises(DataError, match="of another format"):
        read_newest(tmp_path)


@pytest.mark.parametrize("at", ["npz", "json"])
def test_a_full_disk_keeps_the_one_before(tmp_path, monkeypatch, at):
    write_checkpoint(tmp_path, *content(1))
    whole = checkpoint._write

    def full(path, fill):
        if path.suffix == f".{at}":
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(path, fill)

    monkeypatch.setattr(checkpoint, "_write", full)
    with pytest.raises(OSError, match="No space"):
        write_checkpoint(tmp_path, *content(2))
    same(read_newest(tmp_path), 1)


def test_objects_are_refused(tmp_path):
    with pytest.raises(ValueError, match="[Oo]bject"):
        write_checkpoint(tmp_path, {"a": np.array([{}])}, {})
    assert checkpoints(tmp_path) == []


def test_numbers_come_back_exactly(tmp_path):
    number = 0.1 + 0.2
    write_checkpoint(tmp_path, {}, {"a": number, "b": {"c": [1, None]}})
    assert read_newest(tmp_path)[1] == {"a": number, "b": {"c": [1, None]}}
    assert json.loads(checkpoints(tmp_path)[0].read_text())["number"] == 1
