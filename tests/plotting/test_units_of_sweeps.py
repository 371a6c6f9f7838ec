"""Pictures of sweeps: units people give, one style of numbers on an axis, no axis stretched by one point."""

from types import SimpleNamespace

import numpy as np
import pytest
from fake_sweeps import FakeAxis, hypercube, onset_grid, table_of

from sim import plotting as plot
from sim.plotting.sweeps.columns import axis_column, tick_texts
from sim.sweeps.design.axis import Axis

V_ALK = FakeAxis("phosphatase.V_alk", 1e-3 / 60, 5e-3 / 60, "mol m-3 s-1")  # 1 to 5 umol/L/min


def test_a_half_run_sweep_has_the_units_of_the_whole():
    half, whole = onset_grid(keep=5), onset_grid()
    assert (
        axis_column(half, "lesion.radius", "x").unit == axis_column(whole, "lesion.radius", "x").unit == "mm"
    )
    labels = [
        plot.phase_diagram(t, "lesion.radius", "acid.load", "onset").get_xlabel()
        for t in (onset_grid(keep=30), whole)
    ]
    assert labels == ["lesion radius [mm]"] * 2


def test_a_parameter_is_shown_in_the_unit_that_it_is_given_in():
    from fake_sweeps import LOAD, RADIUS

    table = hypercube(40, axes=(RADIUS, LOAD, V_ALK))
    column = axis_column(table, "phosphatase.V_alk", "x")
    assert column.unit == "µmol/L/min"
    assert 1.0 <= column.values.min() and column.values.max() <= 5.0
    rows = [t.get_text() for t in plot.tornado(table, "mineral").get_yticklabels()]
    assert any("µmol/L/min" in row for row in rows)
    assert "µmol/L/min" in plot.scatter(table, "phosphatase.V_alk", "mineral").get_xlabel()


@pytest.mark.parametrize(
    ("name", "given", "label", "shown"),
    [
        ("plasma.PPi", ["100 nM", "1500 nM"], "plasma PPi [nM]", [100, 1500]),
        ("plasma.PPi", ["0.1 uM", "1.5 uM"], "plasma PPi [µM]", [0.1, 1.5]),
        ("plasma.P", ["1 mM", "2 mM"], "plasma P [mM]", [1, 2]),
        ("lesion.radius", ["300 um", "4000 um"], "lesion radius [µm]", [300, 4000]),
        ("lesion.radius", ["300 um", "4 mm"], "lesion radius [mm]", [0.3, 4]),  # several units: one that fits
        ("late.at", ["36 h", "240 h"], "late at [h]", [36, 240]),
        ("fluid.temperature", ["30 degC", "38 degC"], "fluid temperature [°C]", [30, 38]),
        ("lesion.phi0", ["20 %", "70 %"], "lesion phi0 [%]", [20, 70]),
        ("phosphatase.V_alk", ["1 U/L", "9 U/L"], "phosphatase V alk [U/L]", [1, 9]),
    ],
)
def test_an_axis_is_shown_in_the_unit_that_it_was_written_in(name, given, label, shown):
    """Also from the table that a store keeps; a level is picked in any unit."""
    axis = Axis.of(name, given)
    load = FakeAxis("acid.load", values=(1.0, 2.0), unit="mol m-3")
    for kept in (axis, Axis.from_table(axis.table())):
        table = of_axes(kept, load)
        column = axis_column(table, name, "x")
        assert column.label == label and sorted(set(column.values.round(6))) == pytest.approx(shown)
    ax = plot.phase_diagram(table, name, "acid.load", "m")
    assert ax.get_xlabel() == label
    assert [float(t.get_text()) for t in ax.get_xticklabels()] == pytest.approx(shown)
    law = FakeAxis("growth_law", values=("a", "b"))
    picked = plot.phase_diagram(of_axes(axis, load, law), "acid.load", "growth_law", "m", at={name: given[0]})
    assert picked.get_title(loc="left").startswith(f"at {name} = {shown[0]:g}")


def test_an_axis_of_plain_numbers_has_the_customary_unit():
    table = of_axes(FakeAxis("plasma.P", values=(1.0, 2.0), unit="mol m-3"))
    assert axis_column(table, "plasma.P", "x").label == "plasma P [mM]"


def of_axes(*axes):
    """A grid of all levels of some axes, with a number of its own at each point."""
    columns = [c.ravel() for c in np.meshgrid(*(np.array(a.values) for a in axes), indexing="ij")]
    inputs = {a.name: c for a, c in zip(axes, columns, strict=True)}
    return table_of(inputs, {"m": np.arange(columns[0].size) + 1.0}, {"m": "s"}, method="grid", axes=axes)


def test_numbers_on_one_axis_have_one_style():
    assert tick_texts([0.01, 0.1, 1.0]) == ["0.01", "0.1", "1"]
    assert tick_texts([1e-4, 1e-2, 1.0]) == ["$10^{-4}$", "$10^{-2}$", "$10^{0}$"]


@pytest.mark.parametrize(("total", "ends"), [(2.03, (-0.885, 4.95)), (0.4, (-3.0, 3.8))])
def test_a_wide_interval_is_cut_off_with_its_numbers(total, ends):
    narrow = np.array([[0.2, 0.4], [0.1, 0.3]])
    result = SimpleNamespace(
        names=["a", "b"], first=np.array([0.3, 0.2]), first_interval=narrow, confidence=0.95,
        total=np.array([0.35, total]), total_interval=np.array([[0.3, 0.5], ends]), measure="m",
    )  # fmt: skip
    ax = plot.indices(result)
    low, high = ax.get_xlim()
    assert low > -0.5 and high < 1.5  # the others can be read
    assert f"{total:.3g} ({ends[0]:.3g} to {ends[1]:.3g})" in [t.get_text() for t in ax.texts]
    assert any("too few points" in t.get_text() for t in ax.get_legend().get_texts())


def test_effects_have_a_unit():
    result = SimpleNamespace(
        names=["a"], mu_star=np.array([3.0]), sigma=np.array([1.0]), confidence=0.95, measure="mineral",
        mu_star_interval=np.array([[2.0, 4.0]]), sigma_interval=np.array([[0.5, 2.0]]),
    )  # fmt: skip
    assert plot.indices(result).get_xlabel().endswith("[unit of the measure]")
    result.unit = "kg m-3"
    assert plot.indices(result).get_xlabel().endswith("[mg/cm$^{3}$]")
