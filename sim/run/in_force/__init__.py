"""What holds in a stretch of a run: parameters, the fluid outside, and what follows courses."""
