"""Label posts: those that matter most are asked first, some are asked of two people."""
