"""Measured volumes as files hold them, DICOM series, NIfTI, TIFF, PNG: numbers, places and units."""
