"""PhreeqcRM with our constants: many cells of one kilogram of water, totals in, answers out."""

from __future__ import annotations

import numpy as np

from benchmarks.fluids import COMPONENTS
from benchmarks.measuring.timing import ROOT
from sim.chemistry.tables import SpeciationTables

DATABASE = ROOT / "tests" / "data" / "phreeqc" / "hap_rec.dat"
WATER = 0.018016  # kg/mol, PHREEQC's own number
PUNCHED = ("pH", "kgw", "a_Ca", "a_PO4", "solid")
SOLID = "Hydroxyapatite"
# Oxygens and hydrogens that our basis species (Ca, HPO4, HCO3, ...) bring along.
OXYGEN, HYDROGEN = {"P": 4, "C": 3}, {"P": 1, "C": 1}

EQUILIBRIUM = f"EQUILIBRIUM_PHASES 1\n {SOLID} 0 0\n"


def kinetics(rate: float, seconds: float, tolerance: float = 1e-8) -> str:
    """Growth at rate (Omega^(1/9) - 1) [mol per kg water and second] of a solid that is there."""
    return (
        f"RATES\n growth\n -start\n 10 omega = SR(\"{SOLID}\")\n 20 r = 0\n"
        f" 30 if omega > 1 then r = {rate:.17g} * (omega^(1/9) - 1) * TOT(\"water\")\n"
        " 40 SAVE -r * TIME\n -end\n"
        f"KINETICS 1\n growth\n -formula Ca5(PO4)3OH 1\n -m0 1\n -tol {tolerance:g}\n"
        f" -steps {seconds:g}\n -cvode true\n"
    )  # fmt: skip


class Cells:
    """n cells in one thread. solid: "" (fluid alone), EQUILIBRIUM or `kinetics(...)`.

    tolerance: PHREEQC's own convergence tolerance; its default is 1e-8.
    """

    def __init__(self, n: int, tables: SpeciationTables, solid: str = "", tolerance: float = 1e-8):
        from phreeqcrm import PhreeqcRM

        self.n, self.tables, self.kinetic = n, tables, "KINETICS" in solid
        self.rm = rm = PhreeqcRM(n, 1)
        rm.SetErrorHandlerMode(0)
        rm.SetScreenOn(False)
        rm.SetUnitsSolution(2)  # mol/L, and every cell holds one litre
        rm.SetUnitsPPassemblage(0)
        rm.SetUnitsKinetics(0)
        rm.SetComponentH2O(False)
        rm.UseSolutionDensityVolume(False)
        rm.SetRebalanceByCell(False)
        one = [1.0] * n
        for setter in (rm.SetPorosity, rm.SetSaturation, rm.SetRepresentativeVolume, rm.SetDensityUser):
            setter(one)
        rm.SetTemperature([tables.temperature - 273.15] * n)
        if rm.LoadDatabase(str(DATABASE)):
            raise SystemExit(f"PhreeqcRM cannot read {DATABASE}: {rm.GetErrorString()}")
        expressions = ('-LA("H+")', 'TOT("water")', 'LA("Ca+2")', 'LA("PO4-3")',
                       'KIN("growth") - 1' if self.kinetic else f'EQUI("{SOLID}")')  # fmt: skip
        program = "".join(f" {10 + i} PUNCH {e}\n" for i, e in enumerate(expressions))
        text = (
            f"KNOBS\n -convergence_tolerance {tolerance:g}\n -iterations 500\n"
            "SOLUTION 1\n -units mol/kgw\n -temp 37\n pH 7\n Ca 1e-3\n P 1e-3\n C(4) 1e-3\n"
            " Mg 1e-3\n Na 0.1\n K 1e-3\n Cl 0.1\nEND\n"
            f"{solid}END\nSELECTED_OUTPUT 1\n -reset false\n -high_precision true\n"
            f"USER_PUNCH 1\n -headings {' '.join(PUNCHED)}\n -start\n{program} -end\nEND\n"
        )
        if rm.RunString(True, True, True, text):
            raise SystemExit(f"PhreeqcRM refuses its input: {rm.GetErrorString()}")
        rm.FindComponents()
        self.components = list(rm.GetComponents())
        self.start = np.full((7, n), -1, np.int32)  # solution, phases, exchange, ..., kinetics
        self.start[0] = 1
        if solid:
            self.start[6 if self.kinetic else 1] = 1
        self.reset()

    def reset(self) -> None:
        """Every cell as at first: the same plain solution, and the solid as given."""
        self.rm.SetSaturation([1.0] * self.n)
        self.rm.SetTimeStep(0.0)
        if self.rm.InitialPhreeqc2Module(self.start.ravel().tolist()):
            raise SystemExit(f"PhreeqcRM cannot start its cells: {self.rm.GetErrorString()}")

    def put(self, totals: np.ndarray) -> None:
        """Set the fluids: totals (n, 8) with acidity, mol per kg water."""
        column = {c: totals[:, k] for k, c in enumerate(COMPONENTS)}
        value = {
            "H": column["H"] + 2.0 / WATER + sum(v * column[c] for c, v in HYDROGEN.items()),
            "O": 1.0 / WATER + sum(v * column[c] for c, v in OXYGEN.items()),
            "Charge": totals @ self.tables.component_charge,
        }
        rows = [value.get(c, column.get(c)) for c in self.components]
        self.rm.SetConcentrations(np.concatenate(rows).tolist())

    def run(self, seconds: float = 0.0) -> bool:
        """One reaction step of every cell; False when a cell stopped it."""
        self.rm.SetTimeStep(seconds)
        return self.rm.RunCells() == 0

    def read(self) -> dict[str, np.ndarray]:
        """{PUNCHED: (n,)} of the last run, for which SetSelectedOutputOn(True) was in force."""
        found = np.array(self.rm.GetSelectedOutput()).reshape(-1, self.n)
        return dict(zip(PUNCHED, found, strict=True))

    def output(self, on: bool) -> None:
        """Write answers or not; timings are made without, in PhreeqcRM's favour."""
        self.rm.SetSelectedOutputOn(on)


def unsolved(totals: np.ndarray, tables: SpeciationTables, batch: int = 1000) -> int:
    """How many fluids PhreeqcRM does not solve from its plain solution.

    A cell that fails ends the whole run, so a failed batch is halved until the cell is alone.
    """
    lost = 0
    for i in range(0, totals.shape[0], batch):
        pieces = [totals[i : i + batch]]
        while pieces:
            piece = pieces.pop()
            cells = Cells(piece.shape[0], tables)
            cells.output(False)
            cells.put(piece)
            if cells.run():
                continue
            if piece.shape[0] == 1:
                lost += 1
            else:
                half = piece.shape[0] // 2
                pieces += [piece[:half], piece[half:]]
    return lost
