"""Rows of maps: over time, and of several runs."""
