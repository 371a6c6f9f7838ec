"""A run in numbers: what `hapsim run` and the explorer say of it."""
