"""`hapsim run NAME`: run a scenario; write result.nc, summary.json, story.png and, of a plane, maps.png."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import choices, exit_codes
from sim.cli.outputs import json_text, made_folder, windowless_pyplot, write_picture
from sim.cli.stopping import terminable
from sim.errors import ConfigError
from sim.files import safe_name, write_text
from sim.texts import duration_text, size_text

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.run.result import Result

FILES = ("result.nc", "summary.json", "story.png", "maps.png")
EXIT = {
    "finished": exit_codes.DONE, "failed": exit_codes.FAILED, "interrupted": exit_codes.INTERRUPTED,
}  # fmt: skip
MANY_CELLS = 3000


def _solvers() -> str:
    from sim.solvers import DEFAULT, SOLVERS

    names = sorted(SOLVERS, key=lambda name: name != DEFAULT)
    return f"Integrator: {choices.word_list(names)}.  [default: {DEFAULT}]"


@click.command(short_help="Run a scenario; write data, numbers and a picture.", epilog=exit_codes.OF_A_RUN)
@click.argument("name")
@choices.changes
@click.option("--days", type=float, help="Duration in days; the same as --set duration='7 day'.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the files; else results/NAME.")
@click.option("--solver", cls=choices.LateHelp, words=_solvers)
@click.option("--rtol", type=float, default=1e-5, show_default=True, help="Relative tolerance.")
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
@choices.force
@choices.quiet
@choices.debug
def run(
    name: str,
    changes: tuple[str, ...],
    days: float | None,
    out: Path | None,
    solver: str | None,
    rtol: float,
    resolution: float | None,
    outputs: str | None,
    variables: str | None,
    no_figure: bool,
    force: bool,
    quiet: bool,
) -> int:
    """Run a scenario; write its data, its numbers and a picture.

    NAME is one of `hapsim scenarios`, or the path of a scenario file (my.toml). Ctrl-C keeps what was
    computed until then.

    \b
    Examples:
      hapsim run infarct_myocardium
      hapsim run infarct_myocardium --days 7 --set lesion.radius='2 mm'
      hapsim run infarct_myocardium --set geometry=rectangle --resolution 0.2
      hapsim run my.toml
    """
    from sim.cli.summary import as_json, on_screen, summary_lines
    from sim.run.asked.output_times import output_count
    from sim.run.simulate import simulate
    from sim.solvers import DEFAULT

    duration = None if days is None else f"{days!r} day"
    _, scenario = choices.chosen(name, changes, duration=duration, resolution=resolution)
    folder = _folder(out or Path("results") / safe_name(Path(name).stem), force, chosen=out is not None)
    times, kept = _outputs(outputs), choices.names_in(variables)
    held = None if kept is None else _held(scenario, kept, pictures=not no_figure)
    with made_folder(folder):
        _prepare(scenario, solver or DEFAULT, output_count(scenario, times), quiet, folder, kept, held)
        report = _progress(scenario, quiet)
        with terminable() as terminated:
            result = simulate(
                scenario, solver=solver or DEFAULT, rtol=rtol, times=times, progress=report, variables=held
            )
    rows = summary_lines(result)
    written = _write(
        result, as_json(result, rows) | {"set": list(changes)}, folder, kept, picture=not no_figure
    )
    if quiet:
        click.echo(folder)
    else:
        click.echo(f"{scenario.name}: {scenario.title}")
        click.echo(on_screen(rows))
        click.echo(f"  files in {folder}: {', '.join(written)}")
    if not result.success:
        click.echo(f"{result.status}: {result.message}", err=True)
    return exit_codes.TERMINATED if terminated else EXIT[result.status]


def _outputs(text: str | None) -> int | list[str] | None:
    """How many outputs, or at which times; None leaves it to the run."""
    found = choices.names_in(text)
    if found is None or not found:
        return None
    return int(found[0]) if len(found) == 1 and found[0].isdigit() else found


def _held(scenario: Scenario, kept: list[str], pictures: bool) -> list[str]:
    """What the run has to hold: the variables asked for, and those that summary and pictures read."""
    from sim.cli import summary
    from sim.plotting.runs import story
    from sim.run.simulate import variables_to_keep

    read = [*summary.READ, *(s.name for s in scenario.model.solids)]
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


def _progress(scenario: Scenario, quiet: bool) -> bool | Callable[[float, int], None]:
    """A bar in a terminal; elsewhere a line every tenth of the run."""
    if quiet or sys.stderr.isatty():
        return not quiet
    tenths = [0]

    def report(t: float, steps: int) -> None:
        done = int(10 * t / scenario.duration * (1 + 1e-9))
        if done > tenths[0]:
            tenths[0] = done
            click.echo(f"{scenario.name}: {10 * done} %, {duration_text(t)}, {steps} steps", err=True)

    return report


def _folder(folder: Path, force: bool, chosen: bool) -> Path:
    """The folder to write to: one that nobody chose gets a number where it is taken."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; --out needs a folder.")
    taken = [f for f in FILES if (folder / f).exists()]
    if folder.exists() and not chosen and not force:
        k = 2
        while (numbered := folder.with_name(f"{folder.name}-{k}")).exists():
            k += 1
        return numbered
    if taken and not force:
        raise ConfigError(
            f"{folder} already has {' and '.join(taken)}. "
            "Give another folder with --out, or --force to overwrite."
        )
    return folder


def _write(
    result: Result, summary: dict[str, Any], folder: Path, kept: list[str] | None, picture: bool
) -> list[str]:
    (result if kept is None else result.only(kept)).save(folder / "result.nc")
    write_text(folder / "summary.json", json_text(summary) + "\n")
    return ["result.nc", "summary.json", *(_pictures(result, summary, folder) if picture else ())]


def _pictures(result: Result, summary: dict[str, Any], folder: Path) -> list[str]:
    """story.png; maps.png too where there is a plane to map."""
    plt = windowless_pyplot()
    from sim import plotting

    figures = {"story.png": plotting.story}
    if len(result.space) > 1:
        figures["maps.png"] = plotting.atlas
    note = {"Description": f"hapsim {summary['scenario']}, hash {summary['manifest']['hash']}"}
    for name, draw in figures.items():
        figure = draw(result)
        write_picture(figure, folder / name, metadata=note)
        plt.close(figure)
    return list(figures)
