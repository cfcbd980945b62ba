"""What ``inundate predict`` refuses before it spends time, and that nothing is lost by it."""

import pytest

from inundate.cli.app import main


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Predict in an empty folder with a rain and a terrain that would not open."""
    monkeypatch.chdir(tmp_path)
    for name in ("dem.tif", "n.tif", "storm.nc"):
        (tmp_path / name).write_text("untouched")

    def call(*flags):
        code = main(["predict", "--rain", "storm.nc", "--terrain", "dem.tif", *flags])
        return code, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    ("output", "flags"),
    [("dem.tif", ()), ("storm.nc", ()), ("n.tif", ("--roughness", "n.tif"))],
)
def test_an_input_is_not_overwritten(run, tmp_path, output, flags):
    code, text = run("-o", output, "--overwrite", *flags)
    assert code == 6
    assert text == (
        f"error: writing {output}: it is or holds the input {output}, which would be lost\n"
        "  hint: give another -o\n"
    )
    assert (tmp_path / output).read_text() == "untouched"


def test_a_run_is_not_overwritten(run, tmp_path):
    (tmp_path / "run.zarr").mkdir()
    code = main(["predict", "run.zarr", "--rain", "storm.nc", "--terrain", "dem.tif",
                 "-o", "run.zarr", "--overwrite"])  # fmt: skip
    assert code == 6
    assert (tmp_path / "run.zarr").is_dir()


@pytest.mark.parametrize(
    ("kind", "flag", "reader"),
    [
        ("none", "--loss-mm-h", "constant"),
        ("green_ampt", "--loss-mm-h", "constant"),
        ("constant", "--suction-mm", "green_ampt"),
    ],
)
def test_soil_that_is_not_read(run, kind, flag, reader):
    # 5.0 is the default rate: it is refused all the same
    code, text = run("-o", "depth.zarr", "--infiltration", kind, flag, "5")
    assert code == 2
    assert text.startswith(
        f"error: {flag} given with --infiltration {kind}, which does not read it; "
        f"expected --infiltration {reader}\n"
    )


@pytest.mark.parametrize("minutes", ["inf", "1e9", "nan"])
def test_a_run_on_without_end(run, minutes):
    code, text = run("-o", "depth.zarr", "--run-on-min", minutes)
    assert code == 2
    assert f"--run-on-min '{minutes}': Input should be less than or equal to 527040" in text
