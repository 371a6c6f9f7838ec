"""All scenarios beside what is known of their conditions: onset and place of mineral, right or wrong."""

from sim.atlas.atlas import Atlas, atlas
from sim.atlas.morphology import Morphology, morphology

__all__ = ["Atlas", "Morphology", "atlas", "morphology"]
