"""Systems of several runs, side by side in the lanes of vector code."""
