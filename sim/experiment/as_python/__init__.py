"""Scenarios as Python that makes them again."""
