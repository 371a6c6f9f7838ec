"""Movies of results, written frame by frame."""
