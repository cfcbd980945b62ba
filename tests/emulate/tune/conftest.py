import pytest

from inundate.emulate.tune.study import tune

from .small_study import SETUP, SPACE, STUDY


@pytest.fixture(scope="session")
def whole(flood_data, tmp_path_factory):
    """A study that nobody interrupted: its folder and its report; nobody writes into it."""
    folder = tmp_path_factory.mktemp("tune") / "whole"
    report = tune(flood_data, folder, setup=SETUP, settings=STUDY, space=SPACE, progress=False)
    return folder, report
