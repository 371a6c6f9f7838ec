"""Pictures of sim.imaging as a reader of CT and radiographs sees them."""
