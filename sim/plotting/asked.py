"""What is asked of a picture, checked at the door: results, axes, names, colour maps, times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, nearest, shown
from sim.units import convert_number

if TYPE_CHECKING:
    from sim.run.result import Result

Times = Sequence[float | str] | float | str | None


def need_result(given: object, picture: str) -> None:
    """Refuse what is no result of a run."""
    from sim.run.result import Result

    if not isinstance(given, Result):
        raise ConfigError(
            f"{picture} needs the result of a run, not {shown(given)}; sim.simulate(scenario) returns one, "
            "and sim.load reads one from a file."
        )


def need_axes(ax: object) -> None:
    """Refuse what cannot be drawn on. ax: None, Axes, or several of them"""
    if ax is None:
        return
    given: Any = ax.ravel() if hasattr(ax, "ravel") else ax  # an array of plt.subplots
    found = list(given) if hasattr(ax, "ravel") or isinstance(ax, Sequence) else [ax]
    if isinstance(ax, str) or not found or not all(hasattr(a, "pcolormesh") for a in found):
        raise ConfigError(
            f"ax = {shown(ax)} is no matplotlib Axes; leave it out, or give one of plt.subplots()."
        )


def need_name(result: Result, name: object) -> str:
    """The name of a variable of a result; anything else is answered with the nearest."""
    result[name]  # type: ignore[index]  # a name that is not there is answered here
    return str(name)


def colour_map(name: object) -> str | None:
    """The name of a colour map of matplotlib, None for the picture's own."""
    import matplotlib

    if name is None or (isinstance(name, str) and name in matplotlib.colormaps):
        return name
    own = getattr(name, "name", None)
    if isinstance(own, str) and own in matplotlib.colormaps:  # a Colormap itself
        return own
    raise ConfigError(
        f"cmap = {shown(name)} is not a colour map of matplotlib.{nearest(name, list(matplotlib.colormaps))} "
        "viridis, cividis and magma can be read in grey and by the colour-blind."
    )


def moments(result: Result, at: Times) -> list[float]:
    """Times [s] within a result; its end when None."""
    if at is None:
        return [float(result.t[-1])]
    if isinstance(at, Mapping) or (hasattr(at, "__len__") and not isinstance(at, str) and not len(at)):
        raise ConfigError(f"at = {shown(at)} names no time; give one, '3 day', or a list of them.")
    return [convert_number(t, "s", "at") for t in as_list(at)]


def moment(result: Result, at: float | str | None) -> float:
    """One time [s]; the end of a result when None."""
    return float(result.t[-1]) if at is None else convert_number(at, "s", "at")


def like_results(given: object, name: str, unit: str) -> list[Result]:
    """The results of which a picture takes the scale too. unit: what they must have the variable in [SI]"""
    found = [] if given is None else as_list(given)
    for other in found:
        if getattr(other, "manifest", None) is None:
            raise ConfigError(
                f"like = {shown(other)} is no result of a run; give one of sim.simulate, or several."
            )
        need_name(other, name)
        if str(other[name].attrs.get("units", "1")) != unit:
            raise ConfigError(f"{name} of a result in `like` is not in {unit}, as that of the picture is.")
    return found


def as_list(given: Any) -> list[Any]:
    """A list of what was given alone or as several."""
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        return [given]
    return list(given)
