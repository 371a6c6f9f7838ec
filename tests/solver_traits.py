"""Names of solvers by what their rows say of them: a new row joins the tests that fit it."""

from sim.solvers import SOLVERS


def named(condition):
    """Solvers whose row fulfils a condition."""
    return [name for name, row in SOLVERS.items() if condition(row)]


FIXED_ORDER = named(lambda row: row.order is not None)
EXPLICIT = named(lambda row: not row.stiff)
STIFF = named(lambda row: row.stiff and not row.brief)
# What takes the named scenarios to their end by error control of variable order.
GENERAL = named(lambda row: row.stiff and not row.brief and row.order is None)
GENERAL_ON_PLANES = [name for name in GENERAL if SOLVERS[name].planes]
