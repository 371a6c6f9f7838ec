"""Fluids with phases beside them: solids that form or dissolve, a gas of fixed pressure."""
