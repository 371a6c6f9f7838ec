"""The page itself: widgets of Panel."""
