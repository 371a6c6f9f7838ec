"""One calibration over experiments: numbers that all of them share."""
