"""`hapsim validate`."""
