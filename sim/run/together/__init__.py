"""Runs of few cells solved side by side."""
