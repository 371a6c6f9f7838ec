"""A parameter at another number: all of the old one but what said where its number was from."""

import dataclasses

import pytest

from sim.parameters import Parameter


@pytest.mark.parametrize(
    ("unit", "si"), [("mM", 3.7), ("degC", 300.0), ("um/min", 1e-9), ("1", -2.5), ("year", 1e7)]
)
def test_at_is_the_parameter_made_anew(unit, si):
    old = Parameter(1.0, unit, 0.0, 9.0, "Foo2001", "measured", "a note", "what it is")
    before = dataclasses.asdict(old)
    new = old.at(si)
    made = Parameter(new.value, unit, 0.0, 9.0, "", "assumed", f"changed from 1 {unit}", "what it is")
    assert dataclasses.asdict(new) | {"si": made.si} == dataclasses.asdict(made)
    assert new.si == si == pytest.approx(made.si, rel=1e-14)
    assert dataclasses.asdict(old) == before
    assert old.at(old.si) is old
