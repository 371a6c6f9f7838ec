"""Treatments on the command line."""
