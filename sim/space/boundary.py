"""What happens at a tagged boundary: closed, fixed pore concentration, or exchange."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sim.errors import ConfigError, not_one_of

KINDS = ("closed", "fixed", "exchange")


@dataclass(frozen=True)
class Boundary:
    """One boundary.

    kind: "closed", "fixed" (pore water outside has `values` right at the face) or "exchange"
    (a membrane of `permeability` [m/s] stands between the face and that water).
    values: {mobile species: concentration [mol m-3 of pore water]}; `pH` may stand for `H`.
    """

    kind: str = "closed"
    values: dict[str, float] = field(default_factory=dict)
    permeability: float = 0.0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ConfigError(not_one_of("boundary kind", self.kind, KINDS))
        if self.kind == "exchange" and not self.permeability > 0:
            raise ConfigError("an exchange boundary needs a positive permeability [m/s].")

    def with_values(self, values: dict[str, float]) -> Boundary:
        """A copy with some concentrations replaced."""
        return replace(self, values={**self.values, **values})
