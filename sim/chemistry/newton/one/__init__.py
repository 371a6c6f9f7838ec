"""The Newton kernel for one fluid; safe from any start."""
