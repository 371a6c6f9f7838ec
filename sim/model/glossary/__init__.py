"""Every name with what it means, as a table and as a page."""
