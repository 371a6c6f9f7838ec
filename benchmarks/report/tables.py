"""Tables and pictures from the stored JSON, and from nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

from benchmarks.report.plots import PLOTS
from benchmarks.sections import MODULES


def seconds(v: float) -> str:
    """2.31 s, 45 ms."""
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if v >= size:
            return f"{v / size:.3g} {unit}"
    return "0" if v == 0 else f"{v / 1e-9:.3g} ns"


def times_as(v: float) -> str:
    return f"{v:.3g}x"


def more_than(v: float) -> str:
    return f"> {v:.3g}x"


def about_times(v: float) -> str:
    return f"about {v:.2g}x" if v < 100 else f"about {float(f'{v:.1g}'):,.0f}x".replace(",", " ")


def about_seconds(v: float) -> str:
    return f"about {float(f'{v:.2g}'):g} s"


def scaled(unit: str, size: float) -> Callable[[float], str]:
    return lambda v: f"{v / size:.3g} {unit}".rstrip()


def plain(v: object) -> str:
    return f"{v:.3g}" if isinstance(v, float) else str(v)


def whole(v: float) -> str:
    """1234567 as "1 234 567", a thin space not being in every terminal."""
    return f"{v:,.0f}".replace(",", " ")


def share(v: float) -> str:
    return f"{100 * v:.0f} %" if v >= 0.1 else f"{100 * v:.2g} %"


def three(v: float) -> str:
    """Three digits, without powers of ten below a million."""
    return f"{v:,.0f}".replace(",", " ") if 100 <= v < 1e6 else f"{v:.3g}"


def power(v: float) -> str:
    return f"{v:.1e}"


# table name (up to ":") by section -> columns: (key, heading, format)
COLUMNS: dict[tuple[str, str], list[tuple[str, str, Callable]]] = {
    ("startup", "runs"): [
        ("start", "start", plain), ("seconds", "time", seconds), ("fastest", "fastest", seconds),
        ("slowest", "slowest", seconds), ("repeats", "runs", plain), ("compile", "of it compiling", seconds),
    ],
    ("startup", "commands"): [
        ("command", "command, warm", plain), ("seconds", "CPU", seconds), ("fastest", "fastest", seconds),
        ("slowest", "slowest", seconds), ("repeats", "runs", plain),
    ],
    ("main_job", "starts"): [
        ("start", "start", plain), ("seconds", "time", seconds), ("fastest", "fastest", seconds),
        ("slowest", "slowest", seconds), ("repeats", "runs", plain),
    ],
    ("main_job", "runs"): [
        ("solver", "solver", plain), ("rtol", "rtol", power), ("error", "error", power),
        ("seconds", "whole simulate", seconds), ("fastest", "fastest", seconds),
        ("slowest", "slowest", seconds), ("cpu", "CPU", seconds), ("steps", "steps", plain),
        ("rhs", "rhs", plain),
    ],
    ("pictures", "pictures"): [
        ("picture", "picture, warm", plain), ("seconds", "time", seconds), ("fastest", "fastest", seconds),
        ("slowest", "slowest", seconds), ("cpu", "CPU", seconds),
    ],
    ("live_view", "views"): [
        ("view", "view", plain), ("cells", "cells", whole), ("plain", "CPU alone", seconds),
        ("watched", "CPU watched", seconds), ("more", "added", share), ("least", "least", share),
        ("most", "most", share), ("inside", "within views", share), ("calls", "views", plain),
        ("pairs", "pairs", plain),
    ],
    ("movies", "movies"): [
        ("movie", "movie", plain), ("few", "frames", plain), ("peak_few", "peak", scaled("MB", 1e6)),
        ("many", "frames", plain), ("peak_many", "peak", scaled("MB", 1e6)),
        ("file", "file of the longer", scaled("kB", 1e3)), ("seconds", "a frame", seconds),
    ],
    ("kernels", "limits"): [
        ("threads", "threads", plain), ("bandwidth", "bandwidth", scaled("GB/s", 1e9)),
        ("flops", "multiply-adds", scaled("GFLOP/s", 1e9)),
    ],
    ("kernels", "kernels"): [
        ("kernel", "kernel", plain), ("where", "where", plain), ("cells", "cells", plain),
        ("threads", "threads", plain), ("ns", "ns/cell", three), ("ns_fastest", "fastest", three),
        ("ns_slowest", "slowest", three), ("bandwidth", "GB/s", scaled("", 1e9)),
        ("bandwidth_share", "of bandwidth", share), ("flops", "GFLOP/s", scaled("", 1e9)),
        ("flops_share", "of peak", share), ("compile", "compile", seconds), ("failed", "", plain),
    ],
    ("work_precision", "runs"): [
        ("problem", "problem", plain), ("solver", "solver", plain), ("rtol", "rtol", power),
        ("error", "error", power), ("seconds", "integrator", seconds), ("fastest", "fastest", seconds),
        ("slowest", "slowest", seconds), ("cpu", "CPU", seconds),
        ("simulate", "whole simulate", seconds), ("compile", "compile", seconds),
        ("steps", "steps", plain), ("rhs", "rhs", plain), ("reached", "reached", share),
        ("message", "", plain), ("expected", "extrapolated", about_seconds),
    ],
    ("work_precision", "equal error"): [
        ("target", "at error", power), ("solver", "solver", plain), ("seconds", "integrator", seconds),
        ("seconds_ratio", "to ndf", times_as), ("cpu", "CPU", seconds), ("cpu_ratio", "to ndf", times_as),
        ("simulate", "whole simulate", seconds), ("simulate_ratio", "to ndf", times_as),
        ("steps", "steps", whole),
        ("steps_ratio", "to ndf", times_as), ("message", "", plain), ("reached", "reached", share),
        ("cpu_least", "at least", more_than), ("expected", "extrapolated", about_seconds),
        ("expected_ratio", "extrapolated, to ndf", about_times),
    ],
    ("scaling", "runs"): [
        ("geometry", "grid", plain), ("side", "side", plain), ("cells", "cells", whole),
        ("threads", "threads", plain), ("seconds", "integration", seconds),
        ("cpu", "CPU", seconds), ("reached", "reached", share),
        ("steps", "steps", plain), ("ns_per_cell_step", "ns/cell/step", whole),
        ("memory", "peak memory", scaled("GB", 1e9)), ("rhs", "rhs", plain),
        ("newton_iterations", "Newton", plain), ("linear_solves", "linear solves", plain),
        ("v_cycles", "V-cycles", plain), ("jacobians", "Jacobians", plain), ("setup", "set up", seconds),
        ("compile", "compile", seconds), ("failed", "", plain),
    ],
    ("peers_speciation", "speciation"): [
        ("program", "program", plain), ("start", "start", plain), ("cells_per_s", "cells/s", whole),
        ("fastest", "fastest", whole), ("slowest", "slowest", whole), ("ratio", "to PhreeqcRM", times_as),
        ("cells_per_cpu", "cells/CPU s", whole), ("cpu_ratio", "to PhreeqcRM", times_as),
    ],
    ("peers_speciation", "reaction steps"): [
        ("program", "program", plain), ("start", "step", plain), ("setting", "setting", plain),
        ("error", "error", power), ("cells_per_s", "cells/s", whole), ("fastest", "fastest", whole),
        ("slowest", "slowest", whole), ("ratio", "to PhreeqcRM", times_as),
        ("cells_per_cpu", "cells/CPU s", whole), ("cpu_ratio", "to PhreeqcRM", times_as),
    ],
    ("peers_speciation", "random cold starts"): [
        ("program", "program", plain), ("fluids", "fluids", whole), ("unsolved", "unsolved", plain),
        ("not_made", "not made to begin with", plain),
        ("cells_per_s", "cells/s", whole),
    ],
    ("peers_reduced", "runs"): [
        ("n", "side", plain), ("program", "program", plain), ("method", "method", plain),
        ("setting", "setting", plain), ("error", "error", power), ("seconds", "run", seconds),
        ("cpu", "CPU", seconds), ("compile", "compile", seconds), ("import", "import", seconds),
        ("steps", "steps", whole),
        ("failed", "", plain),
    ],
    ("peers_reduced", "equal error"): [
        ("n", "side", plain), ("target", "at error", power), ("who", "program", plain),
        ("seconds", "run", seconds), ("seconds_ratio", "to ours", times_as), ("cpu", "CPU", seconds),
        ("cpu_ratio", "to ours", times_as), ("steps", "steps", whole), ("message", "", plain),
        ("cpu_least", "at least", more_than),
    ],
    ("sweeps", "overhead"): [
        ("workers", "workers", plain), ("points", "points", whole), ("overhead", "overhead a point", seconds),
        ("wall", "a point", seconds), ("loop", "in a plain loop", seconds), ("rate", "points/s", three),
        ("start", "until the first", seconds),
    ],
    ("sweeps", "small runs"): [
        ("job", "runs", plain), ("program", "program", plain), ("rtol", "rtol", power),
        ("error", "error", power), ("cpu", "CPU a point", seconds), ("cpu_ratio", "to the loop", times_as),
    ],
    ("sweeps", "runs a second"): [
        ("program", "program", plain), ("workers", "workers", plain), ("rtol", "rtol", power),
        ("error", "error", power), ("rate", "runs/s", three), ("ratio", "to the loop", times_as),
        ("cpu", "CPU a run", seconds), ("cpu_ratio", "to the loop", times_as),
        ("efficiency", "of twice one worker", share), ("cpu_efficiency", "by CPU", share),
        ("start", "until the first", seconds),
    ],
}  # fmt: skip


def cells_of(rows: list[dict], columns: list[tuple[str, str, Callable]]) -> list[list[str]]:
    """Head and rows as text; a column that is empty throughout is left out."""
    used = [c for c in columns if any(_known(r.get(c[0])) for r in rows)]
    head = [c[1] for c in used]
    return [head, *([c[2](r[c[0]]) if _known(r.get(c[0])) else "" for c in used] for r in rows)]


def _known(v: object) -> bool:
    return v is not None and v != "" and not (isinstance(v, float) and not math.isfinite(v))


def terminal(lines: list[list[str]]) -> str:
    """Columns side by side, numbers to the right."""
    widths = [max(len(r[i]) for r in lines) for i in range(len(lines[0]))]
    numeric = [
        all(not r[i] or r[i][0].isdigit() or r[i][0] == "-" for r in lines[1:]) for i in range(len(widths))
    ]
    return "\n".join(
        "  ".join(
            c.rjust(w) if n else c.ljust(w) for c, w, n in zip(r, widths, numeric, strict=True)
        ).rstrip()
        for r in lines
    )


def markdown(lines: list[list[str]]) -> str:
    """The same as a Markdown table."""
    rule = ["---"] * len(lines[0])
    return "\n".join(
        "| " + " | ".join(c.replace("|", "/") for c in r) + " |" for r in [lines[0], rule, *lines[1:]]
    )


def tables_of(result: dict) -> dict[str, list[list[str]]]:
    """{title: lines} of a section."""
    found = {}
    for name, rows in result["tables"].items():
        columns = COLUMNS.get((result["section"], name.split(":")[0]))
        if rows and columns:
            found[name] = cells_of(rows, columns)
    return found


def about(result: dict) -> str:
    """One line on what it was measured on."""
    m = result["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items())
    load = f", load {m['load']:.1f} at the start" if m.get("load") is not None else ""
    return (
        f"{m['processor']}, {m['cores']} cores, {m['threads']} threads{load}; "
        f"commit {m['commit']}, {m['date']}; Python {m['python']}, {versions}; {result['took']:.0f} s in all."
    )


def sentences(result: dict) -> list[str]:
    """Checks and notes."""
    said = [
        f"{'ok' if c['passed'] else 'FAILED'}: {c['what']}: {c['value']:.1e} (limit {c['limit']:.1e})"
        if c["limit"] is not None
        else f"{'ok' if c['passed'] else 'FAILED'}: {c['what']}: {c['value']:.1e} (nothing to compare with)"
        for c in result["checks"]
    ]
    return said + result["notes"]


def as_text(result: dict) -> str:
    """A section for the terminal."""
    parts = [f"{result['section']}: {result['question']}", about(result)]
    if result["quick"]:
        parts.append("QUICK: toy sizes; these numbers say that it runs, not how fast.")
    parts += sentences(result)
    for name, lines in tables_of(result).items():
        parts.append(f"\n{name}\n{terminal(lines)}")
    return "\n".join(parts)


def as_markdown(result: dict, pictures: list[str]) -> str:
    """A section of the report."""
    parts = [f"## {result['section'].replace('_', ' ')}", result["question"], f"*{about(result)}*"]
    if result["quick"]:
        parts.append("**Quick: toy sizes; these numbers say that it runs, not how fast.**")
    parts.append("\n".join(f"* {s}" for s in sentences(result)))
    for name, lines in tables_of(result).items():
        parts.append(f"### {name}\n\n{markdown(lines)}")
    parts += [f"![{p}]({p})" for p in pictures]
    return "\n\n".join(p for p in parts if p)


def write(folder: Path) -> list[Path]:
    """report.md and pictures from every <section>.json in the folder; what was written."""
    made, parts = [], ["# Benchmarks", "Made from the JSON files beside it by `python -m benchmarks report`."]
    for section in MODULES:
        path = folder / f"{section}.json"
        if not path.exists():
            continue
        result = json.loads(path.read_text())
        pictures = PLOTS[section](result, folder) if section in PLOTS else []
        made += pictures
        parts.append(as_markdown(result, [p.name for p in pictures]))
    if len(parts) > 2:
        report = folder / "report.md"
        report.write_text("\n\n".join(parts) + "\n")
        made.insert(0, report)
    return made
