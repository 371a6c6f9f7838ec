"""Pictures of results and of sweeps. Each function takes `ax=None` and returns the Axes it drew on; `maps`,
`strip`, `difference`, `cuts`, `story`, `atlas`, `fit` and `resonance` make a Figure, `movie` a file.

Nothing is shown and no setting of matplotlib outlives a call: save with `ax.figure.savefig(...)`.
"""

from sim.plotting.boxes.projections import projected, projection
from sim.plotting.boxes.scene import scene
from sim.plotting.boxes.surface import isosurface
from sim.plotting.canvas import style
from sim.plotting.colours import colour
from sim.plotting.fits.data_and_fit import fitted, residuals
from sim.plotting.fits.profile_curves import correlation, profile
from sim.plotting.fits.sensitivity_panels import elasticities
from sim.plotting.fits.whole_fit import fit
from sim.plotting.imaging.scans import scan
from sim.plotting.live.live import live
from sim.plotting.movies.movie import movie
from sim.plotting.runs.budget import budget
from sim.plotting.runs.compare import compare
from sim.plotting.runs.curves import course, profiles
from sim.plotting.runs.fields import kymograph, plane
from sim.plotting.runs.sections import cut, cuts, maps
from sim.plotting.runs.story import atlas, story
from sim.plotting.scheme import scheme
from sim.plotting.series.difference import difference
from sim.plotting.series.strip import strip
from sim.plotting.states.crystal_sizes import crystal_sizes
from sim.plotting.states.phase_path import phase_path
from sim.plotting.sweeps.indices import indices
from sim.plotting.sweeps.parallel import parallel
from sim.plotting.sweeps.phase_diagram import phase_diagram
from sim.plotting.sweeps.scatter import scatter
from sim.plotting.sweeps.survival import survival
from sim.plotting.sweeps.tornado import tornado
from sim.plotting.tissue.resonance import resonance
from sim.plotting.tissue.slide import slide

__all__ = [
    "atlas",
    "budget",
    "colour",
    "compare",
    "course",
    "correlation",
    "crystal_sizes",
    "cut",
    "cuts",
    "difference",
    "elasticities",
    "fit",
    "fitted",
    "indices",
    "isosurface",
    "live",
    "kymograph",
    "maps",
    "movie",
    "parallel",
    "phase_diagram",
    "phase_path",
    "plane",
    "profile",
    "profiles",
    "projected",
    "projection",
    "residuals",
    "resonance",
    "scan",
    "scatter",
    "scene",
    "scheme",
    "slide",
    "story",
    "strip",
    "style",
    "survival",
    "tornado",
]
