"""The Newton iteration of a fluid as straight lines for groups of 8 fluids."""
