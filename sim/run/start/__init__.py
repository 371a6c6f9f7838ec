"""What a run starts from: where its places are, and the first state."""
