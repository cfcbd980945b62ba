"""The journal: whole lines, one writer, nothing lost or doubled when it is cut short."""

import errno
import os

import pytest

from inundate.core.errors import DataError, RunError
from inundate.show.serve.journal import Journal


def changes(path):
    journal = Journal(path)
    try:
        return [change["n"] for change in journal.lines()]
    finally:
        journal.close()


@pytest.fixture
def filled(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    for number in range(3):
        journal.append({"kind": "test", "n": number, "text": "Wasser \u2028 水 \ud800"})
    journal.close()
    return tmp_path / "journal.jsonl"


def test_what_was_written_is_there_again(filled):
    again = Journal(filled)
    assert again.seq == 3
    assert [change["seq"] for change in again.lines()] == [1, 2, 3]
    assert again.append({"kind": "test", "n": 3})["seq"] == 4
    again.close()
    assert changes(filled) == [0, 1, 2, 3]


def test_cut_anywhere_in_the_last_line_it_goes_on_with_the_line_before(filled):
    whole = filled.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for size in (last, last + 1, (last + len(whole)) // 2, len(whole) - 1):
        filled.write_bytes(whole[:size])
        assert changes(filled) == [0, 1]
        assert filled.stat().st_size == last


def test_cut_in_the_first_line_it_begins_anew(filled):
    filled.write_bytes(filled.read_bytes()[:20])
    assert changes(filled) == []


def test_damage_within_is_told_and_nothing_removed(filled):
    damaged = filled.read_bytes().replace(b'"n":1', b'"n"!1')
    filled.write_bytes(damaged)
    with pytest.raises(DataError, match="line 3: found no line of a live view's journal"):
        Journal(filled)
    assert filled.read_bytes() == damaged


def test_second_writer_is_refused(filled):
    first = Journal(filled)
    with pytest.raises(RunError, match="another process has it"):
        Journal(filled)
    first.close()
    Journal(filled).close()


def test_full_disk_leaves_the_journal_as_it_was(filled, monkeypatch):
    journal, before = Journal(filled), filled.read_bytes()
    real, calls = os.pwrite, []

    def half(handle, data, offset):
        calls.append(offset)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[:10], offset)

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(OSError, match="No space left"):
        journal.append({"kind": "test", "n": 3})
    assert filled.read_bytes() == before
    monkeypatch.setattr(os, "pwrite", real)
    assert journal.append({"kind": "test", "n": 3})["seq"] == 4
    journal.close()
    assert changes(filled) == [0, 1, 2, 3]


def test_a_journal_that_is_deleted_under_a_server_takes_nothing_more(filled):
    journal = Journal(filled)
    filled.unlink()
    with pytest.raises(RunError, match="deleted or replaced under the running server"):
        journal.append({"kind": "test", "n": 3})
    other = Journal(filled)  # as another server would begin it
    with pytest.raises(RunError, match="deleted or replaced"):
        journal.append({"kind": "test", "n": 3})
    assert (journal.seq, other.seq) == (3, 0)
    journal.close()
    other.close()
