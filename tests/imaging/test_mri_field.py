"""The field of mineral against exact solutions."""

import numpy as np
import pytest

from sim.errors import ConfigError
from sim.imaging.resonance.dipole import dipole_field, inverted

STEP = 0.1e-3
CHI = -1e-6


def radii(shape, step=STEP):
    places = [(np.arange(n) - 0.5 * (n - 1)) * step for n in shape]
    z, y, x = np.meshgrid(*places, indexing="ij")
    return z, y, x, np.sqrt(x * x + y * y + z * z)


def dipole(along, r, radius, chi=CHI):
    """Outside a uniform sphere: chi/3 (R/r)^3 (3 cos^2 - 1); none inside, without Lorentz's sphere."""
    return np.where(r < radius, 0.0, chi / 3 * (radius / r) ** 3 * (3 * (along / r) ** 2 - 1))


def rms(a):
    return float(np.sqrt(np.mean(np.square(a))))


@pytest.mark.parametrize("field", ["x", "y", "z"])
def test_a_sphere_has_the_field_of_a_dipole(field):
    """2 % of the root mean square outside: the staircase of a sphere of 30 cells across."""
    z, y, x, r = radii((96, 96, 96))
    radius = 15 * STEP
    found = dipole_field(np.where(r < radius, CHI, 0.0), (STEP,) * 3, field)
    exact = dipole({"x": x, "y": y, "z": z}[field], r, radius)
    out = (r > 1.2 * radius) & (r < 3 * radius)
    assert rms((found - exact)[out]) < 0.02 * rms(exact[out])
    assert abs(found[r < 0.8 * radius].mean()) < 0.002 * abs(CHI)


def test_no_periodic_image_is_in_the_field_of_a_sphere_at_the_border():
    """A sphere that nearly touches the box: copies a period away would add to the pole's field."""
    z, y, x, r = radii((48, 48, 48))
    radius = 20 * STEP
    found = dipole_field(np.where(r < radius, CHI, 0.0), (STEP,) * 3)
    exact = dipole(z, r, radius)
    face = r > 1.2 * radius
    assert rms((found - exact)[face]) < 0.02 * rms(exact[face])


def test_cells_need_not_be_cubes():
    z, y, x, r = radii((64, 64, 64))
    places = [(np.arange(n) - 0.5 * (n - 1)) * d for n, d in zip((32, 64, 64), (2, 1, 1), strict=True)]
    zz, yy, xx = np.meshgrid(*places, indexing="ij")
    rr = np.sqrt(zz**2 + yy**2 + xx**2)
    found = dipole_field(np.where(rr < 16, CHI, 0.0), (2 * STEP, STEP, STEP))
    exact = dipole(zz, rr, 16.0)
    out = (rr > 22) & (rr < 32)
    assert rms((found - exact)[out]) < 0.05 * rms(exact[out])  # 16 cells across along z


def test_a_long_cylinder_across_the_field_has_its_field():
    """Inside chi/3 along the field and -chi/6 across it, of an infinite cylinder."""
    places = (np.arange(48) - 23.5) * STEP
    y, x = np.meshgrid(places, places, indexing="ij")
    disc = np.hypot(x, y) < 4 * STEP
    chi = np.where(np.broadcast_to(disc, (160, 48, 48)), CHI, 0.0)
    middle = slice(76, 84)
    along = dipole_field(chi, (STEP,) * 3, "z")[middle, 23:25, 23:25].mean()
    across = dipole_field(chi, (STEP,) * 3, "x")[middle, 23:25, 23:25].mean()
    assert along == pytest.approx(CHI / 3, rel=0.02)  # 40 times as long as wide: 1e-3 from the ends
    assert across == pytest.approx(-CHI / 6, rel=0.04)


def test_division_in_k_space_gives_the_susceptibility_back():
    """From the exact field of a sphere, not from that of the kernel."""
    z, _, _, r = radii((64, 64, 64))
    radius = 10 * STEP
    chi = inverted(dipole(z, r, radius), (STEP,) * 3, "z", 0.2)
    inside, outside = chi[r < 0.7 * radius].mean(), chi[(r > 1.5 * radius) & (r < 2.5 * radius)].mean()
    assert inside - outside == pytest.approx(CHI, rel=0.1)


def test_slips_are_sentences():
    ones = np.ones((4, 4, 4))
    with pytest.raises(ConfigError, match="'x', 'y' or 'z'"):
        dipole_field(ones, (1, 1, 1), "up")
    with pytest.raises(ConfigError, match="three positive lengths"):
        dipole_field(ones, (1, 1))
    with pytest.raises(ConfigError, match="axes; give one of three"):
        dipole_field(ones[0], (1, 1, 1))
    with pytest.raises(ConfigError, match="not finite"):
        dipole_field(np.full((4, 4, 4), np.nan), (1, 1, 1))
