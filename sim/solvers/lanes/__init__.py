"""Runs side by side in the lanes of vector code: the steps of `ndf`, common to all."""
