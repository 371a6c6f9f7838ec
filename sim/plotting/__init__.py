"""Pictures of results and of sweeps. Each function takes `ax=None` and returns the Axes it drew on; `maps`,
`slices`, `story` and `atlas` make a Figure.

Nothing is shown and no setting of matplotlib outlives a call: save with `ax.figure.savefig(...)`.
"""

from sim.plotting.curves import budget, compare, course, profiles
from sim.plotting.fields import kymograph, map
from sim.plotting.indices import indices
from sim.plotting.phase_diagram import phase_diagram
from sim.plotting.projections import projected, projection
from sim.plotting.sections import maps, slice, slices
from sim.plotting.story import atlas, story
from sim.plotting.style import colour, style
from sim.plotting.surface import isosurface
from sim.plotting.surveys import parallel, scatter
from sim.plotting.survival import survival
from sim.plotting.tornado import tornado

__all__ = [
    "atlas",
    "budget",
    "colour",
    "compare",
    "course",
    "indices",
    "isosurface",
    "kymograph",
    "map",
    "maps",
    "parallel",
    "phase_diagram",
    "profiles",
    "projected",
    "projection",
    "scatter",
    "slice",
    "slices",
    "story",
    "style",
    "survival",
    "tornado",
]
