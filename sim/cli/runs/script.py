"""`hapsim script RESULT.nc`: the Python that made a result."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli import choices
from sim.cli.runs.files import check_script, result_file
from sim.files import write_text


@click.command(short_help="Write the Python that made a result.")
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File of the script; else it is printed.")
@choices.force
@choices.debug
def script(result: Path, out: Path | None, force: bool) -> None:
    """Write the Python that made a result.

    \b
    RESULT is a result.nc of `hapsim run`, or the folder it is in. The script names the scenario and what
    differs from it; what the run went on from comes first. Running it gives the same numbers:
      hapsim script results/infarct_myocardium --out run.py
      python run.py
    """
    from sim.run.result import load as load_result
    from sim.run.script.run_script import script as script_of

    check_script(out, force)
    text = script_of(load_result(result_file(result)))
    if out is None:
        click.echo(text, nl=False)
    else:
        click.echo(write_text(out, text))
