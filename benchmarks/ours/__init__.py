"""Sections that measure this package alone."""
