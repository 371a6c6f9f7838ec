"""How the site is made: pages copied and written from data (`source_tree`), then Sphinx (`docs/conf.py`)."""
