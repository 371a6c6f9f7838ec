"""Pictures of one run, or of a few."""
