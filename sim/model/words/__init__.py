"""Names in words: those that are taken, what each means, and tables of what a model holds."""
