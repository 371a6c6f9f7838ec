"""Pictures of a run while it goes on."""
