"""Constants of nature; SI throughout.

Source: CODATA 2018 (Tiesinga et al., Rev. Mod. Phys. 93, 025010, 2021); N_A, k_B and the elementary
charge are exact since the 2019 revision of the SI, and R = N_A k_B, F = N_A e follow.
"""

from __future__ import annotations

N_A = 6.02214076e23  # 1/mol
k_B = 1.380649e-23  # J/K
R = N_A * k_B  # J/mol/K
F = N_A * 1.602176634e-19  # C/mol

ZERO_CELSIUS = 273.15  # K
