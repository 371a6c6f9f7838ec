"""The operation lists against the tables that they are made from."""

from __future__ import annotations

import numpy as np
import pytest

from sim.chemistry.constants_sets import constants_set
from sim.chemistry.newton.operation_lists import operation_lists
from sim.chemistry.pore_water import components_of

COMPONENTS = components_of()
TABLES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)


def test_every_sum_names_the_species_that_hold_the_component():
    """Sums by component over both families are the columns of nu."""
    sums = operation_lists(TABLES.reactions).balance
    m = np.random.default_rng(4).random(len(TABLES.species))
    for k in range(8):
        found = sum(
            sums.weight[q] * m[sums.species[q]] for q in range(sums.first[2 * k], sums.first[2 * k + 2])
        )
        assert found == pytest.approx(m @ TABLES.nu[:, k], rel=1e-13)


def test_the_groups_of_sums_begin_where_they_are_said_to():
    """Each named place against the sum written out with nu, w, and the family of each species."""
    t = operation_lists(TABLES.reactions)
    sums, nu, water = t.balance, TABLES.nu, TABLES.water
    m = np.random.default_rng(6).random(len(TABLES.species))
    family = t.activity.class_family[t.reactions.gamma_class]
    times = t.activity.class_times[t.reactions.gamma_class]

    def total(i, weight=sums.weight):
        part = slice(sums.first[i], sums.first[i + 1])
        return weight[part] @ m[sums.species[part]]

    for k in range(8):
        assert total(sums.negative + k) == pytest.approx(m @ np.maximum(-2.0 * nu[:, k], 0.0), rel=1e-13)
        assert total(sums.water + k) == pytest.approx(m @ (nu[:, k] * water), rel=1e-13)
        diagonal = m @ nu[:, k] ** 2
        assert total(sums.diagonal + k) in (0.0, pytest.approx(diagonal, rel=1e-13))
        if total(sums.diagonal + k) == 0.0:
            assert diagonal == pytest.approx(m @ nu[:, k], rel=1e-13)
    for f in range(2):
        assert total(sums.family + f) == pytest.approx(m @ (family == f), rel=1e-13)
        assert total(sums.family + f, sums.times[:, 0]) == pytest.approx(
            m @ ((family == f) * times), rel=1e-13
        )
        part = (family == f) * times * water
        assert total(sums.water_family + f) == pytest.approx(m @ part, rel=1e-13)
    assert total(sums.water_all) == pytest.approx(m @ water, rel=1e-13)
    assert sums.water_all + 2 == sums.first.size
