"""Formulas as one graph of expressions: read, folded, differentiated, evaluated, and written out as code."""
