"""Runs that go on from a state of another run."""
