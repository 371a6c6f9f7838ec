"""Grids, boundaries and the one transport operator that serves them all."""
