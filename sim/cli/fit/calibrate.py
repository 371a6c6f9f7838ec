"""`hapsim calibrate FILE.toml`: fit parameters of a scenario to measured numbers."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import choices, exit_codes
from sim.cli.fit.pictures import checked_picture, save_picture
from sim.cli.outputs import json_text, made_folder
from sim.cli.stopping import terminable
from sim.cli.tables import name_list, text_paragraph, text_table
from sim.errors import ConfigError
from sim.files import safe_name, write_text
from sim.texts import duration_text

if TYPE_CHECKING:
    from sim.calibration import Calibration
    from sim.calibration.plans.fit_plan import CalibrationPlan
    from sim.validation.fits.experiments_plan import ExperimentsPlan


@click.command(short_help="Fit parameters to measured numbers; resume.", epilog=exit_codes.OF_A_FIT)
@click.argument("file", required=False)
@click.option(
    "--store", type=click.Path(path_type=Path), help="File that keeps the runs; else results/NAME.fit.db."
)
@click.option("--workers", type=int, help="Processes here, 0 for none. Instead of the file's.")
@click.option("--starts", type=int, help="Searches. Instead of the file's.")
@click.option("--profiles/--no-profiles", default=None, help="Trace profile likelihoods, or not.")
@click.option(
    "--figure", type=click.Path(path_type=Path), help="Draw data, fit, residuals and profiles here."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the fit here: .json, .csv or the scenario, .toml."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Say what would be fitted, and run nothing.")
@choices.force
@choices.quiet
@choices.debug
def calibrate(
    file: str | None,
    store: Path | None,
    workers: int | None,
    starts: int | None,
    profiles: bool | None,
    figure: Path | None,
    out: Path | None,
    as_json: bool,
    check: bool,
    force: bool,
    quiet: bool,
) -> int:
    """Fit parameters of a scenario to measured numbers, as a file says; run it again to go on.

    FILE is TOML: scenario, data, free parameters; or experiments instead of scenario and data: what they
    share is then fitted to their statements marked fitted. Or the name of one of the package, which
    are listed without FILE. Every run is in the store as it is made: after Ctrl-C, a kill or a power cut
    the same command goes on.

    \b
    Examples:
      hapsim calibrate elastin_implant_rat --figure fit.png
      hapsim calibrate mine.toml --workers 2 --out fit.json
      hapsim calibrate experiments --no-profiles
    """
    from sim.calibration.plans.fit_plan import calibrations
    from sim.validation.fits.experiments_plan import ExperimentsPlan, load_fit

    if file is None:
        rows = [(n, load_fit(n).title) for n in calibrations()]
        click.echo(text_table(rows, ("name", "title")))
        return exit_codes.DONE
    given = {"workers": workers, "starts": starts, "profiles": profiles}
    more: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    plan = load_fit(file)
    plan = replace(plan, options={**plan.options, **more})
    plan.check()
    if check:
        click.echo(_planned(plan))
        return exit_codes.DONE
    for path in (figure, out):
        if path is not None and path.exists() and not force:
            raise ConfigError(f"{path} exists already. Give another name, or --force to overwrite.")
    drawn = checked_picture(figure) if figure else None
    if out is not None and out.suffix not in (".json", ".csv", ".toml"):
        raise ConfigError(f"--out {out} must end in .json, .csv or .toml: that says the format.")
    if isinstance(plan, ExperimentsPlan) and (
        figure is not None or (out is not None and out.suffix == ".toml")
    ):
        raise ConfigError(
            f"{plan.name} is fitted to statements of experiments: there is no course to draw and no scenario "
            "to write. Give --out with .json or .csv."
        )
    if out is not None and not out.parent.is_dir():
        raise ConfigError(f"there is no folder {out.parent}.")
    path = store or Path("results") / f"{safe_name(plan.name)}.fit.db"
    with nullcontext() if store else made_folder(path.parent), terminable() as terminated:
        found = plan.run(store=path, progress=not quiet)
    if out is not None:
        _write(found, out)
    drawn = None if found.message else drawn
    if drawn is not None:
        from sim import plotting

        save_picture(lambda: plotting.fit(found), drawn)
    _say(plan, found, {"store": path, "fit": out, "figure": drawn}, as_json, quiet)
    if found.message:
        click.echo(f"{path} keeps the runs; {found.message}", err=True)
        return exit_codes.TERMINATED if terminated else exit_codes.INTERRUPTED
    return exit_codes.DONE


def _say(
    plan: CalibrationPlan | ExperimentsPlan,
    found: Calibration,
    files: dict[str, Path | None],
    as_json: bool,
    quiet: bool,
) -> None:
    from sim.validation.fits.experiments_plan import ExperimentsPlan, statement_rows

    if as_json:
        click.echo(json_text(as_data(found)))
        return
    if quiet:
        click.echo(files["fit"] or files["figure"] or files["store"])
        return
    click.echo(f"{plan.name}: {plan.title}" if plan.title else plan.name)
    click.echo(repr(found))
    if isinstance(plan, ExperimentsPlan):
        click.echo("\nDeviations in standard deviations, 0 of a limit that is met by more than a hair:")
        click.echo(text_table(statement_rows(found)))
        click.echo("")
    click.echo(name_list([(name, str(p)) for name, p in files.items() if p is not None]))


def as_data(found: Calibration) -> dict[str, Any]:
    """A fit as plain data: parameters in their units, numbers with their predictions [SI], notes."""
    frame = found.to_dataframe().reset_index()
    numbers = [
        {
            "time": d.time, "quantity": d.quantity, "unit": d.unit, "value": d.value, "sd": d.sd,
            "prediction": float(p), "residual": float(r),
        }
        for d, p, r in zip(found.data, found.predictions, found.residuals, strict=True)
    ]  # fmt: skip
    return {
        "scenario": found.scenario.name if found.scenario is not None else "", "data": found.data.name,
        "parameters": [{str(k): _plain(v) for k, v in row.items()} for row in frame.to_dict("records")],
        "numbers": numbers, "cost": found.cost, "degrees_of_freedom": found.spread.dof,
        "correlation": found.correlation.tolist(), "runs": found.runs,
        "failures": [{"values": list(f.values), "reason": f.reason} for f in found.failures],
        "notes": [*found.data.remarks, *found.notes], "message": found.message,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _write(found: Calibration, out: Path) -> None:
    if out.suffix == ".json":
        write_text(out, json_text(as_data(found)) + "\n")
    elif out.suffix == ".csv":
        write_text(out, found.to_dataframe().to_csv(lineterminator="\n"))
    elif found.scenario is not None:
        found.scenario.save(out)


def _planned(plan: CalibrationPlan | ExperimentsPlan) -> str:
    """What would be fitted: `--check`."""
    from sim.validation.fits.experiments_plan import ExperimentsPlan

    runs, asked = plan.check()
    lines = [f"{plan.name}: {plan.title}" if plan.title else plan.name]
    if plan.notes:
        lines += [text_paragraph(plan.notes), ""]
    if isinstance(plan, ExperimentsPlan):
        rows = [("experiment", e.name) for e in plan.experiments]
        rows += [("statement", d.quantity) for d in runs.data]
    else:
        rows = [("scenario", f"{plan.scenario.name}, {duration_text(plan.scenario.duration)}")]
        rows += [("data", d.text()) for d in plan.data.points[:12]]
        rows += [("data", f"and {len(plan.data) - 12} more")] if len(plan.data) > 12 else []
        rows += [("data", text) for text in plan.data.remarks]
    rows += [
        (f.name, f"{f.shown(f.low)} to {f.shown(f.high)}, from {f.shown(f.start)}" + ", logarithmic" * f.log)
        for f in runs.free
    ]
    rows += [(k, str(v)) for k, v in asked._asdict().items() if k in plan.options]
    return "\n".join([*lines, name_list(rows)])
