"""Loggers of the package; handlers are set by the command line only."""

import logging

__all__ = ["get_logger"]


def get_logger(name: str) -> logging.Logger:
    """Give the logger ``inundate.<name>``, with no handler of its own."""
    return logging.getLogger(f"inundate.{name}")
