"""Pictures of results. Each function takes `ax=None` and returns the Axes it drew on; `maps`,
`slices`, `story` and `atlas` make a Figure.

Nothing is shown and no setting of matplotlib outlives a call: save with `ax.figure.savefig(...)`.
"""

from sim.plotting.curves import budget, compare, course, profiles
from sim.plotting.fields import kymograph, map
from sim.plotting.projections import projected, projection
from sim.plotting.sections import maps, slice, slices
from sim.plotting.story import atlas, story
from sim.plotting.style import colour, style
from sim.plotting.surface import isosurface

__all__ = [
    "atlas",
    "budget",
    "colour",
    "compare",
    "course",
    "isosurface",
    "kymograph",
    "map",
    "maps",
    "profiles",
    "projected",
    "projection",
    "slice",
    "slices",
    "story",
    "style",
]
