"""The tasks, one file each; :func:`~inundate.prove.ladder.make_tasks` gives them by name."""
