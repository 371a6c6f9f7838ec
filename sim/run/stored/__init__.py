"""Results as files: NetCDF with checks, and tables as CSV."""
