"""Pictures as files of other programs: DICOM series, NIfTI volumes, TIFF."""
