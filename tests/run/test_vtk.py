"""Files for ParaView hold the dataset, voxel by voxel; read back by a reader written for the test."""

import struct
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from sim.cli import main
from sim.errors import ConfigError
from sim.run.result import Result

VTK_TYPES = {"Float64": "<f8", "Int32": "<i4"}
MANIFEST = {
    "scenario": "made_up", "title": "", "versions": {"hapsim": "0"}, "status": "finished",
    "parameters": {}, "geometry_kind": "box", "constants": "", "geometry": "", "model": "", "message": "",
    "solver": "", "duration": 1.0, "t_end": 1.0, "rtol": 1e-5, "atol": 1e-9, "wall_seconds": 0.0,
    "undershoot": 0.0, "ledger_residual": 0.0, "statistics": {},
}  # fmt: skip


def made_up(cells, lower, upper, times=(0.0, 3600.0)):
    """A result in which no two cells and times share a value, and no two axes a length."""
    names = tuple("xyz"[: len(cells)])
    edges = [np.linspace(a, b, n + 1) for a, b, n in zip(lower, upper, cells, strict=True)]
    shape = (len(times), *cells)
    values = np.arange(np.prod(shape), dtype=float).reshape(shape) ** 1.5
    layer = np.where(np.arange(cells[0]) < 2, "border", "lesion")
    layer = np.broadcast_to(layer.reshape(-1, *[1] * (len(cells) - 1)), cells)
    data = xr.Dataset(
        {
            "HAP": (("time", *names), values, {"units": "mol m-3"}),
            "pH": (("time", *names), -values, {"units": "1"}),
            "volume": (names, np.ones(cells), {"units": "m3"}),
            "layer": (names, layer),
            "ledger": (("time", "element"), np.ones((len(times), 1)), {"units": "mol"}),
        },
        {"time": ("time", list(times), {"units": "s"}), "element": ["Ca"]},
    )
    for name, e in zip(names, edges, strict=True):
        data.coords[name] = (name, 0.5 * (e[1:] + e[:-1]), {"units": "m"})
        data.coords[f"{name}_edges"] = (f"{name}_edge", e)
    return Result(data, MANIFEST)


def read(path):
    """(XML of the head, {array: numbers in file order})."""
    head, _, tail = path.read_bytes().partition(b'<AppendedData encoding="raw">')
    root = ET.fromstring(head + b"</VTKFile>")  # noqa: S314 our own file
    assert root.attrib["byte_order"] == "LittleEndian"
    assert root.attrib["header_type"] == "UInt64"
    raw = tail[tail.index(b"_") + 1 :]
    arrays = {}
    for a in root.iter("DataArray"):
        if a.attrib["format"] == "appended":
            start = int(a.attrib["offset"])
            (size,) = struct.unpack_from("<Q", raw, start)
            block = raw[start + 8 : start + 8 + size]
            arrays[a.attrib["Name"]] = np.frombuffer(block, VTK_TYPES[a.attrib["type"]])
    return root, arrays


def test_every_voxel_is_where_vtk_looks_for_it(tmp_path):
    """VTK's cell (i, j, k) is number i + j nx + k nx ny, at origin + spacing (i + 1/2, ...)."""
    cells = (4, 3, 2)
    result = made_up(cells, (-2e-3, 0.0, 1e-3), (2e-3, 6e-3, 2e-3))
    result.to_vtk(tmp_path)
    root, arrays = read(tmp_path / "made_up_0001.vti")
    image = root.find("ImageData")
    assert image.attrib["WholeExtent"] == "0 4 0 3 0 2"
    origin, spacing = (np.array(image.attrib[k].split(), float) for k in ("Origin", "Spacing"))
    field = result["HAP"].isel(time=1)
    for i in range(4):
        for j in range(3):
            for k in range(2):
                x, y, z = origin + spacing * (np.array([i, j, k]) + 0.5)
                there = field.sel(x=x, y=y, z=z, method="nearest", tolerance=1e-9)
                assert arrays["HAP"][i + 4 * j + 12 * k] == float(there)
    assert arrays["pH"] == pytest.approx(-arrays["HAP"])


def test_a_rectangle_is_a_flat_image(tmp_path):
    """Extent 0 to 0 along z: VTK then counts pixels as cells, and no thickness is invented."""
    result = made_up((3, 2), (-3e-3, -2e-3), (0, 2e-3))
    result.to_vtk(tmp_path, ["HAP"])
    root, arrays = read(tmp_path / "made_up_0000.vti")
    assert root.find("ImageData").attrib["WholeExtent"] == "0 3 0 2 0 0"
    assert set(arrays) == {"HAP", "layer (0 lesion, 1 border)"}
    assert arrays["HAP"].reshape(2, 3) == pytest.approx(result["HAP"].values[0].T)


def test_layers_are_numbered_from_the_centre(tmp_path):
    """Cells 0 and 1 along x are border, and lie farther from x = 0 than the others."""
    made_up((4, 3), (-3e-3, -1e-3), (1e-3, 1e-3)).to_vtk(tmp_path)
    _, arrays = read(tmp_path / "made_up_0000.vti")
    assert arrays["layer (0 lesion, 1 border)"].reshape(3, 4).tolist() == [[1, 1, 0, 0]] * 3


def test_the_collection_gives_each_image_its_time(tmp_path):
    path = made_up((2, 3), (0, 0), (1, 1), times=(0.0, 0.1, 86400.0)).to_vtk(tmp_path / "run.pvd")
    assert path == tmp_path / "run.pvd"
    sets = list(ET.parse(path).getroot().iter("DataSet"))  # noqa: S314 our own file
    assert [float(s.attrib["timestep"]) for s in sets] == [0.0, 0.1, 86400.0]
    for s in sets:
        root, _ = read(tmp_path / s.attrib["file"])
        assert float(root.find(".//FieldData/DataArray").text) == float(s.attrib["timestep"])
    assert sorted(f.name for f in tmp_path.iterdir()) == [
        "run.pvd", "run_0000.vti", "run_0001.vti", "run_0002.vti",
    ]  # fmt: skip


def test_units_travel_with_the_arrays(tmp_path):
    made_up((2, 3), (0, 0), (1, 1)).to_vtk(tmp_path)
    root, _ = read(tmp_path / "made_up_0000.vti")
    units = {a.attrib["Name"]: a.findtext("InformationKey") for a in root.iter("DataArray")}
    assert units["HAP"] == "mol m-3"


def test_what_has_no_plane_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"one axis only, x: `hapsim export RESULT.nc --csv FOLDER`"):
        made_up((4,), (0,), (1,)).to_vtk(tmp_path / "out")
    with pytest.raises(ConfigError, match=r"no 'HAPP'\. Did you mean 'HAP'\?"):
        made_up((4, 3), (0, 0), (1, 1)).to_vtk(tmp_path / "out", ["HAPP"])
    uneven = made_up((4, 3), (0, 0), (1, 1))
    uneven.dataset["x_edges"][1] += 0.01
    with pytest.raises(ConfigError, match="along x differ in size"):
        uneven.to_vtk(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_writes_what_paraview_opens(tmp_path):
    file, folder = tmp_path / "result.nc", tmp_path / "paraview"
    made_up((3, 2), (-1, 0), (0, 1)).save(file)
    words = ["export", str(file), "--vtk", str(folder), "--only", "HAP, pH"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(folder / "made_up.pvd")
    assert set(read(folder / "made_up_0001.vti")[1]) == {"HAP", "pH", "layer (0 lesion, 1 border)"}
    again = CliRunner().invoke(main, words)
    assert again.exit_code == 2
    assert "--force" in again.output
    assert CliRunner().invoke(main, [*words, "--force"]).exit_code == 0


def test_the_command_wants_a_format(tmp_path):
    done = CliRunner().invoke(main, ["export", str(tmp_path / "result.nc")])
    assert done.exit_code == 2
    assert "--csv FOLDER or --vtk FOLDER" in done.output
