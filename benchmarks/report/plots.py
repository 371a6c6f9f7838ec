"""Pictures of the sections, drawn from the stored JSON in the look of the package."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

COLOURS = (
    "#16324F",
    "#D55E00",
    "#0072B2",
    "#009E73",
    "#C77CBA",
    "#7F7F7F",
    "#E69F00",
    "#882255",
    "#56B4E9",
    "#6B8E23",
)
MARKERS = "osD^v<>pPX"


def _saved(figure, folder: Path, name: str) -> Path:
    import matplotlib.pyplot as plt

    path = folder / f"{name}.png"
    figure.savefig(path)
    plt.close(figure)
    return path


def _axes(columns: int, width: float = 3.6, height: float = 3.2):
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    return plt.subplots(1, columns, figsize=(width * columns, height), layout="constrained", squeeze=False)


def _look(name: str, names: list[str]) -> dict:
    k = names.index(name)
    return {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "ms": 4.5, "lw": 1.4}


def _curves(ax, rows: list[dict], by: str, names: list[str], x: str, y: str, spread: bool = False) -> None:
    """A line for each name, log against log, in the order of the runs."""
    for name in names:
        curve = [r for r in rows if r[by] == name and r.get(x) and r.get(y)]
        if not curve:
            continue
        look = _look(name, names)
        ax.plot([r[x] for r in curve], [r[y] for r in curve], label=name, **look)
        if spread and all("fastest" in r for r in curve):
            for r in curve:
                ax.plot([r["fastest"], r["slowest"]], [r[y]] * 2, color=look["color"], lw=3, alpha=0.3)
    shown = [r for r in rows if r.get(x)]
    _decades(ax, "x", [r[x] for r in shown])
    _decades(ax, "y", [r.get(y) or r.get("rtol") for r in shown])
    ax.grid(True, which="major", alpha=0.25, lw=0.5)


def _decades(ax, which: str, values: Iterable[float]) -> None:
    """Axis "x" or "y": logarithmic, from power of ten to power of ten, no label in between."""
    from matplotlib.ticker import NullFormatter

    positive = [v for v in values if v and 0 < v < math.inf]
    getattr(ax, f"set_{which}scale")("log")
    if positive:
        low = math.floor(math.log10(min(positive)) + 1e-9)
        high = max(low + 1, math.ceil(math.log10(max(positive)) - 1e-9))
        getattr(ax, f"set_{which}lim")(0.8 * 10.0**low, 1.25 * 10.0**high)
    getattr(ax, f"{which}axis").set_minor_formatter(NullFormatter())


def _stamp(figure, result: dict) -> None:
    m = result["machine"]
    text = f"{m['processor']}, {m['threads']} threads, commit {m['commit']}, {m['date']}"
    figure.supxlabel(text + (" - QUICK: toy sizes" if result["quick"] else ""), fontsize=6.5, color="0.4")


def _names(rows: Iterable[dict], key: str) -> list[str]:
    return list(dict.fromkeys(r[key] for r in rows))


def work_precision(result: dict, folder: Path) -> list[Path]:
    """Error against wall clock, and against steps, one column a problem."""
    from sim.plotting import style

    rows = result["tables"]["runs"]
    problems, names = _names(rows, "problem"), _names(rows, "solver")
    made = []
    with style():
        for key, label in (("seconds", "integrator, wall clock [s]"), ("steps", "steps")):
            figure, grid = _axes(len(problems))
            for ax, problem in zip(grid[0], problems, strict=True):
                these = [r for r in rows if r["problem"] == problem]
                if key == "seconds":
                    _bounds(ax, these, "solver", names)
                _curves(ax, these, "solver", names, key, "error", spread=key == "seconds")
                ax.set_title(problem)
                ax.set_xlabel(label)
            grid[0][0].set_ylabel("error of the end state")
            handles = {}
            for ax in grid[0]:
                handles |= {label: h for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
            figure.legend(handles.values(), handles.keys(), loc="outside right center")
            _stamp(figure, result)
            made.append(_saved(figure, folder, f"work_precision_{key}"))
    return made


def _bounds(ax, rows: list[dict], by: str, names: list[str]) -> None:
    """Open arrows where a run was stopped, at its rtol for want of an error: it takes longer."""
    for r in rows:
        if r.get("stopped") and r.get("seconds") and r.get("rtol"):
            colour = _look(r[by], names)["color"]
            ax.plot(r["seconds"], r["rtol"], ">", ms=8, mfc="none", color=colour, clip_on=False)
            label = "stopped: takes longer\n(drawn at its rtol)"
            ax.plot([], [], marker=">", ms=8, mfc="none", color="0.4", ls="none", label=label)


def kernels(result: dict, folder: Path) -> list[Path]:
    """Nanoseconds a cell of each kernel."""
    from sim.plotting import style

    rows = [r for r in result["tables"]["kernels"] if r.get("ns")]
    kinds = _names(rows, "kernel")
    groups = list(dict.fromkeys((_where(r), r["threads"]) for r in rows))
    with style():
        figure, grid = _axes(1, 7.0, 0.9 + 0.42 * len(kinds))
        ax = grid[0][0]
        height = 0.8 / len(groups)
        for g, (where, threads) in enumerate(groups):
            found = {r["kernel"]: r for r in rows if (_where(r), r["threads"]) == (where, threads)}
            at = [kinds.index(k) + (g - (len(groups) - 1) / 2) * height for k in found]
            low = [r["ns"] - r["ns_fastest"] for r in found.values()]
            high = [r["ns_slowest"] - r["ns"] for r in found.values()]
            ax.barh(at, [r["ns"] for r in found.values()], height, color=COLOURS[g % len(COLOURS)],
                    xerr=[low, high], error_kw={"lw": 0.7},
                    label=f"{where}, {threads} thread{'s' * (threads > 1)}")  # fmt: skip
        ax.set_yticks(range(len(kinds)), kinds)
        ax.invert_yaxis()
        _decades(ax, "x", [r["ns"] for r in rows])
        ax.set_xlabel("time a cell [ns]")
        figure.legend(loc="outside right center")
        _stamp(figure, result)
        return [_saved(figure, folder, "kernels")]


def _where(row: dict) -> str:
    return "fluids" if row["kernel"].startswith("speciation") else row["where"]


def scaling(result: dict, folder: Path) -> list[Path]:
    """Cost of a step of a cell, and memory, against the number of cells."""
    from sim.plotting import style

    rows = [
        r | {"who": f"{r['geometry']}, {r['threads']} thread{'s' * (r['threads'] > 1)}"}
        for r in result["tables"]["runs"]
        if r.get("steps")
    ]
    names = _names(rows, "who")
    panels = (
        ("ns_per_cell_step", "time a cell and step [ns]"),
        ("memory", "peak memory [B]"),
        ("steps", "steps"),
    )
    with style():
        figure, grid = _axes(len(panels))
        for ax, (key, label) in zip(grid[0], panels, strict=True):
            # Few steps hold the first Jacobian and touch memory for the first time: not their usual cost.
            fit = {"steps": lambda r: r["reached"] >= 1.0, "ns_per_cell_step": lambda r: r["steps"] >= 20}
            shown = [r for r in rows if fit.get(key, lambda _: True)(r)]
            _curves(ax, shown, "who", names, "cells", key)
            if key == "steps":
                ax.set_yscale("linear")
                ax.set_ylim(0, 1.2 * max((r["steps"] for r in shown), default=1.0))
            ax.set_xlabel("cells")
            ax.set_ylabel(label)
        figure.legend(*grid[0][1].get_legend_handles_labels(), loc="outside right center")
        _stamp(figure, result)
        return [_saved(figure, folder, "scaling")]


def peers_speciation(result: dict, folder: Path) -> list[Path]:
    """Cells a second, ours and PHREEQC's."""
    from sim.plotting import style

    parts = [(k, result["tables"][k]) for k in ("speciation", "reaction steps") if result["tables"].get(k)]
    if not parts:
        return []
    with style():
        figure, grid = _axes(len(parts), 4.4, 3.0)
        for ax, (title, rows) in zip(grid[0], parts, strict=True):
            labels = [", ".join(filter(None, (r["program"], r["start"], r.get("setting")))) for r in rows]
            colours = [COLOURS[0] if r["program"].startswith("hapsim") else COLOURS[1] for r in rows]
            ax.barh(range(len(rows)), [r["cells_per_s"] for r in rows], color=colours)
            ax.set_yticks(range(len(rows)), labels, fontsize=7.5)
            ax.invert_yaxis()
            _decades(ax, "x", [r["cells_per_s"] for r in rows])
            ax.set_xlabel("cells a second, one core")
            ax.set_title(title)
        _stamp(figure, result)
        return [_saved(figure, folder, "peers_speciation")]


def peers_reduced(result: dict, folder: Path) -> list[Path]:
    """Error against wall clock for every program, one panel a grid."""
    from sim.plotting import style

    rows = result["tables"]["runs"]
    sides, names = _names(rows, "n"), _names(rows, "who")
    with style():
        figure, grid = _axes(len(sides), 4.2, 3.6)
        for ax, n in zip(grid[0], sides, strict=True):
            _curves(ax, [r for r in rows if r["n"] == n], "who", names, "seconds", "error")
            ax.set_title(f"{n} x {n} cells")
            ax.set_xlabel("run without import and compiling [s]")
        grid[0][0].set_ylabel("error against the common reference")
        handles = {}
        for ax in grid[0]:
            handles |= {label: h for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
        figure.legend(handles.values(), handles.keys(), loc="outside right center")
        _stamp(figure, result)
        return [_saved(figure, folder, "peers_reduced")]


PLOTS: dict[str, Callable[[dict, Path], list[Path]]] = {
    "kernels": kernels,
    "work_precision": work_precision,
    "scaling": scaling,
    "peers_speciation": peers_speciation,
    "peers_reduced": peers_reduced,
}
