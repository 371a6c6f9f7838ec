"""The width of vectors, and what reductions of exp and log are made with. Nothing here needs the compiler."""

from __future__ import annotations

WIDTH = 8  # numbers of a vector: a register of 512 bits

# Adding 1.5 x 2^52 leaves a number's nearest integer in the low bits of the sum.
SHIFT = 6755399441055744.0
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LOG2_E = 1.4426950408889634
