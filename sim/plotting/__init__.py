"""Pictures of results. Each function takes `ax=None` and returns the Axes it drew on.

Nothing is shown and no setting of matplotlib outlives a call: save with `ax.figure.savefig(...)`.
"""

from sim.plotting.curves import budget, compare, course, profiles
from sim.plotting.fields import kymograph, map
from sim.plotting.story import story
from sim.plotting.style import colour, style

__all__ = [
    "budget",
    "colour",
    "compare",
    "course",
    "kymograph",
    "map",
    "profiles",
    "story",
    "style",
]
