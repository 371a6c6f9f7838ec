"""Reactions alone, cell by cell, over a stretch of time: what operator splitting needs."""
