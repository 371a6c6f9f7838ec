"""What a treatment does to one quantity: which, and how its value follows from the dose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.errors import ConfigError, not_one_of

BOUNDARY, PARAMETERS, PLACES, STATE, TISSUE = "boundary", "parameters", "places", "state", "tissue"
LASTING = (BOUNDARY, PARAMETERS, PLACES)  # what is in force from the start of a course to its end
SHARES = ("multiplied", "reduced")  # ways that need no value of their own
MINERAL = "mineral"  # in the state: all solids, their crystals and what they have adsorbed


def _inhibited(own: float, dose: float, half: float) -> float:
    return own / (1.0 + dose / half)


# how: the value in force [SI] from what it is without the treatment, the dose and that of half the effect
WAYS: dict[str, Callable[[float, float, float], float]] = {
    "level": lambda own, dose, half: dose,
    "raised": lambda own, dose, half: own + dose,
    "lowered": lambda own, dose, half: own - dose,
    "multiplied": lambda own, dose, half: own * dose,
    "reduced": lambda own, dose, half: own * (1.0 - dose),
    "inhibited": _inhibited,
    "decades up": lambda own, dose, half: own * 10.0**dose,
    "decades down": lambda own, dose, half: own * 10.0**-dose,
    "replaced": lambda own, dose, half: own,  # of tissue: by healthy tissue, whole
}
WORDS = {
    "level": "is the dose",
    "raised": "raised by the dose",
    "lowered": "lowered by the dose",
    "multiplied": "times the dose",
    "reduced": "less the share that is the dose",
    "inhibited": "divided by 1 + dose/(dose of half the effect)",
    "decades up": "times 10^dose",
    "decades down": "times 10^-dose",
    "replaced": "replaced by healthy tissue",
}


@dataclass(frozen=True)
class Effect:
    """One quantity, and how it follows from the dose.

    part: "boundary" (fluid outside and in vessels), "parameters", "places" (a quantity of each layer and
        region), "state" (once, at the start of a course) or "tissue" (once, the whole of it)
    name: of the quantity; "mineral" in the state is all solids, with what they have adsorbed
    how: a word of WAYS
    """

    part: str
    name: str
    how: str

    @classmethod
    def of(cls, on: str, how: str, where: str) -> Effect:
        """The effect of a table of a file, on = "boundary.PPi"."""
        part, _, name = on.partition(".")
        known = (*LASTING, STATE, TISSUE)
        if part not in known:
            raise ConfigError(not_one_of(f"{where}: on", part, known))
        if how not in WAYS:
            raise ConfigError(not_one_of(f"{where}: how", how, WAYS))
        if (part == TISSUE) != (how == "replaced") or bool(name) == (part == TISSUE):
            raise ConfigError(
                f"{where}: on = '{on}', how = '{how}' says nothing; write on = 'boundary.PPi', "
                "how = 'level', or on = 'tissue', how = 'replaced'."
            )
        if part == STATE and how not in SHARES:
            raise ConfigError(not_one_of(f"{where}: how, of what is done to a state once,", how, SHARES))
        return cls(part, name, how)

    @property
    def lasts(self) -> bool:
        """Whether it is in force for a time, and not done once."""
        return self.part in LASTING

    @property
    def relative(self) -> bool:
        """Whether the value without the treatment matters."""
        return self.how != "level"

    def value(self, own: float, dose: float, half: float = 1.0, share: float = 1.0) -> float:
        """The value [SI] from that without the treatment, the dose, and the dose of half the effect.

        share: of the dose, what is left of it in plasma [0-1]. A level gives way to what there is without
        the treatment as it washes out; all else follows from the dose that is left.
        """
        if not self.relative:
            return share * WAYS[self.how](own, dose, half) + (1.0 - share) * own
        return WAYS[self.how](own, share * dose, half)

    def strongest(self, own: float, doses: Sequence[float], shares: Sequence[float]) -> int:
        """Which of the courses of one drug acts: that of which most is left in plasma, of a level above what
        there is without it [SI]; of those alike the last. What is gone acts least."""
        beneath = 0.0 if self.relative else own
        left = [(x > 0.0, x * (dose - beneath)) for dose, x in zip(doses, shares, strict=True)]
        return max(range(len(left)), key=lambda k: (*left[k], k))

    def in_words(self) -> str:
        """ "plasma P lowered by the dose"."""
        lead = {BOUNDARY: "plasma ", PLACES: "in tissue, "}.get(self.part, "")
        return f"{lead}{self.name or self.part} {WORDS[self.how]}"
