"""The width of a vector."""

WIDTH = 8  # numbers, of cells or of fluids: a register of 512 bits
