"""Looking at the present state of a run while it goes on."""
