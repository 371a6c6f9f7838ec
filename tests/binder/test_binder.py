"""The binder: formulas in, one compiled right-hand side out, mistakes back as sentences."""

import first_callee
import numpy as np
import pytest
import second_callee
from reference import jacobian, rates

import sim
from sim.binder.cache import compiled_model
from sim.binder.system import System
from sim.binder.text import write
from sim.errors import ArgumentError, ModelError, SolverError
from sim.model.model import Model
from sim.model.process import Derived, Process
from sim.model.species import Species
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.space import grid as grids

P = sim.Parameter
TWO = 2.0
SPECIES = (
    Species("Ca", diffusivity=1e-9, contains={"Ca": 1}),
    Species("bound", contains={"Ca": 1}),
)


def take(Ca, k):
    return k * Ca


def model(*processes, **more):
    usual = Process("take", take, {"Ca": -1, "bound": 1}, {"k": P(0.1)})
    return Model(SPECIES, processes or (usual,), **more)


def misspelt(Caa, k):
    return k * Caa


def one(Ca):
    return Ca


def pair(Ca):
    return Ca, 2 * Ca


def broken(Ca):
    return Ca.shape


def needs_b(b):
    return b


def needs_a(a):
    return a


def many(*Ca):
    return Ca[0]


TABLE = {"a": 1.0}


def uses_table(Ca):
    return Ca * TABLE["a"]


def uses_nothing_known(Ca):
    return Ca * missing  # noqa: F821


MISTAKES = {
    "unknown argument": (
        lambda: model(Process("take", misspelt, {"Ca": -1, "bound": 1}, {"k": P(1.0)})),
        r"take: 'Caa' in misspelt\(Caa, k\) is not a species.*Did you mean 'Ca'\?",
    ),
    "unknown target": (
        lambda: model(Process("take", take, {"Ca": -1, "bund": 1}, {"k": P(1.0)})),
        "changes 'bund', which is not a species.*Did you mean 'bound'",
    ),
    "unknown coefficient": (
        lambda: model(Process("take", take, {"Ca": "-take.kk", "bound": 1}, {"k": P(1.0)})),
        "'-take.kk' is neither a number nor a parameter.*take.k'",
    ),
    "species twice": (lambda: Model((*SPECIES, SPECIES[0])), "'Ca' is both a species and a species"),
    "species and derived": (
        lambda: model(derived=(Derived("Ca", one),)),
        "'Ca' is both a species and a derived quantity",
    ),
    "the time": (lambda: Model((Species("t"),)), "'t' is both the time and a species"),
    "process twice": (
        lambda: model(*[Process("take", take, {"Ca": -1, "bound": 1}, {"k": P(1.0)})] * 2),
        "'take'",
    ),
    "ring": (
        lambda: model(derived=(Derived("a", needs_b), Derived("b", needs_a))),
        "need each other: a -> b -> a",
    ),
    "outputs": (
        lambda: model(derived=(Derived("two", pair, outputs=("d1", "d2", "d3"), units=("1",) * 3),)),
        "pair returns 2 values, 3 wanted",
    ),
    "failing formula": (
        lambda: model(derived=(Derived("extra", broken),)),
        r"extra: broken\(1.0, ...\) fails: .*shape",
    ),
    "star": (lambda: model(derived=(Derived("extra", many),)), "a formula names each of its inputs"),
    "table": (lambda: model(derived=(Derived("extra", uses_table),)), "uses 'TABLE' \\(dict\\)"),
    "nothing": (lambda: Process("x", 3.0, {"Ca": 1}), "Process 'x': formula = 3.0 is not a function"),
    "no change": (lambda: Process("x", one, {}), "must change at least one"),
    "bad name": (lambda: Species("Ca 2+"), "cannot name a species"),
    "fast": (lambda: Species("x", diffusivity=1.0), "small ions"),
    "lifeless": (lambda: model().without("tke"), "no process is called 'tke'.*'take'"),
    "boundary": (
        lambda: System(model(), grids.slab(1e-3, 2), boundaries={"rigth": sim_boundary()}),
        "no boundary 'rigth'.*'right'",
    ),
    "field": (lambda: System(model(), grids.slab(1e-3, 2), fields={"x": 1.0}), "'x' is not a field"),
    "plasma": (
        lambda: System(model(), grids.slab(1e-3, 2), plasma={"bound": 1.0}),
        "'bound' is not a mobile species",
    ),
}


def sim_boundary():
    from sim.space.boundary import Boundary

    return Boundary("fixed", {"Ca": 1.0})


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_come_back_as_sentences(mistake):
    call, words = MISTAKES[mistake]
    with pytest.raises((ModelError, ArgumentError), match=words):
        call()


def test_an_undefined_name_is_refused():
    with pytest.raises(ModelError, match="missing"):
        write(model(derived=(Derived("extra", uses_nothing_known),)))


def test_a_process_out_of_balance_is_refused_with_its_element():
    leak = Process("leak", take, {"Ca": -2, "bound": 1}, {"k": P(1.0)})
    with pytest.raises(ModelError, match="leak makes -1 Ca out of nothing"):
        System(model(leak), grids.well_mixed())


def test_balance_follows_parameter_values():
    """Contents and coefficients by name: balanced at one value of a parameter, not at another."""
    species = (SPECIES[0], Species("cell", contains={"Ca": "take.pool"}))
    own = {"k": P(1.0), "pool": P(3.0), "out": P(3.0)}
    process = Process("take", one_cell, {"cell": -1, "Ca": "take.out"}, own)
    made = Model(species, (process,))
    System(made, grids.well_mixed())
    with pytest.raises(ModelError, match="take makes .1 Ca"):
        System(made, grids.well_mixed(), made.parameters.with_values({"take.out": 2.0}))


def one_cell(cell, k):
    return k * cell


def scaled(Ca, k):
    return TWO * k * first_callee.TENTH * one(Ca)


def by_module(Ca):
    return first_callee.same(Ca) + second_callee.same(Ca)


same_a, same_b = first_callee.same, second_callee.same


def by_name(Ca):
    return same_a(Ca) + same_b(Ca)


def wave(t, Ca):
    import_free = first_callee.smooth(Ca) + np.sqrt(2.0) * np.pi
    return import_free * max(t, 0.0)


def test_formulas_may_use_helpers_constants_and_time():
    """The compiled rates equal what plain Python makes of the same formulas."""
    quantities = (
        Derived("dx", scaled, {"k": P(0.7)}),
        Derived("dy", by_module),
        Derived("dz", by_name),
        Derived("w", wave),
        Derived("q", pair, outputs=("q1", "q2"), units=("1", "1")),
    )
    made = model(derived=quantities)
    system = System(made, grids.slab(1e-3, 3))
    y = np.zeros(system.size)
    y[: system.body] = [0.3, 1.0, 0.6, 2.0, 0.9, 3.0]
    found = system.evaluate(2.0, y)[0]
    Ca = np.array([0.3, 0.6, 0.9])
    assert found["dx"] == pytest.approx(2 * 0.7 * 0.1 * Ca, rel=1e-15)
    assert found["dy"] == pytest.approx(4 * Ca, rel=1e-15)  # Ca from one module, 3 Ca from the other
    assert found["dz"] == pytest.approx(4 * Ca, rel=1e-15)
    assert found["w"] == pytest.approx([2 * wave(1.0, c) for c in Ca], rel=1e-15)
    assert found["q2"] == pytest.approx(2 * Ca)


def given(solid, volume):
    return volume * solid


def quadratic(Ca, bound, k, extra):
    return k * Ca**2 * bound + extra


def test_compiled_reactions_equal_calling_the_formulas():
    """Renamed and dotted inputs, negative and added coefficients, shared parameters."""
    species = (
        *SPECIES,
        Species("mix", contains={"Ca": ("volumes.v", "volumes.w")}),
    )
    made = Model(
        species,
        (
            Process("take", take, {"Ca": -1, "bound": 1}, {"k": P(0.1)}),
            Process("mixing", quadratic, {"mix": 1, "Ca": ("-volumes.v", "-volumes.w")}, {"k": P(3.0)}),
        ),
        (Derived("extra", given, inputs={"solid": "bound", "volume": "volumes.v"}),),
        shared=type(model().parameters)({"volumes.v": P(0.25), "volumes.w": P(0.5)}),
    )  # fmt: skip
    system = System(made, grids.slab(1e-3, 4))
    rng = np.random.default_rng(7)
    y, dy = np.zeros(system.size), np.zeros(system.size)
    u, _ = system.split(y)
    u[:] = [0.3, 0.4, 0.5]  # uniform: no diffusion
    system.rhs(0.0, y, dy)
    slow = rates(system, 0.0, 0, u[0])
    assert system.split(dy)[0] == pytest.approx(np.tile(slow, (4, 1)), rel=1e-13)
    assert system.invariants @ dy == pytest.approx([0.0], abs=1e-16)
    u[:] = rng.uniform(0.1, 1, u.shape)
    linear = LinearSystem(system)
    linear.linearise(0.0, y)
    assert linear.sparse().toarray() == pytest.approx(jacobian(system, 0.0, y), abs=1e-6)


def test_states_may_be_columns_and_derivatives_may_not():
    """As SciPy's BDF and Radau hand them over. A column for dy would be left as it was, without a word."""
    system = System(model(), grids.slab(1e-3, 4))
    states = np.random.default_rng(3).uniform(0.1, 1.0, (system.size, 5))
    alone, of_column = np.empty(system.size), np.empty(system.size)
    system.rhs(0.0, states[:, 2].copy(), alone)
    system.rhs(0.0, states[:, 2], of_column)
    np.testing.assert_array_equal(of_column, alone)
    with pytest.raises(SolverError, match="dy must be contiguous"):
        system.rhs(0.0, states[:, 2], states[:, 1])


def test_source_is_readable_and_does_not_depend_on_the_parameters():
    made = model()
    text = write(made)
    assert "def f0_take(Ca, k):" in text and "return k * Ca" in text
    slow = System(made, grids.slab(1e-3, 2))
    fast = System(made, grids.sphere(1e-3, 3), made.parameters.with_values({"take.k": 5.0}))
    assert np.array_equal(slow.stages, fast.stages)  # one machine code
    assert compiled_model(made) is compiled_model(slow.model)
    other = model(Process("take", take, {"Ca": -1, "bound": 1}, {"k": P(9.0)}))
    assert write(other) == text


def test_the_users_own_process_runs_in_a_scenario():
    """The fetuin example of the documentation: calcium and fetuin leave the water together."""

    def fetuin_binding(Ca, fetuin, k_on):
        """Calcium sequestered by fetuin-A [mol m-3 s-1]."""
        return k_on * Ca * fetuin

    own = sim.Process(
        "fetuin", fetuin_binding, changes={"Ca": -1, "fetuin": -1},
        parameters={"k_on": sim.Parameter(1e-4, "m3/mol/s", source="this study")},
    )  # fmt: skip
    small = Model((Species("Ca", diffusivity=1e-9), Species("P", diffusivity=1e-9)))
    small = small.with_species(sim.Species("fetuin", diffusivity=6e-11)).with_process(own)
    base = sim.Scenario(
        "own", small, "slab", (("tissue", 4),), "closed", "1 day",
        type(small.parameters)({"tissue.thickness": P(1.0, "mm"), "tissue.Ca": P(1.2, "mM")}),
    )  # fmt: skip
    k, t, Ca0, F0 = 1e-4, 86400.0, 1.2, 0.01
    result = sim.simulate(base.with_model(small, initial={"fetuin": "10 uM"}), rtol=1e-9, atol=1e-10, times=2)
    d = Ca0 - F0  # second order, unequal: F/Ca = F0/Ca0 exp(-d k t)
    ratio = F0 / Ca0 * np.exp(-d * k * t)
    assert result["fetuin"].values[-1] == pytest.approx(d * ratio / (1 - ratio), abs=1e-9)
    assert result["Ca"].values[-1] == pytest.approx(d / (1 - ratio), rel=1e-8)
