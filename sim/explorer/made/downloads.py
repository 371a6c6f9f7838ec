"""Files of a run to take away: data, script and scenario, as bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sim.experiment.saving import scenario_text
from sim.experiment.scenario import Scenario
from sim.files import safe_name
from sim.run.result import Result
from sim.run.script.run_script import script


def data(result: Result) -> bytes:
    """The NetCDF file, as result.save writes it."""
    with tempfile.TemporaryDirectory() as folder:
        return result.save(Path(folder) / "result.nc").read_bytes()


def script_text(result: Result) -> str:
    """The Python that made the result, as `hapsim script` prints it."""
    return script(result)


def scenario_file(scenario: Scenario) -> str:
    """The scenario as a file, which `hapsim run FILE.toml` runs."""
    return scenario_text(scenario)


def file_name(scenario: Scenario, number: int, ending: str) -> str:
    """ "infarct_myocardium-run2.nc": scenario and number of the run on this page."""
    return f"{safe_name(scenario.name)}-run{number}{ending}"
