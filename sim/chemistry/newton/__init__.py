"""Newton's method for the equilibrium of fluids: one fluid, or a block of LANES fluids in rows."""
