"""Tissue beside other fluids than plasma: air, which takes carbon dioxide away, and urine."""

from __future__ import annotations


def carbon_dioxide_loss(C, pH, porosity, ventilation, pCO2, solubility, pK):
    """Carbon dioxide lost to air [mol m-3 s-1]: ventilation x (CO2 in pore water - solubility x pCO2).

    CO2 is C/(1 + 10^(pH - pK)), Henderson and Hasselbalch's, with the apparent pK of all carbonate that is
    dissolved. ventilation: exchange with air [1/s];
    pCO2 [Pa]; solubility [mol m-3 Pa-1].
    """
    dissolved = C / (1.0 + 10.0 ** (pH - pK))
    return ventilation * porosity * (dissolved - solubility * pCO2)


def renewal(inside, outside, porosity, flow):
    """What a fluid that flows through brings, less what it takes [mol m-3 s-1]; flow: exchanges per time."""
    return flow * porosity * (outside - inside)
