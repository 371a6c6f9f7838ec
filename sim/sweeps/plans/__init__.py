"""Sweep files."""
