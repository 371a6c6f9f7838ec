"""The pore water of cells, from transported totals to what kinetics ask for, as vector code."""
