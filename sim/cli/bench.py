"""`hapsim bench`: the measurements of the repository's benchmarks/, run from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sim.cli import choices
from sim.errors import ConfigError


def checkout() -> Path:
    """The repository that this package is imported from; a sentence where it is an installed one."""
    root = Path(__file__).parents[2]
    if not (root / "benchmarks" / "__main__.py").is_file():
        raise ConfigError(
            f"hapsim is imported from {root}, which holds no benchmarks: they are part of the repository "
            "only. Run `python -m benchmarks` (or `hapsim bench`) in a checkout of it."
        )
    return root


@click.command()
@click.argument("sections", nargs=-1)
@click.option("--quick", is_flag=True, help="Toy sizes, 3 minutes: shows that it runs, not how fast.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for JSON, report.md and pictures.")
@choices.debug
def bench(sections: tuple[str, ...], quick: bool, out: Path | None) -> int:
    """Measure speed against error, and against other programs.

    SECTIONS: startup, kernels, work_precision, scaling, peers_speciation, peers_reduced, sweeps; all of
    them, about 20 minutes, when none is named. Or main_job; `report` makes tables and pictures again.
    """
    import subprocess

    words = [*sections, *(["--quick"] if quick else []), *(["--out", str(out.absolute())] if out else [])]
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=checkout(), check=False).returncode  # noqa: S603
