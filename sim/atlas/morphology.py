"""Where mineral lies in a lesion, in a word, by one rule for all geometries.

The lesion is what is dead or dying at the start, lumina with blood apart; where nothing is, the whole
tissue. Depth runs from 0 at its centre to 1 at its edge, by the distance to the edge of the piece of lesion.
Along a line the centre is the axis or mid-plane where the lesion reaches it; else, as of the core of a wall,
what lies half-way between its two edges. The deposit is where calcium in solids reaches half of its peak. It
is called

    none      when the peak stays below what a run tells as an onset
    points    when it falls into three pieces or more, none of them wide (in a plane or box; pieces that lie
              nearer to each other than three cells are one)
    bands     when it lies at several depths with less than half between them, or at one within
    diffuse   when it takes half of the depth or more
    rim       when it reaches the edge, or lies in the outer part of the depth alone
    core      when it reaches the centre

The numbers are in data/atlas/rules.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.parameters import Parameters, load_parameters
from sim.public import public

if TYPE_CHECKING:
    from sim.run.result import Result

WORDS = ("none", "rim", "core", "diffuse", "bands", "points")
VARIABLE = "Ca_in_mineral"
DEPTHS = 40  # bins of depth in a plane or box, at most; none is thinner than a cell
ALL_WATER = 0.95  # share of a place that is all water
ALIVE = 0.5  # share of living tissue below which a place belongs to the lesion
DYING = ("doomed", "leaky")


@public
@dataclass(frozen=True)
class Morphology:
    """Where mineral lies. word: one of WORDS

    peak: calcium in solids where there is most [mol m-3]; first, last: depths between which the deposit
    lies [0 centre, 1 edge]; share: of the depth that it takes; pieces: how many there are
    """

    word: str
    peak: float
    first: float = 0.0
    last: float = 0.0
    share: float = 0.0
    pieces: int = 0

    def __str__(self) -> str:
        if self.word == "none":
            return "none"
        place = f"depth {self.first:.2f}-{self.last:.2f}" + f", {self.pieces} pieces" * (self.pieces > 1)
        return f"{self.word} ({place})"


@lru_cache
def atlas_rules() -> Parameters:
    """The numbers of the rules."""
    return load_parameters(resources.files("sim") / "data" / "atlas" / "rules.toml")


@public
def morphology(result: Result, at: int = -1) -> Morphology:
    """Where the mineral of a result lies. at: which output, the last unless given."""
    mineral = np.asarray(result.array_of(VARIABLE)[at], dtype=float)
    rules = atlas_rules()
    if mineral.ndim == 0:
        raise ConfigError("a stirred run has no places; its mineral has no morphology.")
    peak = float(np.nanmax(mineral, initial=0.0))
    if peak < rules.si("morphology.least"):
        return Morphology("none", peak)
    lesion = _lesion(result) & ~np.isnan(mineral)
    mineral = np.nan_to_num(mineral)
    if not (mineral[lesion] >= rules.si("morphology.level") * peak).any():
        lesion = np.ones_like(lesion)  # it lies in tissue that lives
    here = np.where(lesion, mineral, 0.0)
    peak = float(here.max())
    if mineral.ndim == 1:
        return _of_depth(*_line(result, here, lesion), peak, 0)
    return _of_pieces(here, lesion, peak)


def _lesion(result: Result) -> np.ndarray:
    """(*space) whether a place is dead or dying at the start, or dies later; all where none is."""
    dead = np.zeros(result.array_of(VARIABLE).shape[1:], bool)
    if "viable" in result.dataset:
        dead |= np.asarray(result.array_of("viable")).min(0) < ALIVE
    for name in DYING:
        if name in result.dataset:
            dead |= np.asarray(result.array_of(name))[0] > ALIVE
    dead &= ~_blood(result)
    return dead if dead.any() else np.ones_like(dead)


def _blood(result: Result) -> np.ndarray:
    """(*space) whether a place is a lumen: all water, and renewed by blood."""
    layer, p = np.asarray(result.array_of("layer")), result.manifest.get("parameters", {})
    known = result.parameters if p else {}

    def value(name: str) -> float:
        return known[name].si if name in known else 0.0

    least = atlas_rules().si("morphology.blood")
    lumina = [
        place for place in dict.fromkeys(layer.ravel().tolist())
        if value(f"{place}.perfusion") >= least and value(f"{place}.phi0") >= ALL_WATER
    ]  # fmt: skip
    return np.isin(layer, lumina)


def _line(result: Result, here: np.ndarray, lesion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of a lesion on a line: rising depths, the share of the depth that each takes, mineral there.

    From the axis or mid-plane outwards, or from half-way between its two edges to both, of which the mean
    counts, as it does in a plane.
    """
    (axis,) = result.space
    at = np.flatnonzero(lesion)
    inside = slice(at[0], at[-1] + 1)
    edges = np.asarray(result.tables[f"{axis}_edges"])[at[0] : at[-1] + 2]
    middle = edges[0] if at[0] == 0 else 0.5 * (edges[0] + edges[-1])
    half = edges[-1] - middle
    steps = np.unique(np.round(np.abs(np.append(edges, middle) - middle) / half, 12))
    depth, width = 0.5 * (steps[1:] + steps[:-1]), np.diff(steps)
    sides = (1.0,) if at[0] == 0 else (1.0, -1.0)
    cells = [np.searchsorted(edges, middle + side * half * depth) - 1 for side in sides]
    return depth, width, np.mean([here[inside][k] for k in cells], axis=0)


def _of_pieces(here: np.ndarray, lesion: np.ndarray, peak: float) -> Morphology:
    """A plane or box: pieces of the deposit first, then the mean over depth."""
    from scipy import ndimage

    rules = atlas_rules()
    deposit = here >= rules.si("morphology.level") * peak
    near = np.ones((3,) * here.ndim)  # what lies nearer than three cells is one piece: no grid tells it apart
    labels, count = ndimage.label(ndimage.binary_dilation(deposit, near), near)
    labels[~deposit] = 0
    spans = [max(s.stop - s.start for s in where) for where in ndimage.find_objects(labels)]
    depth, cells_deep = _depths(lesion)
    small = max(spans, default=0) <= rules.si("morphology.small") * max(here.shape)
    if count >= rules.si("morphology.pieces") and small:
        inside = depth[deposit]
        return Morphology("points", peak, float(inside.min()), float(inside.max()), 0.0, count)
    depths = int(np.clip(cells_deep, 1, DEPTHS))
    bins = np.clip((depth[lesion] * depths).astype(int), 0, depths - 1)
    cells = np.bincount(bins, minlength=depths)
    full = cells > 0
    means = np.bincount(bins, here[lesion], depths)[full] / cells[full]
    middles = ((np.arange(depths) + 0.5) / depths)[full]
    return _of_depth(middles, np.full(middles.size, 1.0 / middles.size), means, peak, count)


def _depths(lesion: np.ndarray) -> tuple[np.ndarray, float]:
    """0 at the centre and 1 at the edge of each piece of the lesion, by the distance to what is not lesion;
    where all is lesion, to the edge of the picture. And how many cells deep the deepest is."""
    from scipy import ndimage

    padded = np.pad(lesion, 1, mode="constant" if lesion.all() else "edge")
    inside = ndimage.distance_transform_edt(padded)[(slice(1, -1),) * lesion.ndim]
    labels, count = ndimage.label(lesion)
    found = np.ones(lesion.shape)
    for k in range(1, count + 1):
        piece = labels == k
        deepest = max(inside[piece].max() - 0.5, 0.5)
        found[piece] = 1.0 - np.clip((inside[piece] - 0.5) / deepest, 0.0, 1.0)
    return found, float(inside.max())


def _of_depth(
    depth: np.ndarray, width: np.ndarray, mineral: np.ndarray, peak: float, pieces: int
) -> Morphology:
    """The word for a course over depth. depth, width, mineral (n,): rising depths, shares, calcium"""
    rules = atlas_rules()
    own = float(mineral.max(initial=0.0))
    over = mineral >= rules.si("morphology.level") * own
    share = float(width[over].sum() / width.sum())
    at = np.flatnonzero(over)
    runs = int(1 + np.count_nonzero(np.diff(at) > 1))
    first, last = float(depth[at[0]] - width[at[0]] / 2), float(depth[at[-1]] + width[at[-1]] / 2)
    near, outer = rules.si("morphology.near"), rules.si("morphology.outer")
    if runs > 1:
        word = "bands"
    elif share >= rules.si("morphology.wide"):
        word = "diffuse"
    elif last >= 1.0 - near or first >= outer:
        word = "rim"
    elif first <= near:
        word = "core"
    else:
        word = "bands"
    return Morphology(word, peak, max(first, 0.0), min(last, 1.0), share, pieces or runs)
