"""The Newton kernel for LANES fluids at once, in rows."""
