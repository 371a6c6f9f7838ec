"""Phosphatases: activation by damage, hydrolysis of esters and of pyrophosphate."""

from __future__ import annotations

from sim.kinetics.smooth import saturating


def bell(pH, pK_low, pK_high):
    """Share of enzyme in its active, singly protonated form [-]."""
    return 1.0 / (1.0 + 10.0 ** (pK_low - pH) + 10.0 ** (pH - pK_high))


def pH_factors(pH, pK_alk_low, pK_alk_high, pK_acid_low, pK_acid_high):
    """Relative activities of alkaline (1 at pH 7.4) and acid phosphatase (1 at its optimum)."""
    optimum = 0.5 * (pK_acid_low + pK_acid_high)
    alkaline = bell(pH, pK_alk_low, pK_alk_high) / bell(7.4, pK_alk_low, pK_alk_high)
    acid = bell(pH, pK_acid_low, pK_acid_high) / bell(optimum, pK_acid_low, pK_acid_high)
    return alkaline, acid


def deactivation(phosphatase, viable, baseline, tau_decay):
    """Return of the activity to that of quiet tissue [1/s], which its living cells keep up."""
    return (phosphatase - baseline * max(viable, 0.0)) / tau_decay


def hydrolysis(phosphatase, ester, P, porosity, f_alk, f_acid, V_alk, V_acid, K_m, K_i):
    """Phosphate freed from organic esters [mol m-3 s-1], competitive inhibition by phosphate.

    v = E (V_alk f_alk + V_acid f_acid) S / (K_m (1 + P/K_i) + S) in pore water.
    """
    apparent = K_m * (1.0 + max(P, 0.0) / K_i)
    return porosity * phosphatase * (V_alk * f_alk + V_acid * f_acid) * saturating(ester, apparent)


def pyrophosphate_hydrolysis(
    phosphatase, PPi, P, Ca_free, Mg_free, porosity, f_alk, V_PPi, K_m, K_i, K_Mg, K_Ca
):
    """Pyrophosphate split into two phosphates [mol m-3 s-1].

    Mg is needed (half at K_Mg), Ca protects (Ca-PPi is no substrate: K_Ca), phosphate competes.
    """
    apparent = K_m * (1.0 + max(P, 0.0) / K_i)
    share = saturating(Mg_free, K_Mg) / (1.0 + max(Ca_free, 0.0) / K_Ca)
    return porosity * phosphatase * V_PPi * f_alk * share * saturating(PPi, apparent)
