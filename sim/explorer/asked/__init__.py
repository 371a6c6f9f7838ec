"""What can be asked for on the page, and what was: no widgets."""
