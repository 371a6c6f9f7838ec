"""How a measured volume lies on a grid, and what of it counts: the one list of what a map may be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from sim.errors import ScenarioError, shown, unknown
from sim.units import convert_number
from sim.voxels.volume import sides


class Lying(TypedDict, total=False):
    """What a map may be told beside its numbers; every one can be left out.

    least: voxels below it [mg/mL, or of the factor] hold nothing; they are counted in `cleared`. It takes
        noise away and mineral with it. None: voxels below zero are refused, unless `reach` is given
    reach: one and a half times the point spread of the scan [m or text]. What counts is then not told by a
        threshold, voxel by voxel, but is connected mineral and all that lies as near to it as this; there
        voxels below zero count as well, so that noise has no mean. See sim.space.maps.support
    noise: its standard deviation in a voxel, for `reach` [mg/mL]; what voxels below zero tell when None
    centre: where the middle of the volume lies in the tissue (x, y, z) [m or text]; the place that hapsim
        wrote into a file of its own, else the origin
    plane: z of the slice that a grid without z takes [m or text]; the mean over z when None
    length: of the tissue along axes that the grid lacks [m or text], about the origin: what means are taken
        over; the whole volume when None, with what lies around the tissue
    whole: whether the tissue ends within the volume along those axes, so that all that voxels hold is held by
        `length`, also what slices and blur took beyond its ends. Else the tissue goes on, and is cut there
    spacing: sides of voxels along z, y and x [m or text], of pictures, which do not tell
    region: the layer or region where the map acts; everywhere when empty
    """

    least: float | None
    reach: float | str | None
    noise: float | None
    centre: Sequence[float | str]
    plane: float | str | None
    length: float | str | None
    whole: bool
    spacing: float | str | Sequence[float | str]
    region: str


# What each is when it is left out.
USUAL: Lying = {
    "least": None, "reach": None, "noise": None, "centre": (), "plane": None, "length": None, "whole": False,
    "spacing": (), "region": "",
}  # fmt: skip
LENGTHS = ("reach", "plane", "length")
AMOUNTS = ("least", "noise")


def as_numbers(owner: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All of a `Lying` in SI and checked. owner: for the sentences"""
    for name in given:
        if name not in USUAL:
            raise ScenarioError(f"{owner}: {unknown('an argument of a map', name, USUAL)}")
    told: dict[str, Any] = {**USUAL, **given}
    found: dict[str, Any] = {
        "region": told["region"],
        "whole": told["whole"],
        "spacing": sides(told["spacing"]),
    }
    for name in (*LENGTHS, *AMOUNTS):
        unit = "m" if name in LENGTHS else "1"
        value = told[name]
        found[name] = None if value is None else convert_number(value, unit, f"{owner}: {name}")
    for name in ("reach", *AMOUNTS):
        if found[name] is not None and found[name] < 0:
            raise ScenarioError(f"{owner}: {name} = {shown(told[name])} is below 0.")
    if found["length"] is not None and not found["length"] > 0:
        raise ScenarioError(f"{owner}: length = {shown(told['length'])} must be a positive length.")
    if not isinstance(told["whole"], bool) or (told["whole"] and found["length"] is None):
        raise ScenarioError(
            f"{owner}: whole = {shown(told['whole'])} is True or False, and True needs length, of the tissue."
        )
    if found["reach"] is not None and found["least"] is not None:
        raise ScenarioError(f"{owner}: least and reach are two ways to treat noise; give one of them.")
    if found["noise"] is not None and found["reach"] is None:
        raise ScenarioError(
            f"{owner}: noise is for reach, how far about mineral voxels count; give that too."
        )
    if len(told["centre"]) not in (0, 3):
        raise ScenarioError(
            f"{owner}: centre = {shown(told['centre'])} must be three lengths, along x, y and z."
        )
    found["centre"] = tuple(convert_number(c, "m", f"{owner}: centre") for c in told["centre"])
    return found
