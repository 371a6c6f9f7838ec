"""Timings. Nothing here is a test: a test never depends on the clock."""
