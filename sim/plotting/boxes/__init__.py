"""A box seen through, or as a body in space."""
