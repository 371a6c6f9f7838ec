"""Vectors of cells: blocks, rows, elementary functions, threads."""
