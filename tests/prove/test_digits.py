"""Digits from IDX files, packages, and the embedded ones."""

import gzip
import struct
import sys

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.prove.digits import FILES, load_digits, read_idx


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + (array.astype(np.uint8).tobytes())
    )


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "train_images": rng.integers(0, 256, (6, 8, 8)),
        "train_labels": np.arange(6),
        "test_images": rng.integers(0, 256, (3, 8, 8)),
        "test_labels": np.array([9, 0, 4]),
    }


def write(folder, arrays, *, packed=()):
    folder.mkdir(parents=True, exist_ok=True)
    for role, array in arrays.items():
        data = idx(array)
        if role in packed:
            (folder / f"{FILES[role]}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / FILES[role]).write_bytes(data)
    return folder


def test_reads_plain_and_packed_files(tmp_path, arrays):
    folder = write(tmp_path / "mine", arrays, packed={"train_images", "test_labels"})
    digits = load_digits(folder)
    assert digits.name == "mine"
    np.testing.assert_allclose(digits.train_images * 255, arrays["train_images"], atol=1e-4)
    assert digits.test_labels.tolist() == [9, 0, 4]
    assert digits.train_images.dtype == np.float32
    assert digits.describe() == "mine: 6 + 3 images of 8 x 8"


def test_finds_files_in_folders_below(tmp_path, arrays):
    write(tmp_path / "a" / "raw", {k: v for k, v in arrays.items() if k.startswith("train")})
    write(tmp_path / "b", {k: v for k, v in arrays.items() if k.startswith("test")})
    assert len(load_digits(tmp_path).test_images) == 3


def test_names_with_a_dot(tmp_path, arrays):
    folder = write(tmp_path, arrays)
    for name in FILES.values():
        (folder / name).rename(folder / name.replace("-idx", ".idx"))
    assert len(load_digits(folder).train_images) == 6


def test_missing_files_are_named(tmp_path, arrays):
    del arrays["test_labels"]
    with pytest.raises(MissingFileError) as raised:
        load_digits(write(tmp_path, arrays))
    assert str(raised.value) == (
        f"reading digits from {tmp_path}: 3 of 4 files found, missing t10k-labels-idx1-ubyte "
        "(or .gz)"
    )


def test_a_file_is_not_a_folder(tmp_path, arrays):
    file = write(tmp_path, arrays) / FILES["test_labels"]
    with pytest.raises(MissingFileError, match="it is a file, expected the folder") as raised:
        load_digits(file)
    assert raised.value.hint == f"--digits {tmp_path}"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "starts with the bytes (none), expected 00 00 08"),
        (b"PK\x03\x04", "starts with the bytes 50 4b 03 04"),
        (b"\0\0\x0d\x01\0\0\0\1\0\0\0\0", "starts with the bytes 00 00 0d 01"),
        (idx(np.zeros(5))[:-1], "4 bytes of data, expected 5 for 5"),
        (idx(np.zeros((2, 3))) + b"x", "7 bytes of data, expected 6 for 2 x 3"),
        (gzip.compress(idx(np.zeros(500)), mtime=0)[:-12], "damaged gzip"),
        (gzip.compress(idx(np.zeros(5)), mtime=0)[:12] + b"\xff" * 30, "damaged gzip"),
    ],
)
def test_damaged_files_are_refused(tmp_path, content, says):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_idx(path)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("role", "array", "says"),
    [
        ("train_labels", np.arange(5), "holds 6 images and"),
        ("train_labels", np.full(6, 10), "highest 10"),
        ("test_images", np.zeros((3, 12, 12)), "expected one size"),
        ("test_images", np.zeros((3, 8, 12)), "square"),
        ("test_images", np.zeros((3, 64)), r"shape \(3, 64\)"),
    ],
)
def test_contents_that_do_not_fit_are_refused(tmp_path, arrays, role, array, says):
    with pytest.raises(DataError, match=says):
        load_digits(write(tmp_path, {**arrays, role: array}))


def test_reads_an_installed_package(tmp_path, arrays, monkeypatch):
    write(tmp_path / "some_digits", arrays)
    info = tmp_path / "some_digits-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-digits\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"some_digits/{name},,\n" for name in FILES.values()))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert load_digits("package:some-digits").train_labels.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_package_that_is_not_installed():
    with pytest.raises(ConfigError, match="package 'no-such-digits' is not installed"):
        load_digits("package:no-such-digits")


def test_embedded_digits_are_split_once():
    digits, again = load_digits(), load_digits()
    assert digits.embedded
    assert digits.train_images.shape == (1297, 8, 8)
    assert len(digits.test_labels) == 500
    assert set(digits.test_labels) == set(range(10))
    assert (digits.test_images == again.test_images).all()
    assert digits.train_images.max() == 1.0


def test_mnist(shared_data):
    digits = load_digits(shared_data / "digits")
    assert (len(digits.train_images), len(digits.test_images), digits.side) == (60000, 10000, 28)
    assert digits.train_labels[:5].tolist() == [5, 0, 4, 1, 9]  # the first five, as published
    assert not digits.embedded
