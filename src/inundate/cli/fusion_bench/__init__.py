"""The benchmarks ``fusion`` and ``context``: posts and depth together, the truth being known."""
