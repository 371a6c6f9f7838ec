"""Calcium scores of a CT: Agatston's, volume and mass, lesion by lesion and slice by slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.imaging.xray.attenuation import ct_slope, xray_numbers
from sim.imaging.xray.instruments import HOUNSFIELD, USUAL, instrument
from sim.notebook.fragments import Html, html_fold, html_head, html_table, html_whole
from sim.public import public

if TYPE_CHECKING:
    import pandas
    import xarray

LEVELS = ("threshold", "second", "third", "fourth")
NEIGHBOURS = np.ones((3, 3))  # 8-connected


@dataclass(frozen=True)
class Lesion:
    """Connected voxels of one slice at or above the threshold.

    z, y, x: their middle [m]; area [m2]; peak, mean: CT numbers [HU]; weight: 1 to 4 by the peak
    """

    z: float
    y: float
    x: float
    area: float
    peak: float
    mean: float
    weight: int


@dataclass(frozen=True)
class CalciumScore:
    """Scores of a CT.

    agatston: [1], that of slices of 3 mm; volume: of voxels in lesions [m3]
    mass: of hydroxyapatite [kg], from their mean CT number, by the slope of HAP
    threshold: used [HU]; lesions: those counted
    """

    agatston: float
    volume: float
    mass: float
    threshold: float
    lesions: tuple[Lesion, ...]

    def __str__(self) -> str:
        return (
            f"Agatston {self.agatston:.1f}, volume {self.volume * 1e9:.1f} mm3, mass {self.mass * 1e6:.1f} "
            f"mg of hydroxyapatite; {len(self.lesions)} areas at or above {self.threshold:.0f} HU"
        )

    def _repr_html_(self) -> str:
        head = ("z [mm]", "y [mm]", "x [mm]", "area [mm2]", "peak [HU]", "mean [HU]", "weight")
        rows = (
            (*(f"{1e3 * v:.2f}" for v in (a.z, a.y, a.x)), f"{1e6 * a.area:.2f}", f"{a.peak:.0f}",
             f"{a.mean:.0f}", f"{a.weight}")
            for a in self.lesions
        )  # fmt: skip
        table = html_table(head, rows, all_of_it="to_dataframe() has all")
        shown = html_fold(f"{len(self.lesions)} areas", table) if self.lesions else Html()
        return html_whole(html_head("Calcium score", str(self)), shown)

    def to_dataframe(self) -> pandas.DataFrame:
        """A row a lesion and slice, SI and HU."""
        import pandas as pd

        return pd.DataFrame([vars(lesion) for lesion in self.lesions])


@public
def thresholds(kVp: float = 120.0, body: float = 0.2) -> tuple[float, float, float, float]:
    """CT numbers from which voxels weigh 1, 2, 3 and 4 [HU]: those of 120 kVp, scaled as HAP is.

    kVp: one that there is a spectrum for; body: water that hardens the beam [m]
    """
    factor = _hap_slope(kVp, body) / _hap_slope(xray_numbers().si("score.kVp"), body)
    one, two, three, four = (factor * xray_numbers().si(f"score.{n}") for n in LEVELS)
    return one, two, three, four


def _hap_slope(kVp: float, body: float) -> float:
    from sim.chemistry.solids import solids

    hap = solids()["HAP"]
    return ct_slope(hap.formula, hap.density, kVp, body)


@public
def calcium_score(image: xarray.DataArray) -> CalciumScore:
    """Agatston's score, volume and mass of a CT of `ct`.

    In each slice lesions are 8-connected voxels at or above 130 HU that cover at least 1 mm2; each counts its
    area in mm2 times a weight by its peak in this slice (1 from 130 HU, 2 from 200, 3 from 300, 4 from 400).
    The sum is scaled by the distance between slices over 3 mm. At other voltages all four numbers are scaled
    as the CT number of hydroxyapatite is. Mass counts the CT number from 0 HU on, as scanners do: tissue of
    50 HU adds 50 HU over the slope of HAP.
    image: in HU, of `ct`, `read_dicom` or `read_nifti`; where it does not say how thick the body is, that of
        chest_ct is taken, 20 cm of water
    Raises ConfigError for an image that does not say its voltage and voxels.
    """
    from scipy.ndimage import find_objects, label

    said = image.attrs
    if said.get("units", HOUNSFIELD) != HOUNSFIELD:
        raise ConfigError(f"calcium scores are of CT numbers (HU), and this picture is in {said['units']}.")
    missing = [n for n in ("kVp", "pixel", "spacing") if n not in said]
    if missing:
        raise ConfigError(
            f"this picture does not say {', '.join(missing)}: give it, image.assign_attrs(kVp=120) for "
            "example, lengths in m."
        )
    body = float(said.get("body", instrument(USUAL, "ct").si("body")))
    if said.get("tube"):
        raise ConfigError(f"calcium scores are defined for CT of patients, not for {said['title']}.")
    levels = thresholds(said["kVp"], body)
    pixel, found = said["pixel"] ** 2, []
    least = xray_numbers().si("score.least_area")
    z, y, x = (image[a].values for a in ("z", "y", "x"))
    for k, plane in enumerate(image.values):
        marked, _ = label(plane >= levels[0], NEIGHBOURS)
        for n, window in enumerate(find_objects(marked), 1):
            inside = marked[window] == n
            area = float(inside.sum()) * pixel
            if area < least * (1 - 1e-9):
                continue
            numbers = plane[window][inside]
            rows, columns = np.nonzero(inside)
            found.append(
                Lesion(
                    float(z[k]),
                    float(y[window[0]][rows].mean()),
                    float(x[window[1]][columns].mean()),
                    area,
                    float(numbers.max()),
                    float(numbers.mean()),
                    sum(bool(numbers.max() >= level) for level in levels),
                )
            )
    mm2, deep = 1e-6, said["spacing"]
    score = sum(a.area / mm2 * a.weight for a in found) * deep / xray_numbers().si("score.slice")
    volume = sum(a.area for a in found) * deep
    mass = (
        sum(a.area * a.mean for a in found)
        * deep
        / float(said.get("slope_HAP", _hap_slope(said["kVp"], body)))
    )
    return CalciumScore(float(score), float(volume), float(mass), levels[0], tuple(found))
