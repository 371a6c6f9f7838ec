"""What identifies a job and its points."""
