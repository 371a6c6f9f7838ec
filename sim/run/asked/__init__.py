"""What a run is asked for beside its numbers: when it has outputs, and how it reports."""
