"""``python -m inundate``."""

from inundate.cli.app import run

run()
