"""What Ctrl-C says while a world is made."""

from inundate.cli.app import main
from inundate.dataset.world import build


def test_ctrl_c_says_how_it_goes_on(monkeypatch, capsys, tmp_path):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "build_world", stopped)
    code = main(["dataset", "build", "--world", "tiny", "-o", str(tmp_path / "world.zarr")])
    assert code == 130
    assert capsys.readouterr().err == (
        "interrupted; the same command goes on with what is missing\n"
    )
