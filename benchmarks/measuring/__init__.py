"""Clocks, limits, the machine, and cost at equal error."""
