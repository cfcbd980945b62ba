"""Pseudonymise stores of posts: keys, tokens, scrubbed texts, coarse times and places."""
