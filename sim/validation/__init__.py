"""Validation: experiments of the literature as files, run, compared with what was measured, and scored."""

from sim.validation.experiment import Experiment
from sim.validation.fits.experiments_plan import fit
from sim.validation.reading_files import experiments, load_experiment
from sim.validation.robust import Robustness, robustness
from sim.validation.scorecard import Scorecard
from sim.validation.validate import validate
from sim.validation.wanted import Reading, Wanted

__all__ = [
    "Experiment",
    "Reading",
    "Robustness",
    "Scorecard",
    "Wanted",
    "experiments",
    "fit",
    "load_experiment",
    "robustness",
    "validate",
]
