"""What slows mineral down: pyrophosphate, magnesium, serum proteins."""

from __future__ import annotations


def inhibition(PPi, Mg_free, inhibitor, K_PPi, K_Mg, Mg_reference, K_protein):
    """Factor on nucleation and growth [0-1]: Langmuir coverage by all inhibitors together.

    1 / (1 + K_PPi [PPi] + K_Mg ([Mg] - Mg_ref) + K_protein x (protein level, interstitial fluid = 1)).
    """
    covered = K_PPi * max(PPi, 0.0) + K_protein * inhibitor
    covered += K_Mg * max(Mg_free - Mg_reference, 0.0)
    return 1.0 / (1.0 + covered)
