"""Calibration: fit parameters of a scenario to measured numbers, and say what the fit is worth."""

from sim.calibration.data import Data, Datum
from sim.calibration.data_file import read, shipped
from sim.calibration.engine.fit_progress import FitState
from sim.calibration.engine.outcomes import RunFailed
from sim.calibration.fitting import calibrate, fit
from sim.calibration.free import Free
from sim.calibration.outcome import Calibration
from sim.calibration.profiles import Profile

__all__ = [
    "Calibration",
    "Data",
    "Datum",
    "FitState",
    "Free",
    "Profile",
    "RunFailed",
    "calibrate",
    "fit",
    "read",
    "shipped",
]
