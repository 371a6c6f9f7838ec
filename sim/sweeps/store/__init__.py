"""The append-only store of a sweep."""
