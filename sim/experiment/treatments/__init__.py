"""Treatments as data: what each does, at which dose, and what it is known from."""
