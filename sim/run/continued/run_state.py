"""The state of a run that another can go on from, read from its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sim.errors import ScenarioError
from sim.run.continued import state_tables as names
from sim.run.continued.history import recipes
from sim.texts import typed_time
from sim.units import convert_number

if TYPE_CHECKING:
    import xarray


class ResultToRead(Protocol):
    """What is read of a Result."""

    @property
    def dataset(self) -> xarray.Dataset: ...
    @property
    def tables(self) -> xarray.Dataset: ...
    @property
    def manifest(self) -> dict: ...
    @property
    def t(self) -> np.ndarray: ...
    @property
    def space(self) -> tuple[str, ...]: ...
    @property
    def pools(self) -> dict[str, np.ndarray]: ...
    @property
    def elements(self) -> tuple[str, ...]: ...
    @property
    def message(self) -> str: ...


SAME_OUTPUT = 1e-9  # of the time of a state; outputs closer than that have the same name


@dataclass(frozen=True, eq=False)
class RunState:
    """All that decides how a run goes on.

    time [s]: of the lesion, from the first start on; at_end: whether this is where the run ended
    species, units; amounts (n, s): per volume of tissue, cell by cell
    mobile; entered (2, m) [mol]: what came through boundaries and through perfusion since the first start
    elements; first, contents, by_hand (e,) [mol]: contents at the first start, contents now less what
        entered, and what interventions changed
    edges: {axis: faces of cells [m]}; kind, outer geometry in words
    manifest: of the run that it is a state of
    """

    time: float
    at_end: bool
    species: tuple[str, ...]
    units: tuple[str, ...]
    amounts: np.ndarray
    mobile: tuple[str, ...]
    entered: np.ndarray
    elements: tuple[str, ...]
    first: np.ndarray
    contents: np.ndarray
    by_hand: np.ndarray
    edges: dict[str, np.ndarray]
    kind: str
    manifest: dict[str, Any]

    @property
    def parent(self) -> dict[str, Any]:
        """What a manifest says of the run that this is a state of."""
        m = self.manifest
        return {
            "hash": m.get("hash", ""), "scenario": m["scenario"], "time": self.time, "at_end": self.at_end,
            "status": m["status"],
        }  # fmt: skip

    @property
    def history(self) -> list[dict[str, Any]]:
        """How all runs before were made, the first one first."""
        return recipes(self.manifest)


def state_of(result: ResultToRead, at: float | str | None = None) -> RunState:
    """The state where a run ended, or at one of its output times [s or text].

    Raises ScenarioError where the result does not hold it.
    """
    if names.AMOUNTS not in result.tables.variables:
        raise ScenarioError(
            f"this result of {result.manifest['scenario']} holds no state to go on from: it was written by "
            "an older hapsim, or made of a part of a result. Run its scenario again."
        )
    end = float(result.manifest["t_end"])
    time = end if at is None else _output_time(result, at)
    return _at_end(result, end) if time == end else _at_output(result, time)


def _at_end(result: ResultToRead, time: float) -> RunState:
    held = result.tables
    amounts = held[names.AMOUNTS].transpose("end_cell", "species").values
    if not np.isfinite(amounts).all():
        raise ScenarioError(
            f"the run ended at {typed_time(time)} with numbers that are not finite: {result.message} Go on "
            f"from an earlier output, at='{typed_time(float(result.t[-1]))}'."
        )
    entered = held[names.ENTERED_AT_END].transpose("end_side", "end_mobile").values
    ledger = (held[names.END].values, held[names.BY_HAND].values)
    return _made(result, time, True, amounts, entered, ledger)


def _at_output(result: ResultToRead, time: float) -> RunState:
    """As the dataset has it: concentrations of what is mobile are turned back into amounts."""
    k = int(np.flatnonzero(result.t == time)[0])
    species = [str(n) for n in result.tables["species"].values]
    mobile = [str(n) for n in result.tables["end_mobile"].values]
    missing = [n for n in (*species, "porosity") if n not in result.dataset]
    if missing:
        raise ScenarioError(
            f"at = {typed_time(time)}: the result holds {missing[0]} where the run ended only, for it keeps "
            "some variables. Go on from its end, or run it again with all."
        )
    grid_order = tuple(reversed(result.space))  # x first: the order of cells
    columns = []
    for name in species:
        held = result.dataset[name].isel(time=k)
        c = held.transpose(*grid_order).values.reshape(-1)
        if name in mobile:
            porosity = result.dataset["porosity"].isel(time=k).transpose(*grid_order).values.reshape(-1)
            c = c * porosity
        columns.append(c)
    entered = result.tables[names.ENTERED].transpose("time", "end_side", "end_mobile").values[k]
    contents, by_hand = np.zeros(len(result.elements)), np.zeros(len(result.elements))
    for pool, amounts in result.pools.items():
        if pool == "interventions":
            by_hand = amounts[k]
        else:
            contents = contents + (-amounts[k] if pool.startswith("supplied by ") else amounts[k])
    return _made(result, time, False, np.stack(columns, axis=1), entered, (contents, by_hand))


def _made(
    result: ResultToRead, time: float, at_end: bool, amounts: np.ndarray, entered: np.ndarray,
    ledger: tuple[np.ndarray, np.ndarray],
) -> RunState:  # fmt: skip
    held, m = result.tables, result.manifest
    axes = [str(n).removesuffix("_edges") for n in held.coords if str(n).endswith("_edges")]
    return RunState(
        time, at_end,
        tuple(str(n) for n in held["species"].values), tuple(str(u) for u in held[names.UNITS].values),
        np.array(amounts, float),
        tuple(str(n) for n in held["end_mobile"].values), np.array(entered, float),
        tuple(str(n) for n in held["element"].values), np.array(held[names.FIRST].values, float), *ledger,
        {a: held[f"{a}_edges"].values for a in axes}, str(m.get("geometry_kind", "")), m,
    )  # fmt: skip


def _output_time(result: ResultToRead, at: float | str) -> float:
    """The output that is meant [s]: of two at one moment, before and after a step, the one before."""
    wanted = convert_number(at, "s", "at")
    found = np.flatnonzero(np.abs(result.t - wanted) <= SAME_OUTPUT * max(abs(wanted), 1e-300))
    exact = np.flatnonzero(result.t == wanted)
    if exact.size or found.size:
        return float(result.t[exact[0] if exact.size else found[0]])
    near = sorted(sorted(result.t.tolist(), key=lambda t: abs(t - wanted))[:2])
    words = " and ".join(typed_time(t) for t in near)
    raise ScenarioError(
        f"at = {typed_time(wanted) if wanted >= 0 else at} is not an output of this result; those nearest to "
        f"it are {words}. Take one of them, or run it again with times that have it."
    )
