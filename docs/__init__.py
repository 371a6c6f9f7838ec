"""The documentation: pages, and `building`, which makes a site of them. `python -m docs` builds it."""
