"""Linear algebra inside cells and along lines of them, written out as straight lines."""
