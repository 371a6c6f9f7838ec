"""Measured volumes as files hold them: DICOM series, NIfTI, stacks of TIFF, PNG; numbers, places and units."""
