"""hapsim sweep and its commands."""
