"""`hapsim doctor`: what is installed, where, and whether it works. To paste into a report."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

import click

from sim.cli import choices
from sim.cli.tables import text_table

PACKAGES = (
    "numpy", "scipy", "numba", "llvmlite", "scikit-sundae", "xarray", "h5netcdf", "h5py",
    "matplotlib", "click", "tqdm",
)  # fmt: skip


@click.command()
@choices.debug
def doctor() -> int:
    """Show versions and folders, and run a quick self-test."""
    from sim.identity.versions import installed_version
    from sim.jit.folder import cache_folder

    package = sys.modules["sim"]
    folder = cache_folder()
    rows = [
        ("hapsim", package.__version__),
        ("installed as", installed_version("hapsim")),
        ("imported from", str(Path(package.__file__ or "?").parent)),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"),
        ("cache", f"{folder} ({'writable' if os.access(folder, os.W_OK) else 'NOT writable'})"),
        ("HAPSIM_CACHE", os.environ.get("HAPSIM_CACHE", "not set")),
        *((name, installed_version(name)) for name in PACKAGES),
    ]
    click.echo(text_table(rows))
    click.echo("\nself-test (the first time on a machine it compiles, up to a minute)")
    good = True
    for name, test in (("speciation", _speciation), ("run", _run)):
        started = time.perf_counter()
        try:
            found, fine = test()
        except Exception as error:
            found, fine = f"{type(error).__name__}: {error}", False
        good &= fine
        took = time.perf_counter() - started
        click.echo(f"  {name:<11}{'ok' if fine else 'FAILED'}: {found} ({took:.1f} s)")
    return 0 if good else 1


def _speciation() -> tuple[str, bool]:
    from sim.chemistry.fluid import speciate

    fluid = speciate(pH=7.4, Ca=2.5, P=1.0, Na=142, Cl=148, C=4.2, Mg=1.5, K=5)
    index = float(fluid.SI["HAP"])
    return f"SI HAP {index:.2f} in simulated body fluid", 5 < index < 12


def _run() -> tuple[str, bool]:
    from sim.experiment.catalogue import scenario, scenarios
    from sim.run.simulate import simulate

    names = scenarios()
    name = "infarct_myocardium" if "infarct_myocardium" in names else names[0]
    base = scenario(name)
    cells = {f"{layer}.cells": 5 for layer, _ in base.layers}
    result = simulate(base.changed({"duration": "1 h", "geometry": "slab", **cells}), times=3)
    residual = result.manifest["ledger_residual"]
    text = f"{name}, 1 h, {result.stats['steps']} steps, ledger residual {residual:.1e}"
    return text, result.success and residual < 1e-9
