"""Stained sections of a result, and pictures of stained sections as regions of a scenario."""
