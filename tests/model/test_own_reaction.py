"""Reactions as tables: the package's and a newcomer's; wrong ones are told in sentences."""

import tomllib
from importlib import resources

import pytest

import sim
from sim.errors import ConfigError, ModelError, ParameterError
from sim.kinetics import precursors
from sim.model.library.reactions import changes_of, laws

OWN = """
["release: bound calcium"]
equation = "bound_Ca = Ca + lipid"
law = "necrosis.first_order"
reads = { amount = "bound_Ca", tau = "release.tau" }

[parameters.release]
tau = { value = 3, unit = "day", range = [1, 10], source = "this_work", confidence = "assumed" }
"""


@pytest.mark.parametrize(
    ("equation", "changes"),
    [
        ("4 Ca + 3 P = OCP + 2 H", {"Ca": -4, "P": -3, "OCP": 1, "H": 2}),
        ("Ca + 0.74 P = ACP + 0.52 H", {"Ca": -1, "P": -0.74, "ACP": 1, "H": 0.52}),
        ("leaky = necrosis.Ca_pool Ca", {"leaky": -1, "Ca": "necrosis.Ca_pool"}),
        ("acid.load H = glycogen", {"H": "-acid.load", "glycogen": 1}),
        ("mito_room =", {"mito_room": -1}),
        ("= hap_m0", {"hap_m0": 1}),
        ("E + S = 2 E + P", {"E": 1, "S": -1, "P": 1}),  # a catalyst of itself
        ("1e-3 A = B", {"A": -1e-3, "B": 1}),
    ],
)
def test_equations_are_read_as_chemists_write_them(equation, changes):
    assert changes_of(equation, "here") == changes


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("Ca + P", "is not an equation"),
        ("Ca = P = H", "is not an equation"),
        ("4Ca = OCP", "'4Ca'.*with a space between"),
        ("4 Ca 3 P = OCP", "is not a species with a coefficient"),
        ("-1 Ca = OCP", "neither a positive number"),
        ("nan Ca = OCP", "neither a positive number"),
        ("x Ca = OCP", "neither a positive number nor a parameter"),
        ("Ca = Ca", "changes nothing"),
        ("=", "changes nothing"),
        ("Ca = acid.load Ca", "Ca stands twice"),
    ],
)
def test_what_is_no_equation_is_told(equation, words):
    with pytest.raises(ModelError, match=words):
        changes_of(equation, "here")


def test_laws_are_the_formulas_of_kinetics_by_name():
    assert laws()["precursors.templated"] is precursors.templated
    assert not [name for name in laws() if name.split(".")[1].startswith("_")]


def test_every_reaction_of_the_package_balances_by_its_formulas():
    """Nothing is marked as unbalanced, and the model itself finds no process that makes an element."""
    content = tomllib.loads((resources.files("sim") / "data" / "reactions.toml").read_text("utf-8"))
    assert not [name for name, table in content.items() if "unbalanced" in table]
    model = sim.library.model()
    assert [p.name for p in model.processes] == list(content)
    assert model.imbalance({n: p.si for n, p in model.parameters.items()}) == {}


def test_a_reaction_of_ones_own_is_a_process_with_its_parameters(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    model = sim.library.model(reactions=[path])
    own = model.processes[-1]
    assert own.name == "release: bound calcium"
    assert own.changes == {"bound_Ca": -1, "Ca": 1, "lipid": 1}
    assert own.needs == ("bound_Ca", "release.tau")
    assert model.parameters["release.tau"].si == 3 * 86400
    assert own.formula(6.0, 3.0) == 2.0


def test_a_reaction_with_a_name_that_exists_takes_its_place(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        OWN.replace("release: bound calcium", "membrane: binding").replace("release.tau", "membrane.tau")
    )
    old, new = sim.library.model(), sim.library.model(reactions=path)
    assert [p.name for p in new.processes] == [p.name for p in old.processes]
    changed = next(p for p in new.processes if p.name == "membrane: binding")
    assert changed.changes == {"bound_Ca": -1, "Ca": 1, "lipid": 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("= Ca + lipid", "= 2 Ca + lipid", r"\[release: bound calcium\].*does not balance, it makes \+1 Ca"),
        ("= Ca + lipid", "= Ca", r"makes -1 lipid.*unbalanced = true"),
        (
            "bound_Ca = Ca",
            "bond_Ca = Ca",
            "'bond_Ca'.*neither a species.*Did you mean 'bound_Ca'",
        ),
        ("necrosis.first_order", "necrosis.first_ordr", "Did you mean 'necrosis.first_order'"),
        ("necrosis.first_order", "first_order", "Did you mean 'necrosis.first_order'|necrosis.first_order"),
        ("necrosis.first_order", "os.system", "is not a formula of sim/kinetics"),
        ("amount =", "amonut =", "no argument 'amonut' to read. Did you mean 'amount'"),
        ('"release.tau"', '"release.tua"', "'release.tua'.*Did you mean 'release.tau'"),
        ("= Ca + lipid", "= Ca + acid.laod H", "'acid.laod' is not a parameter. Did you mean 'acid.load'"),
        ("law =", "lwa =", "unknown key 'lwa'. Did you mean 'law'"),
        ('law = "necrosis.first_order"\n', "", "either a law .* or a rate"),
        (
            'law = "necrosis',
            'rate = "pH"\nlaw = "necrosis',
            "either a law .* or a rate",
        ),
        ('equation = "bound_Ca = Ca + lipid"\n', "", "lacks an equation"),
        ("reads = {", "reads = 'tau' #", "must be names"),
    ],
)
def test_a_slip_in_the_table_is_told_in_a_sentence(tmp_path, old, new, words):
    assert old in OWN
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(ModelError, match=words):
        sim.library.model(reactions=path)


def test_a_difference_that_is_meant_is_counted(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace("= Ca + lipid", '= Ca"\nunbalanced = true #'))
    model = sim.library.model(reactions=path)
    off = model.imbalance({n: p.si for n, p in model.parameters.items()})
    assert off == {("release: bound calcium", "lipid"): -1.0}


def test_files_that_cannot_be_read_are_told(tmp_path):
    (tmp_path / "own.toml").write_text("[")
    with pytest.raises(sim.errors.ConfigError, match="own.toml is not valid TOML"):
        sim.library.model(reactions=tmp_path / "own.toml")
    with pytest.raises(sim.errors.ConfigError, match=r"none\.toml cannot be read"):
        sim.library.model(reactions=tmp_path / "none.toml")
    (tmp_path / "own.toml").write_text(OWN.replace("source", "sauce"))
    with pytest.raises(ParameterError, match="unknown key 'sauce'"):
        sim.library.model(reactions=tmp_path / "own.toml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("reads = {", "unbalanced = 'false'\nreads = {", "unbalanced = 'false' is neither true nor false"),
        ("reads = {", "unbalanced = 0\nreads = {", "unbalanced = 0 is neither true nor false"),
        ('law = "necrosis.first_order"', 'law = ["a"]', r"law = \['a'\] is not text"),
        ('law = "necrosis.first_order"', "rate = 5", "rate = 5 is not text"),
        ('equation = "bound_Ca = Ca + lipid"', "equation = 5", "equation = 5 is not text"),
        ("reads = {", "description = 5\nreads = {", "description = 5 is not text"),
        ("reads = {", "reads = 5 #", "reads = 5 must be names"),
        (OWN, "x = 5", r"\[x\] = 5 is not a table; it holds equation, law"),
        (OWN, "species = 5", r"\[species\] = 5 is not a table"),
        (OWN, "species.x = 5", r"\[species\]: \[x\] = 5 is not a table; it holds diffusivity, scale"),
        (OWN, "parameters = 5", r"\[parameters\] = 5 is not a table"),
        (OWN, "species.Q.contains = 5", r"\[Q\]: contains = 5 is not a table"),
        (OWN, "species.Q.contains.Ca = true", "contains: Ca = True is neither a number nor the name"),
        (OWN, "species.Q.contains.Ca = [1, {}]", "contains: Ca = {} is neither a number nor the name"),
        (OWN, 'species.Q.scale = "a"', r"\[Q\]: scale = 'a' is not a number"),
        (OWN, "species.Q.scale = nan", r"\[Q\]: scale = nan is not a finite number"),
        (OWN, "species.Q.scale = 0", r"\[Q\]: Q: scale = 0 must be positive"),
        (OWN, "species.Q.unit = 5", r"\[Q\]: unit = 5 is not text"),
        (OWN, 'species.Q.unit = "furlong"', r"\[Q\]: .*furlong"),
        (OWN, "species.Q.diffusivity = [1]", r"diffusivity = \[1\] is neither a number nor"),
        (OWN, "species.Q.initial = {}", "initial = {} is neither a number nor"),
        (OWN, 'species.Q.signed = "no"', "signed = 'no' is neither true nor false"),
        (OWN, "species.Q.equilibrated = 1", "equilibrated = 1 is neither true nor false"),
        (OWN, "species.Q.pool = 5", "pool = 5 is not text"),
        (OWN, 'species.Q.colour = "brown"', "colour = 'brown' must be six hexadecimal digits"),
        (OWN, 'species.Q.surface_for = "HAP"', "surface_for = 'HAP' is not a list of names of solids"),
        (OWN, 'species.Q.surface_for = ["HPA"]', "'HPA', which is no solid. Did you mean 'HAP'"),
        (OWN, "species.Q.sclae = 1", "unknown key 'sclae'. Did you mean 'scale'"),
        (OWN, "[species.lambda]", "'lambda' cannot name a species: it is a word of Python"),
        (OWN, "[species.pH]", r"\[pH\] cannot name a species: 'pH' is a derived quantity"),
        (OWN, "[species.ledger]", "'ledger' is the ledger of a result"),
        (OWN, "[species.t]", "'t' is the time"),
        (OWN, "[species.phi0]", "'phi0' is a field"),
        (OWN, "[species.HAP]", r"\[HAP\] cannot name a solid: 'HAP' is a species"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_in_a_sentence(tmp_path, old, new, words):
    assert old in OWN
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(ConfigError, match=words):
        sim.library.model(reactions=path)
