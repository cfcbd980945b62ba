"""Files of vectors: every form gives the same words and the same bits; bad ones are told."""

import gzip
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import DataError, MissingFileError
from inundate.posts.embed.files import read_blocks
from inundate.posts.embed.parse import BrokenLineError, parse_line, parse_lines
from inundate.posts.embed.report import ReadReport
from inundate.posts.embed.source import find_source

WORDS = ["the", '"', "new york", "a\u00a0b", "naïve", "#flood", "水", "\u0085", "5", "..."]
VECTORS = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32)


def text_of(words, vectors, header=False, end="\n"):
    lines = [
        f"{word} " + " ".join(repr(float(x)) for x in row)
        for word, row in zip(words, vectors, strict=True)
    ]
    if header:
        lines.insert(0, f"{len(words)} {vectors.shape[1]}")
    return "".join(line + end for line in lines).encode()


def binary_of(words, vectors, end=b"\n"):
    parts = [f"{len(words)} {vectors.shape[1]}\n".encode()]
    for word, row in zip(words, vectors, strict=True):
        parts.append(word.encode() + b" " + row.astype("<f4").tobytes() + end)
    return b"".join(parts)


def read(path, member=None):
    report = ReadReport(path)
    blocks = list(read_blocks(path, report, member))
    words = [word.decode() for block in blocks for word in block.words]
    return words, np.concatenate([block.vectors for block in blocks]), report


def same_bits(a, b):
    return a.dtype == b.dtype == np.float32 and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"])
def test_text(tmp_path, header, end):
    path = tmp_path / "v.txt"
    path.write_bytes(text_of(WORDS, VECTORS, header, end))
    words, vectors, report = read(path)
    assert words == WORDS
    assert same_bits(vectors, VECTORS)
    assert report.describe()["broken"] == 0
    assert report.format == ("text with header" if header else "text")


def test_byte_order_mark_tabulators_and_no_last_line_feed(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"\xef\xbb\xbfrain\t1\t-2e-3\nnew york\t+.5\t7.")
    words, vectors, _ = read(path)
    assert words == ["rain", "new york"]
    assert vectors.tolist() == [[1, np.float32(-2e-3)], [0.5, 7]]


@pytest.mark.parametrize("end", [b"\n", b""])
def test_binary(tmp_path, end):
    words = [word.replace(" ", "_") for word in WORDS]
    path = tmp_path / "v.bin"
    path.write_bytes(binary_of(words, VECTORS, end))
    found, vectors, report = read(path)
    assert found == words
    assert same_bits(vectors, VECTORS)
    assert report.format == "word2vec binary"


def test_packed_files_and_archives(tmp_path):
    content = text_of(WORDS, VECTORS)
    (tmp_path / "v.gz").write_bytes(gzip.compress(content))
    half = len(content) // 2
    frames = [zstandard.compress(part) for part in (content[:half], content[half:])]
    (tmp_path / "v.zst").write_bytes(b"".join(frames))
    with zipfile.ZipFile(tmp_path / "v.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/v.6d.txt", content)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("v.6d.txt", content)
        archive.writestr("v.1d.txt", b"rain 1\n")
    for name in ("v.gz", "v.zst", "v.zip"):
        words, vectors, _ = read(tmp_path / name)
        assert words == WORDS
        assert same_bits(vectors, VECTORS)
    found = find_source(tmp_path / "two.zip" / "v.6d.txt")
    assert found == (tmp_path / "two.zip", "v.6d.txt")
    assert read(*found)[0] == WORDS
    with pytest.raises(DataError, match=r"an archive of 2 files \(v.6d.txt, v.1d.txt\)") as caught:
        read(tmp_path / "two.zip")
    assert caught.value.hint == f"name the one you want: {tmp_path / 'two.zip'}/v.6d.txt"
    with pytest.raises(MissingFileError, match="it holds no 'v.6x.txt', but v.6d.txt, v.1d.txt"):
        read(tmp_path / "two.zip", "v.6x.txt")


@pytest.mark.parametrize("packing", ["gz", "zst", "zip"])
def test_cut_packed_file(tmp_path, packing):
    content = text_of([f"w{k}" for k in range(2000)], np.ones((2000, 20), np.float32) / 3)
    path = tmp_path / f"v.{packing}"
    if packing == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("v.txt", content)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    else:
        packed = gzip.compress(content) if packing == "gz" else zstandard.compress(content)
        path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match="the packed file is cut short or damaged"):
        read(path)


def test_numbers_are_those_of_float():
    rng = np.random.default_rng(1)
    texts = [
        "0", "-0", "+1", "1.", ".5", "1e5", "1E-5", "0.1", "1e-45", "3.4e38", "1e22", "1e23",
        "1e-22", "9007199254740993", "123456789012345678901234567890", "0.30000000000000004",
        "1e-400", "0000000000000000000000000.25", "4.9406564584124654e-324", "16777217.0000000001",
        *(f"{x:.{d}g}" for d in (3, 7, 9, 17) for x in rng.normal(size=50)),
        *(repr(float(x)) for x in rng.normal(size=50).astype(np.float32)),
        *(f"{x:e}" for x in 10 ** rng.uniform(-40, 38, 200)),
    ]  # fmt: skip
    data = "".join(f"w {text}\n" for text in texts).encode()
    _, vectors, left, lines = parse_lines(data, 1)
    for k, line in zip(left.tolist(), lines, strict=True):
        vectors[k] = parse_line(line, 1)[1]
    expected = np.array([np.float32(float(text)) for text in texts], np.float32)
    assert vectors[:, 0].tobytes() == expected.tobytes()
    assert len(left) < len(texts) / 2  # the quick way reads most


@settings(max_examples=300, deadline=None)
@given(line=st.text("01.eE+-9a \t\r_", min_size=1, max_size=24), width=st.integers(1, 3))
def test_the_quick_way_takes_nothing_that_the_slow_way_refuses(line, width):
    data = line.encode()
    words, vectors, left, _ = parse_lines(data + b"\n", width)
    if len(left):
        return
    word, numbers = parse_line(data, width)
    assert words == [word]
    assert vectors[0].tobytes() == np.array(numbers, np.float32).tobytes()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"rain 1 2", "2 numbers, expected 3"),
        (b"rain", "0 numbers, expected 3"),
        (b"rain 1 x2 3", "'x2' is not a number"),
        (b"rain 1 1_0 3", "'1_0' is not a number"),
        (b"rain 1 0,5 3", "'0,5' is not a number"),
        (b"rain 1 nan 3", "'nan' is not finite"),
        (b"rain 1 -Inf 3", "'-Inf' is not finite"),
        (b"rain 1 1e39 3", "'1e39' is not finite in 32 bits"),
        (b" 1 2 3", "no word before the numbers"),
        (b"rain 0.5 1 2 3", "more than 3 numbers"),
        (b"rain 1 . 3", "'.' is not a number"),
        (b"rain 1 1e 3", "'1e' is not a number"),
        (b"rain 1 \xff 3", "'\ufffd' is not a number"),
    ],
)
def test_broken_lines(tmp_path, line, reason):
    with pytest.raises(BrokenLineError) as caught:
        parse_line(line, 3)
    assert str(caught.value) == reason
    good = b"".join(b"w%d 1 2 3\n" % k for k in range(120))
    path = tmp_path / "v.txt"
    path.write_bytes(good + line + b"\n" + b"z 1 2 3\n")
    words, vectors, report = read(path)
    assert words[-1] == "z"
    assert len(words) == len(vectors) == 121
    assert report.broken == [(121, reason)]
    assert report.lines == 122


def test_more_than_one_per_cent_is_refused(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"".join(b"w%d 1 2 3\n" % k for k in range(98)) + b"a 1 2\nb 1 x 2\n\n")
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.message == (
        f"reading {path} as vectors (text): 2 of 100 lines are broken, at most 1% may be "
        "(line 99: 2 numbers, expected 3; line 100: 'x' is not a number)"
    )


def test_words_that_are_not_utf8_are_told(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"".join(b"w%d 1 2\n" % k for k in range(100)) + b"caf\xe9 1 2\n")
    words, _, report = read(path)
    assert len(words) == 100
    assert report.broken == [(101, "the word is not UTF-8")]
    path.write_bytes(binary_of([f"w{k}" for k in range(100)], np.ones((100, 2), np.float32)))
    path.write_bytes(path.read_bytes().replace(b"w99 ", b"w\xe99 "))
    words, _, report = read(path)
    assert len(words) == 99
    assert report.broken == [(100, "the word is not UTF-8")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"once upon a time\nthere was rain\n", "its lines do not end in numbers ('once upon"),
        (bytes(range(256)) * 50, "do not end in numbers"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", "fastText's own model file, expected its vectors"),
        (b"5 2\nrain 1 2\n", "its header tells of 5 words, it holds 1"),
        (b"x" * (2**22 + 2**20), "do not end in numbers"),
        (b"rain 1 2\n" + b"x" * (2**22 + 9), "a line of more than"),
    ],
)
def test_what_is_no_file_of_vectors(tmp_path, content, says):
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert says in caught.value.message


def test_cut_binary_file_and_bad_numbers(tmp_path):
    path = tmp_path / "v.bin"
    words = [f"w{k}" for k in range(200)]
    vectors = np.ones((200, 4), np.float32)
    content = binary_of(words, vectors)
    path.write_bytes(content[:-9])
    with pytest.raises(DataError, match="200 words of 4 numbers, it ends in word 200"):
        read(path)
    vectors[7, 1] = np.nan
    path.write_bytes(binary_of(words, vectors))
    found, _, report = read(path)
    assert "w7" not in found
    assert report.broken == [(8, "a number is not finite")]
    path.write_bytes(b"3 4\n" + struct.pack("<4f", 1, 2, 3, 4).replace(b" ", b"x") * 1000)
    with pytest.raises(DataError, match="starts with no word"):
        read(path)


def test_json_of_wink(tmp_path):
    rows = {
        word: [*map(float, row), float(np.linalg.norm(row)), k]
        for k, (word, row) in enumerate(zip(WORDS, VECTORS, strict=True))
    }
    made = {"corpus": "made up", "dimensions": 6, "words": WORDS, "vectors": rows}
    path = tmp_path / "v.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    words, vectors, report = read(path)
    assert words == WORDS
    assert same_bits(vectors, VECTORS)
    assert report.format == "JSON"
    path.write_text(json.dumps(made)[:-9], encoding="utf-8")
    with pytest.raises(DataError, match="a JSON file, but not of words, vectors and dimensions"):
        read(path)
    path.write_text(json.dumps({**made, "words": [*WORDS, "none"]}), encoding="utf-8")
    with pytest.raises(DataError, match=r"1 of 11 lines are broken, .*line 11: 0 numbers"):
        read(path)
    path.write_text('{" 1 2\n{"a 3 4\n')  # words of a GloVe file that begin alike
    assert read(path)[0] == ['{"', '{"a']


def test_words_that_are_numbers_make_no_header(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"1 5\n2 6\n3 7\n")
    words, vectors, _ = read(path)
    assert words == ["1", "2", "3"]
    assert vectors.tolist() == [[5], [6], [7]]


token = st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), min_size=1, max_size=8)
number = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(token.map(str.strip).filter(bool), min_size=1, max_size=6, unique=True),
    width=st.integers(2, 5),
    data=st.data(),
)
def test_round_trip(tmp_path_factory, words, width, data):
    """Any words, but those whose last piece looks like one number too many."""
    pieces = [word.replace("\t", " ").split(" ")[-1] for word in words]
    words = [w for w, last in zip(words, pieces, strict=True) if last.strip("+-.0123456789eE")]
    words = words or ["a"]
    rows = data.draw(
        st.lists(
            st.lists(number, min_size=width, max_size=width),
            min_size=len(words),
            max_size=len(words),
        )
    )
    vectors = np.array(rows, np.float32)
    path = tmp_path_factory.mktemp("v") / "v.txt"
    path.write_bytes(text_of(words, vectors, header=True))
    found, numbers, report = read(path)
    assert found == words
    assert same_bits(numbers, vectors)
    if all(" " not in word and "\t" not in word for word in words):
        path.write_bytes(binary_of(words, vectors))
        found, numbers, _ = read(path)
        assert found == words
        assert same_bits(numbers, vectors)
    assert report.lines == len(words)


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=60), at=st.integers(0, 300))
def test_noise_is_told_or_read_but_never_a_crash(tmp_path_factory, noise, at):
    content = bytearray(text_of(WORDS, VECTORS, header=bool(at % 2)))
    content[at : at + len(noise) // 2] = noise
    path: Path = tmp_path_factory.mktemp("v") / "v.txt"
    path.write_bytes(content)
    try:
        words, vectors, _ = read(path)
    except DataError:
        return
    assert len(words) == len(vectors)
    assert np.isfinite(vectors).all()
