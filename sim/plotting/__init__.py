"""Pictures of results and of sweeps. Each function takes `ax=None` and returns the Axes it drew on; `maps`,
`slices`, `story` and `atlas` make a Figure.

Nothing is shown and no setting of matplotlib outlives a call: save with `ax.figure.savefig(...)`.
"""

from sim.plotting.runs.curves import budget, compare, course, profiles
from sim.plotting.runs.fields import kymograph, map
from sim.plotting.runs.projections import projected, projection
from sim.plotting.runs.sections import maps, slice, slices
from sim.plotting.runs.story import atlas, story
from sim.plotting.runs.surface import isosurface
from sim.plotting.style import colour, style
from sim.plotting.sweeps.indices import indices
from sim.plotting.sweeps.phase_diagram import phase_diagram
from sim.plotting.sweeps.surveys import parallel, scatter
from sim.plotting.sweeps.survival import survival
from sim.plotting.sweeps.tornado import tornado

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
