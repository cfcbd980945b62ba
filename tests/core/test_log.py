"""Loggers belong to the package and bring no handler."""

from inundate.core.log import get_logger


def test_logger_is_below_the_package_and_has_no_handler():
    logger = get_logger("rain.open")
    assert logger.name == "inundate.rain.open"
    assert logger.handlers == []
