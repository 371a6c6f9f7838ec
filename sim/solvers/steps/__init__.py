"""What integrators share: steps, stages, differences, solutions."""
