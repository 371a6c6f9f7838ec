"""A run as tables: its course in time, and its profiles over space. CSV by any spreadsheet's reading."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, unknown
from sim.files import write_whole
from sim.texts import DAY

if TYPE_CHECKING:
    import xarray

FILES = ("course.csv", "profile.csv")


def chosen(data: xarray.Dataset, names: Sequence[str] | str | None) -> list[str]:
    """Variables over time with a number in each cell: all, or those asked for in the order asked."""
    space = set(data["volume"].dims)
    there = [
        str(n) for n, v in data.data_vars.items()
        if set(v.dims) == {"time", *space} and v.dtype.kind in "fiu"
    ]  # fmt: skip
    wanted = [names] if isinstance(names, str) else names
    for name in wanted or ():
        if name not in there:
            raise ConfigError(unknown("a variable that this result has in its cells", name, there))
    if wanted is not None and not len(wanted):
        raise ConfigError("names = [] asks for nothing; name one, such as 'HAP', or leave it out for all.")
    return there if wanted is None else list(dict.fromkeys(wanted))


def course(
    data: xarray.Dataset, ledger: xarray.DataArray | None, names: Sequence[str] | str | None = None
) -> tuple[list[str], np.ndarray]:
    """Headings and rows of the course: time; mean, total, lowest, highest of each variable; the ledger.

    Means are weighted with volumes; a total is the integral over the tissue.
    """
    t, volume = data["time"].values, data["volume"]
    space = volume.dims
    heads, columns = ["time [s]", "time [day]"], [t, t / DAY]
    for name in chosen(data, names):
        unit = data[name].attrs.get("units", "1")
        total = (data[name] * volume).sum(space)
        found = {
            "mean": total / volume.sum(),
            "lowest": data[name].min(space),
            "highest": data[name].max(space),
        }
        if unit.endswith(" m-3"):  # of an amount per volume; a volume integral of a pH means nothing
            heads.append(f"total {name} [{unit.removesuffix(' m-3')}]")
            columns.append(total.values)
        for word, values in found.items():
            heads.append(f"{word} {name} [{unit}]")
            columns.append(values.values)
    if ledger is not None and names is None:
        for element in ledger["element"].values:
            for pool in ledger["pool"].values:
                heads.append(f"ledger {element}: {pool} [mol]")
                columns.append(ledger.sel(element=element, pool=pool).values)
    return heads, np.stack(columns, axis=1) if columns else np.zeros((t.size, 0))


def profile_rows(data: xarray.Dataset, names: Sequence[str]) -> tuple[list[str], Iterator[list[Any]]]:
    """Headings and rows of the profiles: a row for each time and cell, time first, then the place."""
    axes = sorted(str(d) for d in data["volume"].dims)
    heads = ["time [s]", "time [day]", *(f"{a} [mm]" for a in axes), "layer"]
    heads += [f"{n} [{data[n].attrs.get('units', '1')}]" for n in names]
    order = axes[::-1]  # x varies fastest

    def flat(values: xarray.DataArray) -> list[Any]:
        return values.transpose(*order).values.ravel().tolist()

    def rows() -> Iterator[list[Any]]:
        shape = [data.sizes[a] for a in order]
        places = [np.broadcast_to(_along(data[a].values, order.index(a), len(order)), shape) for a in axes]
        fixed = [(1e3 * p).ravel().tolist() for p in places] + [flat(data["layer"])]
        for k, t in enumerate(data["time"].values.tolist()):
            values = [flat(data[n].isel(time=k)) for n in names]
            for row in zip(*fixed, *values, strict=True):
                yield [t, t / DAY, *row]

    return heads, rows()


def write_tables(
    folder: str | os.PathLike[str],
    data: xarray.Dataset,
    ledger: xarray.DataArray | None,
    names: Sequence[str] | str | None = None,
    of_profile: xarray.Dataset | None = None,
) -> list[Path]:
    """Write course.csv and profile.csv; returns their paths. Folders that are missing are made.

    of_profile: the times of the dataset whose profiles are written; all when None
    """
    wanted = chosen(data, names)
    folder = Path(folder).expanduser()
    heads, table = course(data, ledger, names)
    contents: list[tuple[list[str], Any]] = [
        (heads, table.tolist()),
        profile_rows(data if of_profile is None else of_profile, wanted),
    ]
    return [
        write_whole(folder / file, _writer(*content), make_folders=True)
        for file, content in zip(FILES, contents, strict=True)
    ]


def _along(values: np.ndarray, axis: int, count: int) -> np.ndarray:
    return values.reshape([-1 if k == axis else 1 for k in range(count)])


def _writer(heads: list[str], rows: Any) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        with open(file, "w", encoding="utf-8", newline="") as stream:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(heads)
            for row in rows:  # numbers in the fewest digits that give them back
                writer.writerow(row)
                if text.tell() > 1_000_000:
                    stream.write(text.getvalue())
                    text.seek(0)
                    text.truncate()
            stream.write(text.getvalue())

    return write
