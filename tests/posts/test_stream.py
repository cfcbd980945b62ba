"""Lines of a file, packed or not, from any offset."""

import bz2
import gzip

import pytest
import zstandard

from inundate.posts.importers import stream

PACKS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
CONTENT = b"first\n\nthird, longer\r\n" + b"x" * 100 + b"\nlast without an end"


@pytest.fixture(params=PACKS)
def packed(request, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "_BLOCK", 7)
    monkeypatch.setattr(stream, "_PACKED_BLOCK", 5)
    pack = PACKS[request.param]
    path = tmp_path / "file"
    path.write_bytes(pack(CONTENT[:20]) + pack(CONTENT[20:]))
    return path


def test_lines_from_every_offset(packed):
    lines = list(stream.read_lines(packed))
    assert b"\n".join(line for _, line in lines) == CONTENT
    assert lines[-1][0] == len(CONTENT)
    for number, (offset, _) in enumerate(lines, start=1):
        assert list(stream.read_lines(packed, offset)) == lines[number:]


def test_a_long_line_comes_cut_and_the_next_ones_whole(packed, monkeypatch):
    monkeypatch.setattr(stream, "MAX_LINE", 40)
    lines = list(stream.read_lines(packed))
    assert [line for _, line in lines if len(line) <= 40] == [
        b"first", b"", b"third, longer\r", b"last without an end",
    ]  # fmt: skip
    [cut] = [line for _, line in lines if len(line) > 40]
    assert cut == b"x" * len(cut)
    assert [offset for offset, _ in lines] == [6, 7, 22, 123, len(CONTENT)]


@pytest.mark.parametrize("name", ["gzip", "bzip2", "zstd"])
def test_damage_comes_behind_the_good_lines(name, tmp_path):
    content = b"".join(b"%d %d\n" % (number, number * 7919 % 10007) for number in range(60_000))
    packed = PACKS[name](content)
    path = tmp_path / "cut"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    lines = []
    with pytest.raises(stream.Damage, match="ends too early"):
        iter_into(lines, stream.read_lines(path))
    assert len(lines) > 1000 or name == "bzip2"  # whose blocks are as large as this file
    assert b"\n".join(line for _, line in lines) == content[: lines[-1][0] - 1 if lines else 0]


def iter_into(lines, source):
    for line in source:
        lines.append(line)


def test_zeros_behind_a_packed_file_are_no_damage(tmp_path):
    path = tmp_path / "tape"
    path.write_bytes(gzip.compress(b"a\nb") + bytes(1000))
    assert [line for _, line in stream.read_lines(path)] == [b"a", b"b"]
    path.write_bytes(gzip.compress(b"a\nb\n") + b"what is this")
    with pytest.raises(stream.Damage, match="is damaged"):
        list(stream.read_lines(path))
