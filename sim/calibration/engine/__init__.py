"""How the runs of a fit are made: here or in processes, each once, counted, stored and reported."""
