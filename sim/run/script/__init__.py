"""Runs as Python that makes them again."""
