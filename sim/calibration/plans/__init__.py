"""Calibration files."""
