"""hapsim calibrate and hapsim sensitivity."""
