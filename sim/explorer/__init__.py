"""The explorer: a page in the browser to choose, run and compare scenarios (sim.explore, hapsim explore)."""
