"""Batches: fluids brought to equilibrium with solids and a gas."""
