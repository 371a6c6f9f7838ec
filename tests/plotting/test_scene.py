"""A lit body has the size and the place of what it shows. Needs pyvista, which draws without a display."""

import sys

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import Normalize

from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.boxes.scene import DOTS, ROOM, lit
from sim.plotting.colour_scale import ColourScale


def test_a_ball_casts_a_disc_of_its_size():
    """Seen without perspective a ball of 3 mm is a disc of 3 mm from any side; the height of the picture is
    a share of the diagonal of the box, 10 mm along each side."""
    pyvista = pytest.importorskip("pyvista")
    c = (np.arange(40) + 0.5) / 40 * 1e-2 - 5e-3
    data = xr.DataArray(
        -np.sqrt(c[:, None, None] ** 2 + c[:, None] ** 2 + c**2), {a: c for a in "xyz"}, list("xyz")
    )
    how = ColourScale(Normalize(-3e-3, 0.0), "viridis", "neither")
    with pyvista.vtk_verbosity("off"):
        picture = lit(pyvista, data, -3e-3, how, False).astype(int)
    assert picture.shape == (DOTS[1], DOTS[0], 3)
    coloured = np.ptp(picture, axis=2) > 40  # neither the white behind nor the grey edges
    coloured[-250:, :250] = False  # the arrows
    dot = ROOM * np.sqrt(3) * 10.0 / DOTS[1]  # mm
    assert coloured.sum() * dot**2 == pytest.approx(np.pi * 3.0**2, rel=0.02)
    rows, columns = np.nonzero(coloured)
    assert abs(rows.mean() - DOTS[1] / 2) < 10 and abs(columns.mean() - DOTS[0] / 2) < 10


def test_a_scene_tells_its_level_and_scale(box):
    pytest.importorskip("pyvista")
    ax = plot.scene(box, "pH", at="3 h", level=7.0)
    assert ax.get_title(loc="left").startswith("pH above 7 at 3 h\nbox of 10 × 10 × 10 mm")
    assert [c for c in ax.child_axes if c.get_label() == "colour bar"]
    with pytest.raises(ConfigError, match=r"level = 9 is nowhere in pH at 6 h"):
        plot.scene(box, "pH", level=9.0)


def test_what_is_no_box_or_not_installed_is_said(box, square, monkeypatch):
    with pytest.raises(ConfigError, match="a scene needs a box"):
        plot.scene(square)
    monkeypatch.setitem(sys.modules, "pyvista", None)
    with pytest.raises(ConfigError, match=r"pyvista.*plot\.isosurface"):
        plot.scene(box)
