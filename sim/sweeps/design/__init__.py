"""Axes and designs of points."""
