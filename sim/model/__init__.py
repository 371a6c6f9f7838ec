"""Species, derived quantities and processes; a model; the compiled system made from it."""
