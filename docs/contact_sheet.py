"""Draw every figure of `sim.plotting` for docs/pictures.md: `python docs/contact_sheet.py`, some minutes.

Each picture is made by the call that stands under it on the page, in the names of `RUNS`. Pictures go to
docs/pictures, small; the table on the page, between its two marks, is written anew.
"""

from __future__ import annotations

import contextlib
import runpy
import sys
import tempfile
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).parent
PAGE, FOLDER = HERE / "pictures.md", HERE / "pictures"
START, END = "<!-- contact sheet -->\n", "<!-- end of contact sheet -->\n"
WIDE, COLOURS, ACROSS = 460, 64, 3  # dots of a picture, its colours, pictures in a row of the page

RUNS = """\
import sim
from sim import plotting as plot

base = sim.scenario("infarct_myocardium")
run = sim.simulate(base)
treated = sim.simulate(base.treated("etidronate", start="3 day", stop="10 day", dose="2 uM"))
both = {"untreated": run, "etidronate": treated}
section = base.with_geometry("rectangle", {"lesion": 12, "border": 4})
section = section.with_region("lesion", sim.shapes.Ellipse(radii=("3 mm", "2 mm")))
flat = sim.simulate(section.with_(duration="2 day"), rtol=1e-3)
block = base.with_geometry("box", {"lesion": 6, "border": 2}).with_(duration="2 day")
box = sim.simulate(block, rtol=1e-3, times=9)
wall = sim.simulate(sim.scenario("valve_cavd"))
artery = sim.simulate(sim.scenario("atheroma_coronary"))

stirred = base.with_geometry("well_mixed", {}).with_(outer="closed", duration="2 day")
ranges = {"acid.load": ("0 mM", "80 mM"), "necrosis.tau_leak": ("10 min", "10 h", "log")}
onset = sim.measures.onset("HAP", above="2e-5 mM")
measures = {"mineral": sim.measures.mean("Ca_in_mineral"), "onset": onset}
table = sim.sweep(stirred, sim.sweeps.grid(ranges, n=6), measures=measures)
points = sim.sweep(stirred, sim.sweeps.morris(ranges, n=8, seed=1), measures=measures)
effects = sim.sensitivity.morris(points, "mineral")
local = sim.sensitivity.local(stirred, list(ranges), measures)

rat = sim.scenario("elastin_implant_rat")
found_in_rats = [
    ("7 day", "mean Ca_per_dry_mass in implant", "23.8 ug/mg", "2.4 ug/mg"),
    ("21 day", "mean Ca_per_dry_mass in implant", "89.7 ug/mg", "9.0 ug/mg"),
]
found = sim.calibrate(rat, found_in_rats, ["nucleation.f_elastin", "growth.k"], starts=1)
"""

CALLS = {
    "A run": [
        "plot.story(run)",
        "plot.course(run, [('granules', 'HAP')], at='core', clock='root')",
        "plot.profiles(run, 'pH', at=['1 day', '7 day'])",
        "plot.kymograph(run, 'pH', clock='root')",
        "plot.budget(run, 'Ca', clock='root')",
        "plot.phase_path(run, ['HAP', 'OCP'])",
        "plot.crystal_sizes(wall, at='1 year')",
        "plot.plane(run, 'Ca_in_mineral')",
        "plot.strip(run, 'Ca_in_mineral')",
    ],
    "Several runs": [
        "plot.compare(both, 'HAP')",
        "plot.strip(both, 'HAP')",
        "plot.difference(both, 'HAP', clock='root')",
        "plot.phase_path(both, 'HAP', at='core')",
        "plot.story(treated, like=run)",
    ],
    "A rectangle or a box": [
        "plot.maps(flat, ['Ca_in_mineral', 'pH'])",
        "plot.atlas(flat)",
        "plot.cut(box, 'pH', at='6 h')",
        "plot.cuts(box, 'pH', at='6 h')",
        "plot.projection(box)",
        "plot.isosurface(box)",
        "plot.scene(box)",
        "plot.movie(flat, 'movie.webp', 'pH', frames=30, clock='root', dpi=55)",
    ],
    "A sweep": [
        "plot.phase_diagram(table, x='acid.load', y='necrosis.tau_leak', colour='mineral')",
        "plot.scatter(table, x='acid.load', y='mineral', colour='necrosis.tau_leak')",
        "plot.parallel(table, colour='mineral')",
        "plot.survival(table, 'onset')",
        "plot.tornado(table, 'mineral')",
        "plot.indices(effects)",
        "plot.elasticities(local)",
    ],
    "A fit": [
        "plot.fit(found)",
        "plot.fitted(found)",
        "plot.residuals(found)",
        "plot.profile(found, 'growth.k')",
        "plot.correlation(found)",
    ],
    "A model, and instruments": [
        "plot.scheme(base.model)",
        "plot.scan(sim.imaging.ct(artery, at='14 year', seed=1))",
        "plot.resonance(sim.imaging.mri(artery, at='14 year', seed=1))",
        "plot.slide(sim.imaging.histology(artery, at='14 year', stain='von_kossa', seed=1))",
    ],
}  # fmt: skip


def file_of(call: str, before: list[str]) -> str:
    """The name of a call's picture: that of its function, numbered where it is drawn again."""
    name = call.removeprefix("plot.").partition("(")[0]
    if name == "movie":
        return "movie.webp"
    again = sum(b.startswith(f"plot.{name}(") for b in before)
    return f"{name}_{again + 1}.png" if again else f"{name}.png"


def small(figure, path: Path) -> None:
    """A picture of a figure in few dots and colours."""
    from PIL import Image

    whole = BytesIO()
    figure.savefig(whole, dpi=2 * WIDE / figure.get_figwidth())  # twice as large, then halved: letters stay
    with Image.open(whole) as image:
        high = round(image.height * WIDE / image.width)
        image.convert("RGB").resize((WIDE, high), Image.Resampling.LANCZOS).quantize(COLOURS).save(
            path, optimize=True
        )


def script() -> str:
    """A program that makes the runs and hands each picture to `keep`."""
    lines, done = [RUNS], []
    for call in (c for calls in CALLS.values() for c in calls):
        lines.append(f"keep({call!r}, {file_of(call, done)!r}, lambda: {call})")
        done.append(call)
    return "\n".join(lines) + "\n"


def draw() -> list[str]:
    """Draw all; the calls that failed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    failed: list[str] = []

    def keep(call, file, make):
        try:
            made = make()
            if file.endswith(".png"):
                made = np.ravel(made)[0] if isinstance(made, np.ndarray) else made
                small(made if hasattr(made, "savefig") else made.get_figure(root=True), FOLDER / file)
        except Exception as error:
            failed.append(f"{call}: {type(error).__name__}: {error}")
        plt.close("all")

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(FOLDER):  # the movie goes there by itself
        path = Path(folder) / "sheet.py"
        path.write_text(script(), encoding="utf-8")
        runpy.run_path(str(path), {"keep": keep})
    return failed


def table() -> str:
    """The pictures and their calls, as Markdown."""
    parts, done = [], []
    for title, calls in CALLS.items():
        parts.append(f"### {title}\n\n| | | |\n|---|---|---|")
        cells = []
        for call in calls:
            file = file_of(call, done)
            done.append(call)
            cells.append(f"![{call.partition('(')[0]}](pictures/{file})<br>`{call}`")
        cells += [""] * (-len(cells) % ACROSS)
        parts += [f"| {' | '.join(cells[k : k + ACROSS])} |" for k in range(0, len(cells), ACROSS)]
        parts.append("")
    return f"```python\n{RUNS}```\n\n" + "\n".join(parts) + "\n"


def write_page() -> None:
    """Put the table between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(START)
    PAGE.write_text(head + START + table() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    lost = draw()
    write_page()
    print("\n".join(lost) or f"{sum(len(c) for c in CALLS.values())} pictures in {FOLDER}")
    sys.exit(bool(lost))
