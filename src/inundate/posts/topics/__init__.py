"""What posts are about and when: topics, volume and classes over time, without quoting a post."""
