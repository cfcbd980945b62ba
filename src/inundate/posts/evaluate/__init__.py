"""Honest evaluation of classifiers of posts: splits without leaks, scores with intervals."""
