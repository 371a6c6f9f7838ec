"""Aqueous chemistry: speciation, saturation, and equilibrium with one solid."""
