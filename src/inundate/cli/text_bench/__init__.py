"""Parts of ``inundate benchmark text``."""
