"""From a model to compiled code: layout, text, derivatives, cache, system."""
