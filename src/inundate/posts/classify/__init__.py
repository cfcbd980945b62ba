"""Classifiers of posts: from the majority to networks, each by its name in ``zoo``."""
