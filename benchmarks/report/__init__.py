"""Tables and pictures of what is stored."""
