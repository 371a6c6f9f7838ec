"""Numbers of a run that change with time: what they are at a time, and when they turn."""
