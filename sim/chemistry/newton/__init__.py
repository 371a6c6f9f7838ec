"""Newton's method for the equilibrium of fluids: one by one, or in groups as vector code."""
