"""A stained section of a result: a picture in red, green and blue with the truth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.chemistry.solids import solids
from sim.errors import ConfigError
from sim.experiment.places import ALIVE
from sim.imaging.sections.cells import DEAD, DYING, LIVING, MATRIX, CellPixels, CellShares, cells_of
from sim.imaging.sections.lattice import roughness
from sim.imaging.sections.planes import Window, window
from sim.imaging.sections.sampling import Sampler, at_time, half_extents, time_of
from sim.imaging.sections.stains import CHANNELS, Stain, histology_numbers, picture_of, relative, stain
from sim.imaging.xray.tissues import tissue_of
from sim.public import public
from sim.space.chance import seed_number
from sim.units import convert_number

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

CALCIUM = "Ca_in_mineral"
SOLID = "HAP"  # what calcium in solids is taken for
FAT = "fat"  # which is washed out of sections in paraffin
GONE = ("doomed", "leaky")  # states of cells on their way to death
PARTS = {MATRIX: "matrix", LIVING: "living", DYING: "living", DEAD: "dead"}


@public
def histology(
    result: Result,
    at: float | str | None = None,
    stain: str = "he",
    magnification: float | None = None,
    normal: str | Sequence[float] = "z",
    centre: Sequence[float | str] = (0.0, 0.0, 0.0),
    width: float | str | None = None,
    height: float | str | None = None,
    thickness: float | str | None = None,
    seed: int = 0,
) -> xarray.Dataset:
    """A stained section through a result.

    at: the time [s or text]; the end when None · stain: "he", "von_kossa" or "alizarin_red"
    magnification: of the objective, 20 for 0.5 um a pixel; one that shows the window when None
    normal: of the plane, "x", "y", "z" or three numbers; centre: a point of it (x, y, z) [m or text]
    width, height: of the window [m or text]; the whole section when None
    thickness: of the section [m or text], 4 um when None · seed: of cells and grain
    Returns `picture` (y, x, channel) uint8, top row first, and the truth: `calcium` of the model and `drawn`
    with its grain (y, x) [mol m-3], `tissue` (y, x), where there is any. x and y [m] lie in the plane.
    Cells, nuclei and grain are drawn by chance between what the model knows, and stand for no cell of the
    model. Raises ConfigError.
    """
    made = _stain(stain)
    seed_number(seed, "histology")
    known = histology_numbers()
    thick = (
        known.si("section.thickness") if thickness is None else convert_number(thickness, "m", "thickness")
    )
    if not thick > 0:
        raise ConfigError(f"thickness = {thickness} must be a positive length, such as '4 um'.")
    time = time_of(result, at)
    frame = window(half_extents(result), normal, centre, (width, height), magnification)
    pixels = Sampler(result, frame.points(frame.v[:, None], frame.u[None, :]))
    calcium = np.maximum(pixels(at_time(result, CALCIUM, time)), 0.0)  # undershoot of the solver
    drawn = _grained(calcium, _rough(frame, seed, "grain", "grain.size", "grain.strength"))
    cells = cells_of(frame.v, frame.u, _shares(result, time, frame), thick, seed, f"cells {frame.name}")
    left = 1.0 - known.si("tissue.washed") * pixels(_fat(result))
    amounts = amounts_of(made, cells, drawn, left * _texture(frame, seed))
    scale = relative(thick) * pixels.inside
    picture = picture_of({dye: scale * amount for dye, amount in amounts.items()})
    facts = {
        "modality": "histology", "simulated": "yes", "stain": made.name, "stain_title": made.title,
        "magnification": frame.magnification, "pixel": frame.pixel, "thickness": thick, "seed": seed,
        "normal": str(normal), "time": time, "scenario": str(result.manifest["scenario"]),
        "run": str(result.manifest["hash"]),
    }  # fmt: skip
    return _labelled(picture, {"calcium": calcium, "drawn": drawn}, pixels.inside, frame, facts)


_stain = stain  # the argument of `histology` has the same name


def amounts_of(
    made: Stain, cells: CellPixels, calcium: np.ndarray, texture: np.ndarray
) -> dict[str, np.ndarray]:
    """{dye: optical density (y, x)} of a section of the customary thickness.

    calcium: [mol m-3] · texture: what dye in tissue is multiplied with. Mineral takes the place of tissue
    as it takes up its dye.
    """
    known = histology_numbers()
    uptake = made.uptake(calcium)
    tissue = texture * (1.0 - known.si("tissue.pale") * cells.border) * (1.0 - uptake)
    strength = np.array([0.0, 1.0, known.si("tissue.darkening"), known.si("tissue.ghost")])[cells.kind]
    nuclear = cells.nucleus * np.minimum(
        strength, 1.0
    )  # share of the pixel whose cytoplasm a nucleus replaces
    found = {}
    for dye in made.dyes:
        of = {part: table.get(dye, 0.0) for part, table in made.parts.items()}
        around = np.array([of[PARTS[k]] for k in sorted(PARTS)])[cells.kind]
        nucleus = of.get("nucleus", 0.0) * np.maximum(strength, 1.0)
        found[dye] = tissue * ((1.0 - nuclear) * around + nuclear * nucleus) + of["mineral"] * uptake
    return found


def _rough(frame: Window, seed: int, stream: str, size: str, strength: str) -> np.ndarray:
    """A lognormal factor of mean 1 (y, x); what varies within a pixel is averaged away."""
    known = histology_numbers()
    length = known.si(size)
    deviation = known.si(strength) * min(1.0, length / frame.pixel)
    field = roughness(seed, f"{stream} {frame.name}", frame.v, frame.u, max(length, frame.pixel))
    return np.exp(deviation * field - 0.5 * deviation**2)


def _grained(calcium: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Calcium [mol m-3] times a factor where there is room; solid mineral stays solid."""
    solid = solids()[SOLID]
    most = solid.contains["Ca"] / solid.volume.si
    share = np.minimum(calcium / most, 1.0 - 1e-9)
    odds = share / (1.0 - share) * factor
    return most * odds / (1.0 + odds)


def _texture(frame: Window, seed: int) -> np.ndarray:
    fine = _rough(frame, seed, "fine", "texture.fine", "texture.strength")
    return fine * _rough(frame, seed, "coarse", "texture.coarse", "texture.strength")


def _fat(result: Result) -> np.ndarray:
    """Whether a cell of the model is fat (*space), by data/imaging/regions.toml."""
    layer, scenario = result.array_of("layer"), str(result.manifest["scenario"])
    fat = {str(name): tissue_of(str(name), scenario) == FAT for name in np.unique(layer)}
    return np.array([fat[str(n)] for n in layer.ravel()], float).reshape(layer.shape)


def _shares(result: Result, time: float, frame: Window) -> Any:
    """What `cells_of` asks: shares of cells at places on the plane."""
    fields = _cell_fields(result, time)

    def at(v: np.ndarray, u: np.ndarray) -> CellShares:
        places = Sampler(result, frame.points(v, u))
        return CellShares(*(places(field) for field in fields))

    return at


def _cell_fields(result: Result, time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CellShares (*space) of cells that there were at most until now, that live, that are dying."""
    names = [n for n in (ALIVE, *GONE) if n in result.dataset]
    shape = result.array_of("volume").shape
    none = np.zeros(shape[-len(result.space) :])
    if not names:
        return none, none, none
    now = {n: np.maximum(at_time(result, n, time), 0.0) for n in names}
    until = result.t <= time
    until[0] = True
    before = np.sum([np.maximum(result.array_of(n)[until], 0.0) for n in names], axis=0).max(axis=0)
    living = now.pop(ALIVE, none)
    dying = np.sum(list(now.values()), axis=0) if now else none
    return np.maximum(before, living + dying), living, dying


def _labelled(
    picture: np.ndarray,
    truth: dict[str, np.ndarray],
    inside: np.ndarray,
    frame: Window,
    facts: dict[str, Any],
) -> xarray.Dataset:
    """Rows from the top down, as pictures have them."""
    import xarray as xr

    words = {
        "calcium": "calcium in solids, mean of the model",
        "drawn": "calcium in solids as drawn, with grain",
    }
    data: dict[str, Any] = {
        name: (("y", "x"), values[::-1], {"units": "mol m-3", "long_name": words[name]})
        for name, values in truth.items()
    }
    data["picture"] = (("y", "x", "channel"), picture[::-1], {"units": "1", "long_name": "colour, white 255"})
    data["tissue"] = (("y", "x"), inside[::-1], {"units": "1", "long_name": "whether there is tissue"})
    at = {
        "y": ("y", frame.v[::-1], {"units": "m", "long_name": "upwards in the plane"}),
        "x": ("x", frame.u, {"units": "m", "long_name": "to the right in the plane"}),
        "channel": ("channel", list(CHANNELS)),
    }
    return xr.Dataset(data, coords=at, attrs=facts)
