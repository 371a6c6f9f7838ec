"""What identifies a run: one definition, hashed into manifests of results and into stores of sweeps."""
