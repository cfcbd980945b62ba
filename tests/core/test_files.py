"""Outputs are whole or absent, whatever happens while they are written."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inundate.core import files
from inundate.core.errors import MissingFileError, RunError
from inundate.core.files import atomic_file, atomic_folder, check_input, check_output, write_text


class Interrupted(Exception):
    """Stands for whatever goes wrong in the middle."""


def names(folder):
    return sorted(p.name for p in Path(folder).iterdir())


def fill(target, contents, stop_after=None):
    with atomic_folder(target) as folder:
        for number, (name, data) in enumerate(contents.items()):
            if number == stop_after:
                raise Interrupted
            (folder / name).write_bytes(data)


@given(
    old=st.none() | st.binary(max_size=50),
    parts=st.lists(st.binary(max_size=50), max_size=4),
    stop_after=st.none() | st.integers(0, 4),
)
def test_a_file_is_the_new_one_or_the_old_one(tmp_path_factory, old, parts, stop_after):
    target = tmp_path_factory.mktemp("atomic") / "a.nc"
    if old is not None:
        target.write_bytes(old)
    failed = False
    try:
        with atomic_file(target) as temporary:
            temporary.touch()
            for number, part in enumerate(parts):
                if number == stop_after:
                    raise Interrupted
                with temporary.open("ab") as stream:
                    stream.write(part)
                assert not target.exists() if old is None else target.read_bytes() == old
    except Interrupted:
        failed = True
    expected = old if failed else b"".join(parts)
    assert (target.read_bytes() if target.exists() else None) == expected
    assert names(target.parent) == ([] if expected is None else ["a.nc"])


@given(
    contents=st.dictionaries(st.sampled_from("abcd"), st.binary(max_size=20), max_size=4),
    old=st.none() | st.binary(max_size=20),
    stop_after=st.none() | st.integers(0, 3),
)
def test_a_folder_is_the_new_one_or_the_old_one(tmp_path_factory, contents, old, stop_after):
    target = tmp_path_factory.mktemp("atomic") / "a.zarr"
    if old is not None:
        fill(target, {"old": old})
    try:
        fill(target, contents, stop_after)
    except Interrupted:
        expected = None if old is None else {"old": old}
    else:
        expected = contents
    found = {p.name: p.read_bytes() for p in target.iterdir()} if target.exists() else None
    assert found == expected
    assert names(target.parent) == ([] if expected is None else ["a.zarr"])


def test_the_temporary_name_keeps_the_suffix_and_the_folder(tmp_path):
    with atomic_file(tmp_path / "depth.tif") as temporary:
        assert temporary.suffix == ".tif"
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".depth.part-")
        temporary.touch()


def test_two_writers_do_not_share_a_temporary_name(tmp_path):
    with atomic_file(tmp_path / "a.txt") as first, atomic_file(tmp_path / "a.txt") as second:
        assert first != second
        first.write_text("1")
        second.write_text("2")
    assert (tmp_path / "a.txt").read_text() == "1"


def test_a_folder_written_under_a_file_name_replaces_the_file(tmp_path):
    (tmp_path / "a.zarr").write_text("not a folder")
    fill(tmp_path / "a.zarr", {"x": b"1"})
    assert names(tmp_path / "a.zarr") == ["x"]
    assert names(tmp_path) == ["a.zarr"]


def test_a_writer_may_make_a_folder_where_a_file_was_promised(tmp_path):
    with atomic_file(tmp_path / "a.zarr") as temporary:
        temporary.mkdir()
    assert (tmp_path / "a.zarr").is_dir()


def test_a_failed_swap_puts_the_old_folder_back(tmp_path, monkeypatch):
    target = tmp_path / "a.zarr"
    fill(target, {"old": b"1"})
    rename = Path.rename

    def refuse(self, goal):
        if ".part-" in self.name and (self / "new").exists():
            raise OSError(errno.EIO, "input/output error")
        return rename(self, goal)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="input/output error"):
        fill(target, {"new": b"2"})
    assert names(target) == ["old"]
    assert names(tmp_path) == ["a.zarr"]


@pytest.mark.parametrize("manager", [atomic_file, atomic_folder])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk(tmp_path, manager, number):
    with pytest.raises(RunError) as caught, manager(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"writing {tmp_path / 'a'}: the disk is full; nothing was written"
    assert caught.value.hint == "free some space or give another -o"
    assert names(tmp_path) == []


def test_a_file_larger_than_is_allowed(tmp_path):
    with pytest.raises(RunError) as caught, atomic_file(tmp_path / "a"):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    assert str(caught.value) == (
        f"writing {tmp_path / 'a'}: a file would be larger than is allowed here; "
        "nothing was written"
    )
    assert caught.value.hint == "raise the limit (ulimit -f) or give another -o"


def test_a_part_of_a_larger_output_tells_of_the_whole(tmp_path):
    with (
        pytest.raises(RunError, match=f"^writing {tmp_path / 'a.zarr'}: the disk is full"),
        atomic_folder(tmp_path / "a.zarr") as folder,
        atomic_file(folder / "b"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_a_thread_that_writes_on_after_a_fault_leaves_nothing(tmp_path, monkeypatch):
    waits = []

    def write(seconds):
        """What a thread does while the one that met the fault waits."""
        waits.append(seconds)
        if len(waits) < 6:
            (folder / "c").mkdir(parents=True, exist_ok=True)
            (folder / "c" / "0").touch()

    monkeypatch.setattr(files.time, "sleep", write)
    with pytest.raises(RunError, match="the disk is full"), atomic_folder(tmp_path / "a") as folder:
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []
    assert len(waits) > 6


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_no_permission(tmp_path, number):
    target = tmp_path / "a"
    with pytest.raises(RunError, match=f"^writing {target}: no permission"), atomic_file(target):
        raise OSError(number, os.strerror(number))


def test_other_system_errors_are_not_disguised(tmp_path):
    with pytest.raises(OSError, match="broken") as caught, atomic_file(tmp_path / "a"):
        raise OSError(errno.EIO, "broken")
    assert not isinstance(caught.value, RunError)


def test_check_input_gives_what_exists(tmp_path):
    assert check_input(str(tmp_path)) == tmp_path


def test_check_input_says_where_it_looked_and_names_the_nearest(tmp_path):
    (tmp_path / "storm.nc").touch()
    with pytest.raises(MissingFileError) as caught:
        check_input(tmp_path / "strom.nc", what="reading rain")
    assert str(caught.value) == (
        f"reading rain {tmp_path / 'strom.nc'}: no such file or folder (looked in {tmp_path})"
    )
    assert caught.value.hint == f"did you mean {tmp_path / 'storm.nc'}?"


def test_check_input_with_nothing_near(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        check_input(tmp_path / "a.nc")
    assert caught.value.hint is None
    with pytest.raises(MissingFileError) as caught:
        check_input(tmp_path / "no" / "a.nc")
    assert caught.value.hint == f"the folder {tmp_path / 'no'} does not exist either"


def test_check_output_makes_the_folder(tmp_path):
    found = check_output(tmp_path / "new" / "a.nc")
    assert found == tmp_path / "new" / "a.nc"
    assert found.parent.is_dir()
    assert not found.exists()


def test_check_output_does_not_replace_unasked(tmp_path):
    target = tmp_path / "a.nc"
    target.touch()
    assert check_output(target, overwrite=True) == target
    with pytest.raises(RunError, match=f"^writing {target}: it exists already$") as caught:
        check_output(target)
    assert "--overwrite" in caught.value.hint


def test_check_output_below_a_file(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(RunError, match=r"the folder .* cannot be made \("):
        check_output(tmp_path / "a" / "b.nc")


def test_write_text(tmp_path):
    assert write_text(tmp_path / "a.txt", "Höhe") == tmp_path / "a.txt"
    assert (tmp_path / "a.txt").read_bytes() == "Höhe".encode()


def test_a_file_that_was_promised_and_not_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "a"):
        pass
    assert names(tmp_path) == []


def test_public_names_exist():
    assert all(hasattr(files, name) for name in files.__all__)


def test_check_output_in_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    def refuse(path, exist_ok=True):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(
        RunError, match=r"no permission to write into .*Permission denied"
    ) as caught:
        check_output(tmp_path / "a.nc")
    assert caught.value.hint == "give another -o"


def test_check_output_leaves_nothing_behind(tmp_path):
    check_output(tmp_path / "a.nc")
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc on this system")
def test_check_output_where_even_root_cannot_write():
    with pytest.raises(RunError, match="writing /proc/x.zarr"):
        check_output("/proc/x.zarr")


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    with (
        pytest.raises(RunError, match="it is a folder, expected a file"),
        atomic_file(tmp_path / "a.zarr"),
    ):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "a.zarr"]
