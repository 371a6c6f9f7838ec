"""Gradient echoes of volumes: signs, blooming, dephasing, noise."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from sim.errors import ConfigError
from sim.imaging.resonance.echoes import averaged, echo, noisy, rician_mean
from sim.imaging.resonance.instruments import Scanner, scanner, scanners
from sim.imaging.resonance.phases import unwrapped, wrapped
from sim.imaging.resonance.scan import gradient_echo as scan

STEP = 0.125e-3
COARSE = Scanner("own", 127.73e6, (2e-3, 10e-3, 20e-3), (0.5e-3,) * 3, 0.0, 30e-3)


def sphere(radius, n=80, step=STEP):
    c = (np.arange(n) - 0.5 * (n - 1)) * step
    z, y, x = np.meshgrid(c, c, c, indexing="ij")
    return np.sqrt(x * x + y * y + z * z) < radius


def contrast(scan_, ball):
    """Susceptibility inside a ball less that around it."""
    chi, r = scan_.susceptibility.values, np.sqrt(sum(scan_[a] ** 2 for a in "zyx")).values
    return chi[r < 0.7 * ball].mean() - chi[(r > 1.5 * ball) & (r < 2.2 * ball)].mean()


def test_calcium_is_diamagnetic_and_iron_is_not():
    ball = sphere(2e-3)
    calcium = scan(np.where(ball, 500.0, 0.0), (STEP,) * 3, COARSE)
    iron = scan(np.zeros(ball.shape), (STEP,) * 3, COARSE, iron=np.where(ball, 1.5, 0.0))
    # 500 mM * -1.9e-10 = -0.095 ppm; 1.5 mM * 6.1e-8 = 0.092 ppm, as data/imaging/mri.toml has them
    assert contrast(calcium, 2e-3) == pytest.approx(-0.095e-6, rel=0.15)
    assert contrast(iron, 2e-3) == pytest.approx(0.0915e-6, rel=0.15)
    pole = {"x": 0.25e-3, "y": 0.25e-3, "z": 2.75e-3}
    assert float(calcium.phase.isel(echo=1).sel(pole, method="nearest")) < 0
    assert float(iron.phase.isel(echo=1).sel(pole, method="nearest")) > 0


def test_blooming_grows_with_echo_time():
    """The dark volume starts as the mineral's own and grows with every echo."""
    ball = sphere(1e-3)
    strong = replace(COARSE, frequency=298.04e6)
    made = scan(np.where(ball, 4000.0, 0.0), (STEP,) * 3, strong)
    water = np.exp(-made.echo / strong.T2star)
    dark = ((made.magnitude / water) < 0.5).sum(("z", "y", "x")).values * np.prod(made.spacing)
    assert (np.diff(dark) > 0).all()
    assert dark[0] > 0.7 * 4 / 3 * np.pi * 1e-9
    assert dark[-1] > 1.2 * 4 / 3 * np.pi * 1e-9


def test_mineral_free_tissue_decays_with_its_own_T2star_and_has_no_phase():
    made = scan(np.zeros((16, 16, 16)), (STEP,) * 3, COARSE)
    for t in COARSE.echo_times:
        np.testing.assert_allclose(made.magnitude.sel(echo=t), np.exp(-t / 30e-3), rtol=1e-6)
    assert np.abs(made.phase).max() < 1e-6


def test_a_linear_field_dephases_by_a_sinc():
    """Turns G across a voxel leave sinc(G) of it, however coarse the cells within are."""
    turns = 0.8
    for cells in (2, 8):
        ramp = np.broadcast_to((np.arange(4 * cells) / cells * turns)[None, None], (cells, cells, 4 * cells))
        signal = averaged(echo(ramp, np.ones(ramp.shape), np.zeros(ramp.shape), 1.0, 1.0), (cells,) * 3)
        np.testing.assert_allclose(np.abs(signal), np.sinc(turns), rtol=1e-5)


def test_noise_makes_the_magnitude_rician():
    from scipy.stats import rice

    for signal, sd in ((0.0, 0.1), (0.2, 0.1), (1.0, 0.1)):
        found = np.abs(noisy(np.full((60, 60, 60), signal, complex), sd, 3, "test"))
        exact = rice(signal / sd, scale=sd)
        assert found.mean() == pytest.approx(exact.mean(), abs=5 * exact.std() / np.sqrt(found.size))
        assert found.std() == pytest.approx(exact.std(), rel=0.01)
        assert rician_mean(signal, sd) == pytest.approx(exact.mean(), rel=1e-10)


def test_noise_is_that_of_the_seed():
    with_noise = replace(COARSE, noise=0.05)
    zero = np.zeros((16, 16, 16))
    one, same, other = (scan(zero, (STEP,) * 3, with_noise, seed=s) for s in (1, 1, 2))
    assert one.identical(same)
    assert not np.array_equal(one.magnitude, other.magnitude)
    assert not np.array_equal(one.magnitude[0], one.magnitude[1])


def test_a_phase_of_several_turns_is_unwrapped():
    z, y, x = np.meshgrid(*[np.linspace(-1, 1, 20)] * 3, indexing="ij")
    true = 14.0 * np.exp(-(x**2 + y**2 + z**2))
    found = unwrapped(wrapped(true))
    np.testing.assert_allclose(found - found.mean(), true - true.mean(), atol=1e-9)


def test_iron_is_darkened_by_the_mask_of_phase_more_than_calcium():
    """A rod along the field, of equal and opposite susceptibility: the magnitudes alone are the same."""
    c = (np.arange(48) - 23.5) * STEP
    rod = np.broadcast_to(np.hypot(*np.meshgrid(c, c)) < 0.75e-3, (96, 48, 48))
    swi = replace(COARSE, mask_power=4, echo_times=(20e-3,))
    chi = 1.14e-7  # 600 mM of calcium; a turn of chi / 3 * f * t is 0.61 rad, whose mask is 0.81**4 = 0.42
    iron = scan(np.zeros(rod.shape), (STEP,) * 3, swi, iron=np.where(rod, chi / 6.1e-8, 0.0))
    calcium = scan(np.where(rod, 600.0, 0.0), (STEP,) * 3, swi)
    middle = {"x": 0.0, "y": 0.0, "z": 0.0}
    ratio = [float((m.swi / m.magnitude).sel(middle, method="nearest").squeeze()) for m in (iron, calcium)]
    assert 0.42 < ratio[0] < 0.6 and ratio[1] == pytest.approx(1.0, abs=1e-6)


def test_a_result_is_scanned_with_all_its_calcium():
    """The truth over voxels holds the ledger's calcium, and its susceptibility is that of the peak voxel."""
    result = sim.simulate(sim.scenario("tb_caseous").changed({"duration": "60 day"}))
    made = sim.imaging.mri(result, noise=False)
    total = float(made.calcium.sum()) * np.prod(made.spacing)
    assert total == pytest.approx(float(result.total("Ca_in_mineral")[-1]), rel=1e-3)
    assert made.attrs["scenario"] == "tb_caseous"
    assert float(made.susceptibility.sel(x=0, y=0, z=0, method="nearest")) < 0
    again = sim.imaging.mri(result, seed=3)
    assert again.identical(sim.imaging.mri(result, seed=3))


def test_a_phantom_is_scanned_like_a_volume():
    ball = sphere(1.5e-3, 40, 0.25e-3)
    solid = sim.imaging.phantom({"HAP": np.where(ball, 100.0, 0.0)}, (0.25e-3,) * 3)
    made = sim.imaging.mri(solid, instrument=COARSE)
    mass = float(made.calcium.sum()) * np.prod(made.spacing) * 0.502307 / 5
    assert mass == pytest.approx(100.0 * ball.sum() * 0.25e-3**3, rel=1e-6)


def test_instruments_are_named_data():
    for name in scanners():
        made = scanner(name)
        assert made.frequency == pytest.approx(
            42.577e6 * float(name.partition("_")[2].strip("T").replace("_", ".")), rel=1e-3
        )
        assert 1e-3 <= made.echo_times[0] and made.echo_times[-1] <= 41e-3
    with pytest.raises(ConfigError, match="gre_3T"):
        scanner("gre_3t")


def test_slips_are_sentences():
    zero = np.zeros((16, 16, 16))
    with pytest.raises(ConfigError, match="coarser than half a voxel"):
        scan(zero, (0.4e-3,) * 3, COARSE)
    with pytest.raises(ConfigError, match="smaller than a voxel"):
        scan(zero[:2], (STEP,) * 3, COARSE)
    with pytest.raises(ConfigError, match="more than solid"):
        scan(zero + 1e5, (STEP,) * 3, COARSE)
    with pytest.raises(ConfigError, match="not negative"):
        scan(zero - 5.0, (STEP,) * 3, COARSE)
    with pytest.raises(ConfigError, match="positive numbers"):
        replace(COARSE, voxel=(0.0, 1.0, 1.0))


def test_grains_relax_water_as_spheres_in_the_static_regime():
    """1.21 * f * gamma * B0 * chi_solid / 3: apatite of -6 ppm, 3.19e-5 m3 per mol of calcium, at 3 T."""
    from sim.imaging.resonance.matter import relaxation_per_calcium

    gamma, chi_solid = 2.675e8, 1.9e-10 / 3.186e-5
    assert relaxation_per_calcium(127.73e6) == pytest.approx(
        1.2092 * 3.186e-5 * gamma * 3.0 * chi_solid / 3, rel=2e-3
    )
