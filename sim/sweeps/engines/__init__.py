"""Running points: here, in processes, on a cluster."""
