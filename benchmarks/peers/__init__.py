"""Sections that measure it against other programs, and what those are given."""
