"""Checkpoints are whole or absent, plain data, and say what does not fit."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from inundate.core.errors import DataError, MissingFileError, RunError
from inundate.learn import checkpoint as module
from inundate.learn.checkpoint import (
    Checkpoint,
    checkpoint_folders,
    newest_checkpoint,
    point_to,
    pointed,
    prune,
    read_checkpoint,
    tidy,
    write_checkpoint,
)
from inundate.learn.weights import load_model, load_weights


def make(step: int, value: float = 1.0, **more: dict[str, torch.Tensor]) -> Checkpoint:
    tensors = {"model": {"w": torch.full((2, 3), value)}, "optimiser": {}, **more}
    return Checkpoint(step, tensors, {"note": "x"})


def test_round_trip(tmp_path):
    folder = write_checkpoint(tmp_path, make(2000, 0.1))
    assert folder == tmp_path / "checkpoints" / "step-0002000"
    assert {p.name for p in folder.iterdir()} == {
        "model.safetensors", "optimiser.safetensors", "state.json",
    }  # fmt: skip
    found = read_checkpoint(folder)
    assert found.step == 2000
    assert torch.equal(found.tensors["model"]["w"], torch.full((2, 3), 0.1))
    assert found.state["note"] == "x"


def test_writing_twice_gives_the_same_bytes(tmp_path):
    first = write_checkpoint(tmp_path, make(1)) / "model.safetensors"
    before = first.read_bytes()
    assert (write_checkpoint(tmp_path, make(1)) / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("name", ["model.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_damage_is_found(tmp_path, name, damage):
    file = write_checkpoint(tmp_path, make(5)) / name
    content = bytearray(file.read_bytes())
    if damage == "truncate":
        file.write_bytes(content[:-4])
    elif damage == "flip":
        content[content.index(b"note") if name == "state.json" else -1] ^= 1
        file.write_bytes(content)
    else:
        file.unlink()
    with pytest.raises(MissingFileError if damage == "remove" else DataError, match=name):
        read_checkpoint(file.parent)


@pytest.mark.parametrize("state", ["[]", '{"format": 2, "step": 5}', '{"format": 1, "step": 6}'])
def test_foreign_state_is_refused(tmp_path, state):
    folder = write_checkpoint(tmp_path, make(5))
    (folder / "state.json").write_text(state)
    with pytest.raises(DataError, match="expected"):
        read_checkpoint(folder)


def test_state_without_a_model_is_refused(tmp_path):
    folder = write_checkpoint(tmp_path, Checkpoint(5, {"model": {"w": torch.zeros(1)}}))
    with pytest.raises(DataError, match="names \\['model'\\]"):
        read_checkpoint(folder)


def test_file_with_the_right_hash_that_is_no_safetensors(tmp_path):
    folder = write_checkpoint(tmp_path, make(5))
    (folder / "model.safetensors").write_bytes(b"not tensors")
    state = json.loads((folder / "state.json").read_text())
    state["blake2b"]["model"] = module._digest(b"not tensors")  # state's own hash skips these
    (folder / "state.json").write_text(json.dumps(state))
    with pytest.raises(DataError, match="not a safetensors file"):
        read_checkpoint(folder)


def test_newest_falls_back(tmp_path, caplog):
    for step in (1, 2, 3):
        write_checkpoint(tmp_path, make(step, step))
    (tmp_path / "checkpoints" / "step-0000003" / "model.safetensors").write_bytes(b"")
    (tmp_path / "checkpoints" / "step-0000002" / "state.json").unlink()
    assert newest_checkpoint(tmp_path).step == 1
    assert [p.name for p in checkpoint_folders(tmp_path)] == ["step-0000001"]
    assert caplog.text.count("trying the checkpoint before it") == 2


def test_no_checkpoint(tmp_path):
    with pytest.raises(RunError, match="no checkpoint to go on from"):
        newest_checkpoint(tmp_path)
    with pytest.raises(MissingFileError, match="no 'best' checkpoint"):
        load_model(nn.Linear(1, 1), tmp_path)
    with pytest.raises(DataError, match="named step-"):
        read_checkpoint(tmp_path)


def fail_with(number: int, at: int):
    """Fail like a full disk when the ``at``-th file is written."""
    written = 0

    def write(path: Path, content: bytes) -> None:
        nonlocal written
        written += 1
        if written == at:
            path.write_bytes(content[: len(content) // 2])
            raise OSError(number, "No space left on device", str(path))
        path.write_bytes(content)

    return write


@pytest.mark.parametrize("at", [1, 2, 3])
def test_full_disk_leaves_earlier_checkpoints_whole(tmp_path, monkeypatch, at):
    point_to(tmp_path, "last", write_checkpoint(tmp_path, make(1)))
    monkeypatch.setattr(module, "_write", fail_with(errno.ENOSPC, at))
    with pytest.raises(RunError, match="the disk is full"):
        write_checkpoint(tmp_path, make(2))
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["step-0000001"]
    assert read_checkpoint(pointed(tmp_path, "last")).step == 1


def test_pointer_is_a_relative_link_and_moves(tmp_path):
    for step in (1, 2):
        point_to(tmp_path, "last", write_checkpoint(tmp_path, make(step)))
    assert (tmp_path / "last").readlink() == Path("checkpoints/step-0000002")
    assert read_checkpoint(tmp_path / "last").step == 2
    moved = tmp_path.rename(tmp_path.with_name("elsewhere"))
    assert read_checkpoint(pointed(moved, "last")).step == 2


def test_pointer_without_links_is_a_text_file(tmp_path, monkeypatch):
    def refuse(self, target, target_is_directory=False):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    for step in (1, 2):
        point_to(tmp_path, "last", write_checkpoint(tmp_path, make(step)))
    assert (tmp_path / "last").read_text() == "checkpoints/step-0000002\n"
    assert pointed(tmp_path, "last").name == "step-0000002"


def test_pointer_on_a_full_disk(tmp_path, monkeypatch):
    def refuse(self, target, target_is_directory=False):
        raise OSError(errno.ENOSPC, "full")

    folder = write_checkpoint(tmp_path, make(1))
    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(RunError, match="the disk is full"):
        point_to(tmp_path, "last", folder)


def test_prune_keeps_the_newest_and_the_best(tmp_path):
    for step in range(1, 7):
        folder = write_checkpoint(tmp_path, make(step))
        point_to(tmp_path, "last", folder)
        if step == 2:
            point_to(tmp_path, "best", folder)
    prune(tmp_path, keep=3)
    assert [module.step_of(p) for p in checkpoint_folders(tmp_path)] == [2, 4, 5, 6]


def test_steps_beyond_seven_digits_sort_as_numbers(tmp_path):
    for step in (9_999_999, 10_000_000):
        write_checkpoint(tmp_path, make(step))
    assert newest_checkpoint(tmp_path).step == 10_000_000


def test_tidy_removes_what_a_killed_process_left(tmp_path):
    write_checkpoint(tmp_path, make(1))
    (tmp_path / "checkpoints" / ".step-0000002.part-ab").mkdir()
    (tmp_path / ".last.part-cd").symlink_to("nowhere")
    tidy(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoints"]
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["step-0000001"]


def test_weights_that_do_not_fit_are_listed():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    weights = dict(nn.Sequential(nn.Linear(2, 4), nn.Linear(3, 1)).state_dict())
    weights["extra"] = weights.pop("1.bias")
    before = model[0].weight.detach().clone()
    with pytest.raises(DataError) as caught:
        load_weights(model, weights, where="x")
    assert str(caught.value) == (
        "reading x: its weights do not fit Sequential: missing: 1.bias; unknown: extra; "
        "of another shape: 0.weight (4, 2), expected (3, 2), 0.bias (4,), expected (3,)"
    )
    assert torch.equal(model[0].weight, before)


def test_load_model_prefers_the_running_mean(tmp_path):
    model = nn.Linear(3, 2, bias=False)
    for step, mean in ((1, None), (2, {"weight": torch.full((2, 3), 7.0)})):
        tensors = {"model": {"weight": torch.full((2, 3), float(step))}, "optimiser": {}}
        folder = write_checkpoint(
            tmp_path, Checkpoint(step, {**tensors, **({"ema": mean} if mean else {})})
        )
        point_to(tmp_path, "best" if step == 1 else "last", folder)
    assert load_model(model, tmp_path).name == "step-0000001"
    assert model.weight[0, 0] == 1.0
    load_model(model, tmp_path, which="last")
    assert model.weight[0, 0] == 7.0
    load_model(model, pointed(tmp_path, "best"))
    assert model.weight[0, 0] == 1.0


def test_tied_weights_are_written_and_read(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    folder = write_checkpoint(
        tmp_path, Checkpoint(1, {"model": model.state_dict(), "optimiser": {}})
    )
    other = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    other[1].weight = other[0].weight
    load_model(other, folder)
    assert torch.equal(other[1].weight, model[0].weight)
