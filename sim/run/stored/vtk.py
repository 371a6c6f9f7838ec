"""A result as files for ParaView: an image per output time (.vti), and a collection with the times (.pvd).

VTK's XML format, "appended raw": a header of text, then each array as its length in bytes (UInt64)
and its numbers, little-endian. https://docs.vtk.org/en/latest/design_documents/VTKFileFormats.html
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import quoteattr

import numpy as np

from sim.errors import ConfigError, nearest
from sim.files import safe_name, write_bytes, write_text

if TYPE_CHECKING:
    import xarray

TYPES = {"f8": "Float64", "i4": "Int32"}
UNEVEN = 1e-6  # of a cell's size: more, and the grid is not even


class ImageGrid(NamedTuple):
    """The grid of an image along x, y and z. origin, spacing: [m] · cells: their number, 0 across a plane"""

    origin: list[float]
    spacing: list[float]
    cells: list[int]


class CellArray(NamedTuple):
    """A number in each cell of an image, x fastest, little-endian."""

    name: str
    unit: str
    values: np.ndarray


def write(
    data: xarray.Dataset, path: str | os.PathLike, title: str, names: Sequence[str] | None = None
) -> Path:
    """Write every output time of a rectangle or box; returns the path of the collection.

    path: a folder, or a file in it that ends in .pvd; else the collection is called `title`.pvd
    names: the variables to write; all that have a value in each cell when None
    Lengths are in m, times in s, values in the units of the dataset. A cell's layer is a number
    whose meaning is in the array's name.
    """
    axes = tuple(sorted(str(d) for d in data["volume"].dims))  # by name: y lies before x
    if axes not in (("x", "y"), ("x", "y", "z")):
        raise ConfigError(
            "VTK files show a rectangle or a box; this result has "
            + (f"one axis only, {axes[0]}: " if axes else "no place: ")
            + "`hapsim export RESULT.nc --csv FOLDER`, or result.to_csv(folder), is the better export."
        )
    wanted = _chosen(data, axes, names)
    image, layer = _image(data, axes), _layer(data, axes)
    path = Path(path).expanduser()
    collection = path if path.suffix == ".pvd" else path / f"{safe_name(title)}.pvd"
    rows = []
    for k, t in enumerate(data["time"].values):
        arrays = [layer]
        for name in wanted:
            values = data[name].isel(time=k) if "time" in data[name].dims else data[name]
            arrays.append(CellArray(name, data[name].attrs.get("units", "1"), _flat(values, axes, "f8")))
        file = collection.with_name(f"{collection.stem}_{k:04d}.vti")
        write_bytes(file, _image_file(float(t), image, arrays), make_folders=True)
        rows.append(f'    <DataSet timestep="{float(t)!r}" part="0" file={quoteattr(file.name)}/>\n')
    text = _opening("Collection") + "  <Collection>\n" + "".join(rows) + "  </Collection>\n</VTKFile>\n"
    return write_text(collection, text, make_folders=True)


def _chosen(data: xarray.Dataset, axes: tuple[str, ...], names: Sequence[str] | None) -> list[str]:
    """Numbers that every cell has, in the dataset's order, or those asked for."""
    there = [
        str(n)
        for n, v in data.data_vars.items()
        if set(axes) <= set(v.dims) <= {"time", *axes} and v.dtype.kind == "f"
    ]
    for name in names or ():
        if name not in there:
            raise ConfigError(f"the cells of this result have no '{name}'.{nearest(name, there)}")
    return there if names is None else list(dict.fromkeys(names))


def _image(data: xarray.Dataset, axes: tuple[str, ...]) -> ImageGrid:
    """The grid of the dataset; a rectangle is flat."""
    origin, spacing, cells = [0.0] * 3, [1.0] * 3, [0] * 3
    for d, axis in enumerate(axes):
        edges = data[f"{axis}_edges"].values
        steps = np.diff(edges)
        step = float(steps.mean())
        if np.ptp(steps) > UNEVEN * step:
            raise ConfigError(f"VTK images need equal cells; those along {axis} differ in size.")
        origin[d], spacing[d], cells[d] = float(edges[0]), step, steps.size
    if len(axes) == 2:
        spacing[2] = min(spacing[:2])
    return ImageGrid(origin, spacing, cells)


def _layer(data: xarray.Dataset, axes: tuple[str, ...]) -> CellArray:
    """The layer of each cell as a number, counted from the centre outwards."""
    layer = data["layer"].transpose(*axes[::-1]).values
    squares = [data[a] ** 2 for a in axes]
    distance = sum(squares[1:], squares[0]).transpose(*axes[::-1]).values
    found = sorted(np.unique(layer), key=lambda name: distance[layer == name].min())
    number = np.zeros(layer.shape, "<i4")
    for k, name in enumerate(found):
        number[layer == name] = k
    text = ", ".join(f"{k} {name}" for k, name in enumerate(found))
    return CellArray(f"layer ({text})", "1", number.ravel())


def _flat(values: xarray.DataArray, axes: tuple[str, ...], kind: str) -> np.ndarray:
    """Values with x fastest, as VTK counts; our arrays have it slowest."""
    return np.ascontiguousarray(values.transpose(*axes[::-1]).values, f"<{kind}").ravel()


def _image_file(time: float, image: ImageGrid, arrays: Sequence[CellArray]) -> bytes:
    """The bytes of one image."""
    extent = " ".join(f"0 {n}" for n in image.cells)
    triple = "{!r} {!r} {!r}".format
    head = [
        _opening("ImageData", ' byte_order="LittleEndian" header_type="UInt64"'),
        f'  <ImageData WholeExtent="{extent}" Origin="{triple(*image.origin)}" '
        f'Spacing="{triple(*image.spacing)}">\n'
        '    <FieldData>\n      <DataArray type="Float64" Name="TimeValue" NumberOfTuples="1" '
        f'format="ascii">{time!r}</DataArray>\n    </FieldData>\n'
        f'    <Piece Extent="{extent}">\n      <CellData>\n',
    ]
    offset, blocks = 0, []
    for name, unit, values in arrays:
        kind = values.dtype.str[1:]
        head.append(
            f'        <DataArray type="{TYPES[kind]}" Name={quoteattr(name)} format="appended" '
            f'offset="{offset}">\n          <InformationKey name="UNITS_LABEL" '
            f'location="vtkDataArray">{unit}</InformationKey>\n        </DataArray>\n'
        )
        blocks += [np.uint64(values.nbytes).astype("<u8").tobytes(), values.tobytes()]
        offset += 8 + values.nbytes
    head.append(
        "      </CellData>\n    </Piece>\n  </ImageData>\n"
        '  <AppendedData encoding="raw">\n   _'  # the numbers begin right after the underscore
    )
    return b"".join(["".join(head).encode(), *blocks, b"\n  </AppendedData>\n</VTKFile>\n"])


def _opening(kind: str, more: str = "") -> str:
    return f'<?xml version="1.0"?>\n<VTKFile type="{kind}" version="1.0"{more}>\n'
