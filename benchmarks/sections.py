"""The sections: what each measures is in its module, in a function run(quick) that gives plain data."""

from __future__ import annotations

SECTIONS = {
    "startup": "benchmarks.ours.startup",
    "kernels": "benchmarks.ours.kernels",
    "work_precision": "benchmarks.ours.work_precision",
    "scaling": "benchmarks.ours.scaling",
    "peers_speciation": "benchmarks.peers.speciation",
    "peers_reduced": "benchmarks.peers.reduced",
    "sweeps": "benchmarks.ours.sweeps",
}
ON_REQUEST = {
    "main_job": "benchmarks.ours.main_job",
    "pictures": "benchmarks.ours.pictures",
    "live_view": "benchmarks.ours.live_view",
    "movies": "benchmarks.ours.movies",
}  # run only when named: others measure the same in more ways, or what is no part of a run
MODULES = SECTIONS | ON_REQUEST  # in the order of the report
