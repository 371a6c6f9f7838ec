"""`hapsim sensitivity FILE.toml`: Morris' effects, Sobol' indices or local derivatives of a scenario."""

from __future__ import annotations

from contextlib import nullcontext
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
    from pandas import DataFrame

    from sim.sensitivity.sensitivity_plan import Found, SensitivityPlan


@click.command(short_help="Which parameters matter: Morris, Sobol', derivatives.", epilog=exit_codes.OF_A_FIT)
@click.argument("file", required=False)
@click.option(
    "--store", type=click.Path(path_type=Path), help="Store of the points; else results/NAME.sensitivity.db."
)
@click.option("--workers", type=int, default=0, show_default=True, help="Processes here, 0 for none.")
@click.option("--figure", type=click.Path(path_type=Path), help="Draw the sensitivities here.")
@click.option("--out", type=click.Path(path_type=Path), help="Write them here: .json or .csv.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Say what would run, and run nothing.")
@choices.force
@choices.quiet
@choices.debug
def sensitivity(
    file: str | None,
    store: Path | None,
    workers: int,
    figure: Path | None,
    out: Path | None,
    as_json: bool,
    check: bool,
    force: bool,
    quiet: bool,
) -> int:
    """Say which parameters of a scenario matter for its measures; run it again to go on.

    FILE is a sweep file with a [sensitivity] table: method = "morris", "sobol" or "local"; or the name of
    one that comes with the package, which are listed without FILE. Every point is in the store as it is
    done: after Ctrl-C, a kill or a power cut the same command goes on.

    \b
    Examples:
      hapsim sensitivity elastin_uptake --figure effects.png
      hapsim sensitivity mine.toml --workers 2 --out effects.csv
    """
    from sim.sensitivity.sensitivity_plan import load_sensitivity, sensitivities

    if file is None:
        plans = [load_sensitivity(n) for n in sensitivities()]
        listed = [(p.name, p.method, str(len(p.design)), p.title) for p in plans]
        click.echo(text_table(listed, ("name", "method", "points", "title")))
        return exit_codes.DONE
    plan = load_sensitivity(file)
    plan.check()
    if check:
        click.echo(_planned(plan))
        return exit_codes.DONE
    for path in (figure, out):
        if path is not None and path.exists() and not force:
            raise ConfigError(f"{path} exists already. Give another name, or --force to overwrite.")
    drawn = checked_picture(figure) if figure else None
    if out is not None and out.suffix not in (".json", ".csv"):
        raise ConfigError(f"--out {out} must end in .json or .csv: that says the format.")
    if out is not None and not out.parent.is_dir():
        raise ConfigError(f"there is no folder {out.parent}.")
    path = store or Path("results") / f"{safe_name(plan.name)}.sensitivity.db"
    with nullcontext() if store else made_folder(path.parent), terminable() as terminated:
        points = plan.run(path, progress=not quiet, workers=workers)
    if points.message:
        click.echo(f"{path} keeps what was done; {points.message}", err=True)
        return exit_codes.TERMINATED if terminated else exit_codes.INTERRUPTED
    found, reasons = plan.analysed(points)
    content = as_data(plan, found, reasons)
    if out is not None:
        as_table = _frame(found).to_csv(lineterminator="\n")
        write_text(out, as_table if out.suffix == ".csv" else json_text(content) + "\n")
    if drawn is not None and found:
        _draw(plan, found, drawn)
    if as_json:
        click.echo(json_text(content))
    elif quiet:
        click.echo(out or drawn or path)
    else:
        click.echo(f"{plan.name}: {plan.title}" if plan.title else plan.name)
        for one in found.values():
            click.echo(repr(one))
        from sim.cli.sweep.text import counts, reason_rows

        rows = [("points", counts(points.status)), *reason_rows([row["reason"] for row in points.failed])]
        files = {"store": path, "table": out, "figure": drawn if found else None}
        click.echo(name_list([*rows, *((name, str(p)) for name, p in files.items() if p is not None)]))
    for name, why in reasons.items():
        click.echo(why if why.startswith(name) else f"{name}: {why}", err=True)
    return exit_codes.DONE if found else exit_codes.FAILED


def as_data(plan: SensitivityPlan, found: dict[str, Found], reasons: dict[str, str]) -> dict[str, Any]:
    """Sensitivities as plain data: a row an axis, the remarks, and why a measure has none."""
    rows = _frame(found).reset_index().to_dict("records") if found else []
    remarks = {name: list(getattr(one, "remarks", ())) for name, one in found.items()}
    return {
        "name": plan.name, "scenario": plan.base.name, "method": plan.method, "rows": rows,
        "remarks": remarks, "without": reasons,
    }  # fmt: skip


def _frame(found: dict[str, Found]) -> DataFrame:
    import pandas as pd

    frames = [
        one.to_dataframe().assign(measure=name) if name else one.to_dataframe().set_index("parameter")
        for name, one in found.items()
    ]
    return pd.concat(frames) if frames else pd.DataFrame()


def _draw(plan: SensitivityPlan, found: dict[str, Found], path: Path) -> None:
    from sim.plotting.fits.sensitivity_panels import sensitivity_panels

    save_picture(lambda: sensitivity_panels(list(found.values()), plan.title), path)


def _planned(plan: SensitivityPlan) -> str:
    """What would run: `--check`."""
    lines = [f"{plan.name}: {plan.title}" if plan.title else plan.name]
    if plan.notes:
        lines += [text_paragraph(plan.notes), ""]
    rows = [
        ("scenario", f"{plan.base.name}, {duration_text(plan.base.duration)}"),
        ("method", plan.method),
        ("points", str(len(plan.design))),
    ]
    if plan.method == "local":
        rows.append(("parameters", ", ".join(plan.parameters)))
    else:
        from sim.cli.sweep.text import axis_text

        rows += [(axis.name, axis_text(axis)) for axis in plan.design.axes]
    rows += [
        (name, f"log10 of {m.name}" if name in plan.logs else m.name) for name, m in plan.measures.items()
    ]
    return "\n".join([*lines, name_list(rows)])
