"""Sensitivity of measures to parameters: Sobol' indices and Morris' effects of a sweep, local derivatives."""

from sim.sensitivity.derivatives import LocalSensitivities, local
from sim.sensitivity.elementary import MorrisEffects, morris
from sim.sensitivity.variance import SobolIndices, sobol_indices

__all__ = ["LocalSensitivities", "MorrisEffects", "SobolIndices", "local", "morris", "sobol_indices"]
