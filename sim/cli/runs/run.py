"""`hapsim run NAME`: run a scenario, or go on with a run; write its data, numbers and pictures."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import choices, exit_codes
from sim.cli.outputs import made_folder
from sim.cli.runs.files import RESULT, check_script, folder_for, keep_former, result_file, write_files
from sim.cli.runs.while_running import shown_while_running
from sim.cli.stopping import terminable
from sim.cli.tables import name_list
from sim.errors import ConfigError
from sim.files import safe_name, write_text
from sim.texts import DAY, size_text, typed_time

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.run.result import Result

EXIT = {
    "finished": exit_codes.DONE, "failed": exit_codes.FAILED, "interrupted": exit_codes.INTERRUPTED,
}  # fmt: skip
MANY_CELLS = 3000


def _solvers() -> str:
    from sim.solvers import DEFAULT, SOLVERS

    names = sorted(SOLVERS, key=lambda name: name != DEFAULT)
    return f"Integrator: {choices.word_list(names)}.  [default: {DEFAULT}]"


def _rtol() -> str:
    from sim.identity.settings import RTOL

    return f"Relative tolerance.  [default: {RTOL:g}; that of the run before with --continue]"


@click.command(short_help="Run a scenario; write data, numbers and a picture.", epilog=exit_codes.OF_A_RUN)
@click.argument("name", required=False)
@choices.changes
@choices.treatments
@click.option("--days", type=float, help="When the run ends, in days; the same as --set duration='7 day'.")
@click.option("--until", metavar="TIME", help="When the run ends, as '60 day'.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the files; else results/NAME.")
@click.option(
    "--continue",
    "before",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Go on from DIR/result.nc in place of a NAME. The result of both is written to DIR, where the files "
    "that were there are kept with a number, or to --out.",
)
@click.option(
    "--at", metavar="TIME", help="With --continue: from this output, as '10 day'; else from the end."
)
@click.option("--solver", cls=choices.LateHelp, words=_solvers)
@click.option("--rtol", type=float, cls=choices.LateHelp, words=_rtol)
@click.option(
    "--resolution",
    type=float,
    help="Factor on the cells per layer.",
)
@click.option("--outputs", metavar="N|TIMES", help="How many outputs, or when: 40, or '1 day,7 day'.")
@click.option(
    "--variables",
    metavar="NAMES",
    help="Variables to write to result.nc, as HAP,pH; else all. The run holds these and what its summary "
    "and pictures read.",
)
@click.option("--no-figure", is_flag=True, help="Leave the pictures out.")
@click.option(
    "--watch", is_flag=True, help="Show the tissue in the terminal while it runs: profiles of calcium and pH."
)
@click.option("--script", type=click.Path(path_type=Path), help="File for the Python that makes the result.")
@choices.force
@choices.quiet
@choices.debug
def run(
    name: str | None,
    changes: tuple[str, ...],
    treatments: tuple[str, ...],
    days: float | None,
    until: str | None,
    out: Path | None,
    before: Path | None,
    at: str | None,
    solver: str | None,
    rtol: float | None,
    resolution: float | None,
    outputs: str | None,
    variables: str | None,
    no_figure: bool,
    watch: bool,
    script: Path | None,
    force: bool,
    quiet: bool,
) -> int:
    """Run a scenario; write its data, its numbers and a picture.

    NAME is one of `hapsim scenarios`, or the path of a scenario file (my.toml). Ctrl-C keeps what was
    computed until then, and --continue goes on from there.

    \b
    Examples:
      hapsim run infarct_myocardium
      hapsim run infarct_myocardium --days 7 --set lesion.radius='2 mm'
      hapsim run infarct_myocardium --set geometry=rectangle --resolution 0.2
      hapsim run infarct_myocardium --treat etidronate@3day..10day:2uM
      hapsim run my.toml
      hapsim run --continue results/infarct_myocardium --days 60
      hapsim run --continue results/infarct_myocardium --until '60 day' --set plasma.PPi='5 uM' --out treated
    """
    from sim.run.asked.output_times import output_count
    from sim.run.simulate import simulate
    from sim.summary.summary_lines import as_json, summary_lines

    check_script(script, force)
    if days is not None and until is not None:
        raise ConfigError("the end is given twice, by --days and by --until; leave one out.")
    end = until if days is None else f"{days!r} day"
    start = _start(name, before, at, resolution)
    if start is None:
        _, scenario = choices.chosen(str(name), changes, treatments, duration=end, resolution=resolution)
        folder = folder_for(out or Path("results") / safe_name(Path(str(name)).stem), force, out is not None)
    else:
        scenario = choices.with_changes(start.scenario, changes, treatments, duration=end)
        _check_end(start, scenario, at)
        folder = _own_folder(before) if out is None else folder_for(out, force, chosen=True)
    settings = _settings(start, solver, rtol)
    times, kept = _outputs(outputs), choices.names_in(variables)
    held = None if kept is None else _held(scenario, kept, pictures=not no_figure)
    with made_folder(folder):
        _prepare(scenario, settings["solver"], output_count(scenario, times), quiet, folder, kept, held)
        began = 0.0 if start is None else float(start.manifest["t_end"])
        report, looks = shown_while_running(scenario, quiet, watch, began if at is None else 0.0)
        with terminable() as terminated:
            result = simulate(
                scenario, times=times, progress=report, variables=held, start=start, at=at, watch=looks,
                **settings,
            )  # fmt: skip
    shown = whole = result if start is None else result.joined(start)
    if start is not None and not {*result.dataset.data_vars} <= {*whole.dataset.data_vars}:
        shown = result  # what is read for them was not kept before
    rows = summary_lines(shown)
    former = keep_former(folder) if start is not None and out is None else []
    saved = whole if kept is None else whole.only([n for n in kept if n in whole.dataset])
    summary = as_json(shown, rows) | {"set": list(changes), "treated": list(treatments)}
    written = write_files(saved, shown, summary, folder, picture=not no_figure)
    if script is not None:
        from sim.run.script.run_script import script as script_of

        write_text(script, script_of(whole))
    if quiet:
        click.echo(folder)
    else:
        click.echo(f"{scenario.name}: {scenario.title}")
        click.echo(name_list([(row.label, row.text) for row in rows]))
        click.echo(f"  files in {folder}: {', '.join(written)}")
        if former:
            click.echo(f"  files of the run before: {', '.join(former)}")
    if not result.success:
        click.echo(f"{result.status}: {result.message}", err=True)
    return exit_codes.TERMINATED if terminated else EXIT[result.status]


def _start(name: str | None, before: Path | None, at: str | None, resolution: float | None) -> Result | None:
    """The result to go on from; None for a run of a scenario."""
    from sim.run.result import load as load_result

    if (name is None) == (before is None):
        raise ConfigError(
            "give the NAME of a scenario, or --continue DIR, whose scenario goes on."
            if name is None
            else "a run of --continue DIR has the scenario of that run; leave NAME out; --set changes it."
        )
    if before is None:
        if at is not None:
            raise ConfigError("--at chooses an output of --continue DIR, which is not given.")
        return None
    if resolution is not None:
        raise ConfigError("a run goes on with its own cells; leave --resolution out.")
    return load_result(result_file(before))


def _own_folder(before: Path | None) -> Path:
    """The folder of the run that goes on."""
    file = result_file(before or Path())
    if file.name != RESULT:
        raise ConfigError(f"{file} is no {RESULT} of a folder; say with --out where to write.")
    return file.parent


def _check_end(start: Result, scenario: Scenario, at: str | None) -> None:
    """Refuse to go on with what has reached its end."""
    reached = float(start.manifest["t_end"])
    if at is None and scenario.duration <= reached:
        raise ConfigError(
            f"the run has reached {typed_time(reached)}; say until when it is to go on, counted from "
            f"its first start: --days {2 * reached / DAY:g}, or --until '{2 * reached / DAY:g} day'."
        )


def _settings(start: Result | None, solver: str | None, rtol: float | None) -> dict[str, Any]:
    """Solver and tolerances: as asked for, else those of the run that goes on."""
    from sim.identity.settings import ATOL, RTOL
    from sim.solvers import DEFAULT

    m = {"solver": DEFAULT, "rtol": RTOL, "atol": ATOL} if start is None else start.manifest
    return {"solver": solver or m["solver"], "rtol": m["rtol"] if rtol is None else rtol, "atol": m["atol"]}


def _outputs(text: str | None) -> int | list[str] | None:
    """How many outputs, or at which times; None leaves it to the run."""
    found = choices.names_in(text)
    if found is None:
        return None
    return int(found[0]) if len(found) == 1 and found[0].isdigit() else found


def _held(scenario: Scenario, kept: list[str], pictures: bool) -> list[str]:
    """What the run has to hold: the variables asked for, and those that summary and pictures read."""
    from sim.plotting.runs import story
    from sim.run.simulate import variables_to_keep
    from sim.summary.summary_lines import READ

    read = [*READ, *(s.name for s in scenario.model.solids)]
    return variables_to_keep(scenario, kept, read + pictures * list(story.variables_read(scenario.model)))


def _prepare(
    scenario: Scenario,
    solver: str,
    outputs: int,
    quiet: bool,
    folder: Path,
    kept: list[str] | None,
    held: list[str] | None,
) -> None:
    """Compile before the clock and the bar start, and say so when it takes long.

    kept, held: variables that go into result.nc, and that the run holds; all when None
    """
    from sim.run import memory
    from sim.run.segments import Builder

    forecast = memory.admitted(scenario, solver, outputs, kept=None if held is None else len(held))
    file = memory.file_size(scenario, outputs, kept=None if kept is None else len(kept))
    if forecast.cells > MANY_CELLS and not quiet:
        click.echo(
            f"note: {forecast.cells} cells will take a while, some {size_text(forecast.peak)} of memory for "
            f"the run, and up to {size_text(file)} on the disk; --resolution 0.2 has fewer, and --variables "
            "and --outputs make the file smaller.",
            err=True,
        )
    free = shutil.disk_usage(folder).free
    if file > free:
        click.echo(
            f"warning: result.nc may take up to {size_text(file)}, and {size_text(free)} are free where "
            f"{folder} is. --variables and --outputs make it smaller.",
            err=True,
        )
    note = "preparing the model; each new version of it compiles once, up to a minute ..."
    timer = threading.Timer(1.5, click.echo, (note,), {"err": True})
    if not quiet:
        timer.start()
    try:
        builder = Builder(scenario)
        system = next(builder.segments()).system
        system.slopes(0.0, builder.initial(system))
    finally:
        timer.cancel()
