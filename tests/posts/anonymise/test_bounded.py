"""What keeps memory small gives what a plain way would give."""

import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from inundate.posts.anonymise import cells, risk, shelf
from inundate.posts.anonymise.cells import CellFloor, Points
from inundate.posts.anonymise.shelf import Shelf
from inundate.posts.anonymise.slices import Plan, in_slices

SIDES = (0.1, 0.5, 1.0, 5.0, 10.0)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 129, 3000])
@pytest.mark.parametrize("width", [0, 16])
def test_a_shelf_finds_what_was_put_in(number, width, tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "_WAITING", 500)
    random = np.random.default_rng(number)
    codes = random.integers(-(2**63), 2**63 - 1, number)
    codes = np.concatenate([codes, codes[::2]])  # several rows of a code
    more = np.frombuffer(random.bytes(16 * len(codes)), dtype="V16")
    made = Shelf(tmp_path / "shelf", width)
    for start in range(0, len(codes), 100):
        made.add(codes[start : start + 100], more[start : start + 100] if width else None)
    made.settle()
    least = {}
    for code, one in zip(codes.tolist(), more.tolist(), strict=True):
        least[code] = min(least.get(code, one), one)
    asked = np.concatenate([codes[::3], random.integers(-(2**63), 2**63 - 1, 2000)])
    is_there, found = made.find(asked)
    assert is_there.tolist() == [code in least for code in asked.tolist()]
    assert len(made) == len(least)
    if width:
        assert found.tolist() == [least[code] for code in asked[is_there].tolist()]


def plain_cells(points, authors, k):
    """Give the side of the cell that each place is shown in, the plain way."""
    shown = [None] * len(authors)
    for side_number, side in enumerate(SIDES):
        of = {}
        here = points.cells(side).tolist()
        for place, cell in enumerate(here):
            if shown[place] is None and points.level[place] <= side_number:
                of.setdefault(cell, set()).add(authors[place])
        for place, cell in enumerate(here):
            if shown[place] is None and points.level[place] <= side_number:
                shown[place] = side if len(of[cell]) >= k else None
    return shown


@pytest.mark.parametrize("seed", range(6))
def test_cells_are_those_of_all_places_looked_at_together(seed, monkeypatch):
    monkeypatch.setattr(cells, "_WAITING", 150)
    random = np.random.default_rng(seed)
    number = 600
    points = Points(
        np.arange(number),
        random.normal(900, random.choice([3, 20, 90]), number).astype(int),
        random.normal(1800, random.choice([3, 40]), number).astype(int),
        random.choice([0, 0, 0, 1, 2, 3, 4, 5], number),
    )
    authors = random.integers(0, random.choice([5, 60, 500]), number)
    floor = CellFloor(SIDES, 3)
    for start in range(0, number, 100):
        chosen = np.arange(start, start + 100)
        floor.add(points.take(chosen), authors[chosen])
    floor.settle()
    found = floor.coarsen(points, number)[2].to_pylist()
    assert found == plain_cells(points, authors.tolist(), 3)
    assert len(set(found)) > 1


@pytest.mark.parametrize("bins", [1, 3, 40])
def test_slices_are_in_the_order_of_the_whole(bins, tmp_path):
    random = np.random.default_rng(bins)
    number = 900
    times = random.integers(0, bins, number)
    tokens = pa.array(["".join(map(chr, 97 + random.integers(0, 16, 32))) for _ in range(number)])
    table = pa.table({"time": times, "token": tokens})
    plan = Plan(times, 50)
    tables = (
        (part, plan.of(part["time"].to_numpy(), part["token"].combine_chunks()))
        for part in (table.slice(start, 64) for start in range(0, number, 64))
    )
    keys = [("time", "ascending"), ("token", "ascending")]
    made = [one.sort_by(keys) for one in in_slices(tables, plan.slices, tmp_path / "slices")]
    assert pa.concat_tables(made).to_pylist() == table.sort_by(keys).to_pylist()
    assert max(one.num_rows for one in made) < 50 * 2  # tokens fall evenly, but not quite
    assert len(made) >= number // 50 // 2
    assert not (tmp_path / "slices").exists()


COMMON = """
import pyarrow as pa
from inundate.posts.anonymise.key import Key
from inundate.posts.anonymise.reorder import CommonWords
from inundate.posts.anonymise.tokens import Pseudonyms
words = CommonWords(5, Pseudonyms(Key(bytes(range(1, 33)))))
texts = [f"w{word}" for word in range(300) for _ in range(5)]
authors = [f"{word}-{author}" for word in range(300) for author in range(5)]
words.add(pa.array(texts), pa.array(authors))
print([f"w{word}" in words for word in range(300)])
"""


def test_common_words_are_the_same_in_every_process():
    said = [
        subprocess.run(
            [sys.executable, "-c", COMMON],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert 200 < said[0].count("True") <= 300  # few authors share a mark


@pytest.mark.parametrize("piece", [10_000, 64])
def test_crowds_are_counted_in_pieces_as_in_whole(piece, tmp_path, monkeypatch):
    monkeypatch.setattr(risk, "_PIECE", piece)
    random = np.random.default_rng(0)
    codes = np.where(random.random(900) < 0.5, 7, random.integers(0, 300, 900)) << 40
    authors = random.integers(0, 40, 900) * 2**50
    pairs = risk._Pairs(tmp_path, 900)
    for start in range(0, 900, 90):
        pairs.add("time", codes[start : start + 90], authors[start : start + 90])
    of = {}
    for code, author in zip(codes.tolist(), authors.tolist(), strict=True):
        of.setdefault(code, set()).add(author)
    hidden = np.array([len(of[code]) for code in codes.tolist()])
    assert 0 < (hidden == 1).mean() < (hidden < 5).mean() < 1
    assert pairs.shares("time", 5) == {
        "posts": 900,
        "alone": (hidden == 1).mean(),
        "below_k": (hidden < 5).mean(),
        "least": hidden.min(),
    }
