"""Five scenarios as a radiograph, CT, MRI and two stained sections, in docs/five_lesions.png.

Draw it again: `python docs/five_lesions.py`.

One to two minutes on two cores once compiled; the same picture every time, for noise and cells have a seed.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image

import sim
from sim import plotting as plot
from sim.texts import moment_text

# Scenario, the time that is shown, and the objective of its sections
ROWS = (
    ("tb_caseous", "3 year", 2),
    ("abscess_liquefactive", "3 year", 2),
    ("fat_necrosis_breast", "5 year", 1),
    ("calcinosis_cutis", "12 year", 1),
    ("atheroma_coronary", "14 year", 4),
)
COLUMNS = ("radiograph", "CT", "MRI, gradient echo", "haematoxylin and eosin", "von Kossa")
FILM, SCANNER, MAGNET = "extremity", "calcium_ct", "gre_3T"


def draw(result: sim.Result, at: str, objective: float, row: list) -> None:
    """The five pictures of a result in a row of axes."""
    imaging = sim.imaging
    plot.scan(imaging.radiograph(result, at=at, instrument=FILM, seed=1), ax=row[0])
    plot.scan(imaging.ct(result, at=at, instrument=SCANNER, seed=1), ax=row[1])
    plot.scan(imaging.mri(result, at=at, instrument=MAGNET, seed=1), ax=row[2])
    for ax, stain in zip(row[3:], ("he", "von_kossa"), strict=True):
        plot.slide(imaging.histology(result, at=at, stain=stain, magnification=objective, seed=1), ax=ax)


def main(path: Path) -> None:
    with plot.style():
        fig, axes = plt.subplots(len(ROWS), len(COLUMNS), figsize=(15.0, 13.2), layout="constrained")
        for row, (name, at, objective) in zip(axes, ROWS, strict=True):
            result = sim.simulate(sim.scenario(name))
            draw(result, at, objective, list(row))
            for ax in row:
                ax.set_title("")
            when = moment_text(float(result.at(at)["time"]))
            words = f"{name.replace('_', ' ')}\n{when}"
            row[0].text(-0.12, 0.5, words, transform=row[0].transAxes, rotation=90, ha="center", va="center")
        for ax, title in zip(axes[0], COLUMNS, strict=True):
            ax.set_title(title)
        fig.suptitle(
            "Simulated: five scenarios, five instruments. Not a clinical picture.", x=0.01, ha="left"
        )
        fig.savefig(path, dpi=72)
        plt.close(fig)
    few_colours(path)


def few_colours(path: Path) -> None:
    """A third of the size; noise and cells take most of it."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(__file__).with_suffix(".png"))
