"""What is noted while a run goes on: states, segments, statistics. A Result is made of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numba import get_num_threads

from sim.binder.expressions import model_expressions
from sim.chemistry.activity import range_notes
from sim.chemistry.constants_sets import constants_set, extended_set
from sim.errors import ConfigError, ScenarioError, listing
from sim.experiment.models import SPECIATION
from sim.experiment.places import layout_table, unsaid_living
from sim.experiment.saving import course_table, intervention_table, parameter_entry, scenario_text
from sim.experiment.scenario import Scenario
from sim.experiment.timing.moments import not_reached
from sim.experiment.values.given import as_given
from sim.identity.definition import continued_fingerprint, run_fingerprint
from sim.identity.settings import Settings
from sim.identity.versions import installed_versions
from sim.model.words.names import OMEGA
from sim.run.beginning import Beginning
from sim.run.continued.agreement import left_out_notes
from sim.run.continued.state_tables import with_state
from sim.run.dataset import assemble, assemble_tables
from sim.run.in_force.treated import treatment_notes
from sim.run.memory import MemoryForecast, account
from sim.run.outputs import OneOutput, Outputs
from sim.run.segments import Builder, Segment
from sim.run.stored.labelled import LabelledArrays
from sim.solvers.steps.solution import STATUS, Solution
from sim.units import to_unit

JUDGED = "ionic_strength"  # what range notes look at, whether or not it is kept


class RunRecord:
    """Collects segments and their solutions.

    kept: variables of the result, all when None
    memory: the forecast, and the process before the run [bytes] · wall: s that the run took, set at its end
    beginning: the state that the run goes on from, or that of rest
    """

    def __init__(
        self,
        builder: Builder,
        settings: Settings,
        kept: Sequence[str] | None,
        memory: tuple[MemoryForecast, int | None],
        beginning: Beginning,
    ):
        self.builder, self.settings, self.kept, self.memory = builder, settings, kept, memory
        self.beginning = beginning
        self.parts: list[tuple[Segment, Solution]] = []
        self.starts: list[tuple[np.ndarray, np.ndarray]] = []
        self.wall = 0.0
        self.judged: list[np.ndarray] = []  # JUDGED at the first and the last output, where it is known

    def begin(self, y: np.ndarray, before: np.ndarray) -> None:
        """Note the state that a segment starts from, and that before its cut, which may change contents."""
        self.starts.append((before, y))

    def end(self, segment: Segment, solution: Solution) -> None:
        """Note the solution of a segment."""
        self.parts.append((segment, solution))

    def present(self, segment: Segment, t: float, y: np.ndarray, status: str) -> RunRecord:
        """A record whose one output is the state y at t [s] of a segment that has begun, of all variables;
        the state is not copied."""
        found = RunRecord(self.builder, self.settings, None, self.memory, self.beginning)
        none = np.zeros((0, y.size))
        found.parts = [
            (s, replace(p, t=none[:, 0], y=none)) for s, p in self.parts if s is not segment
        ]  # fmt: skip
        found.parts.append((segment, Solution(np.array([t]), y[None], t, y, status, STATUS[status])))
        found.starts = self.starts[: len(found.parts)]
        found.outputs = OneOutput(self.builder, found.parts, found.starts, None, self.beginning.ledger)
        return found

    @cached_property
    def outputs(self) -> Outputs:
        """The states at the output times, as plain arrays."""
        held = None if self.kept is None else (*self.kept, JUDGED)
        return Outputs(self.builder, self.parts, self.starts, held, self.beginning.ledger)

    def dataset(self) -> LabelledArrays:
        """The dataset of the result."""
        found = assemble(self.outputs)
        return found.without(JUDGED) if self.kept is not None and JUDGED not in self.kept else found

    def tables(self) -> LabelledArrays:
        """The tables of the result, with what another run needs to go on."""
        found = assemble_tables(self.outputs)
        return with_state(found, self.builder.model, self.outputs.at_end)

    def notes(self) -> list[str]:
        """Sentences on what to mind: of the constants, of tissue, and beyond ranges of the chemistry."""
        s, columns = self.builder.scenario, self.outputs.columns
        ranges = self._range_notes(columns[JUDGED]) if JUDGED in columns else []
        late = not_reached(s.interventions, s.duration)
        unsolved = filter(None, [self.outputs.unsolved])
        dropped = left_out_notes(self.beginning.state, s)
        known = [*constants_notes(s), *treatment_notes(s), *dropped, *unsaid_living(s)]
        return [*known, *late, *ranges, *unsolved]

    def notes_of_ends(self) -> list[str]:
        """Sentences on what is beyond the ranges of the chemistry at the first and the last output."""
        if JUDGED not in self.builder.model.quantities:
            return []
        ends = self.judged or list(self.outputs.derived_at_ends(JUDGED))
        return self._range_notes(np.array(ends))

    def _range_notes(self, ionic_strength: np.ndarray) -> list[str]:
        """Sentences on an ionic strength or a temperature beyond the ranges of the chemistry."""
        s = self.builder.scenario
        if "fluid.temperature" not in s.parameters:
            return []
        chosen = constants_set(s.constants)
        degrees = _degrees(s.parameters.si("fluid.temperature"))
        most = float(np.nanmax(ionic_strength, initial=-np.inf))
        return range_notes(chosen.activity, most, chosen.name, chosen.temperature_range, degrees)

    @property
    def statistics(self) -> dict[str, int]:
        """Counts of the solver over all segments."""
        found: dict[str, int] = {}
        for _, p in self.parts:
            for k, v in p.statistics.items():
                found[k] = found.get(k, 0) + int(v)
        if beside := model_expressions(self.builder.model).unread:
            found["differenced_formulas"] = len(beside)
        return found

    @property
    def status(self) -> str:
        """ "finished", "interrupted" or "failed" """
        return self.parts[-1][1].status

    @property
    def message(self) -> str:
        """How the run ended, and what its segments have to say about the way there."""
        solutions = [p for _, p in self.parts]
        plain, end = STATUS["finished"], solutions[-1]
        said = [p.message.removeprefix(plain).strip() for p in solutions if p.status == "finished"]
        return " ".join([end.message if end.status != "finished" else plain, *filter(None, said)])

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The hash of the run; "" and a sentence where something of one's own in it cannot be told apart."""
        state = self.beginning.state
        try:
            own = run_fingerprint(self.builder.scenario, self.settings)
            return {"hash": own if state is None else continued_fingerprint(own, state.parent)}
        except ConfigError as e:
            return {"hash": "", "no_hash": str(e)}

    def _before(self) -> dict[str, Any]:
        """What the run goes on from, and how those before it were made; how far its draws have come."""
        state, nuclei = self.beginning.state, self.builder.nuclei
        found = {} if state is None else {"parent": state.parent, "history": state.history}
        return found if nuclei is None else found | {"draws": asdict(nuclei.draws)}

    def manifest(self) -> dict:
        """Everything needed to tell what was run, with what, and how well it went.

        hash: sim.identity.definition says what is in it; a sweep keeps the same one as a row's `run`
        threads: those that compiled kernels may use; results do not depend on their number
        interventions, courses: in words · intervention_tables, course_tables: the same, complete and
            exact, as tables of a file
        notes: sentences on what to mind of the chemistry (added with the result)
        times, variables: as asked for · parent, history: the run that this one goes on from, and how it and
            those before it were made, the first one first
        """
        s = self.builder.scenario
        solutions = [p for _, p in self.parts]
        worst = max(solutions, key=lambda p: p.undershoot)
        parameters = {n: parameter_entry(n, p) for n, p in s.parameters.items()}
        end = solutions[-1]
        return {
            "scenario": s.name,
            "title": s.title,
            "scenario_notes": s.notes,
            "notes": self.notes(),
            "constants": s.constants,
            "geometry": repr(self.builder.grid),
            "geometry_kind": s.geometry,
            "outer": s.outer,
            "layers": [list(row) for row in s.layers],
            "initial": {n: v if isinstance(v, str) else as_given(v) for n, v in s.initial.items()},
            "growth_law": s.growth_law,
            "parts": list(s.parts),
            "model": repr(s.model),
            "duration": s.duration,
            "status": self.status,
            "message": self.message,
            "t_end": end.t_end,
            "solver": self.settings.solver,
            "rtol": self.settings.rtol,
            "atol": self.settings.atol,
            "max_steps": self.settings.max_steps,
            "times": self.settings.times,
            "variables": None if self.kept is None else list(self.kept),
            "statistics": self.statistics,
            "speciation_failures": int(sum(seg.system.failures.sum() for seg, _ in self.parts)),
            "undershoot": worst.undershoot,
            "undershoot_species": worst.undershoot_species,
            "wall_seconds": self.wall,
            "seed": None if s.stochastic is None else s.stochastic.seed,
            **self._before(),
            "threads": get_num_threads(),
            "layout": layout_table(s),
            **self.identity,
            **_scenario(s),
            "unbalanced": [f"{p} ({n:+g} {e})" for (p, e), n in self.builder.unbalanced.items()],
            "interventions": s.interventions_in_words(),
            "courses": s.courses_in_words(),
            "course_tables": [course_table(s, c) for c in s.courses],
            "intervention_tables": [intervention_table(s, cut) for cut in s.interventions],
            "parameters": parameters,
            "versions": installed_versions(),
            "platform": f"{platform.system()} {platform.machine()}, Python "
            f"{platform.python_version()}, {os.cpu_count()} processors",
            "ledger_residual": float(np.abs(self.outputs.residual).max(initial=0.0)),
            "memory": account(*self.memory),
        }


@lru_cache(maxsize=16)
def _degrees(temperature: float) -> float:
    """A temperature [K] in degrees Celsius."""
    return float(to_unit(temperature, "degC"))


def constants_notes(scenario: Scenario) -> list[str]:
    """A sentence on the solids of a scenario whose solubility its constants do not say, or none."""
    solids = [s.solid for s in scenario.model.solids if s.solid is not None]
    chosen = extended_set(scenario.constants, tuple(s for s in solids if s.solubility))
    asked = {o.removeprefix(OMEGA) for d in scenario.model.derived if d.name == SPECIATION for o in d.outputs}
    lacking = chosen.lacking(s.phase for s in solids if s.phase in asked)
    if not lacking or SPECIATION not in (d.name for d in scenario.model.derived):
        return []
    names = [s.name if s.name == s.phase else f"{s.name} ({s.phase})" for s in solids if s.phase in lacking]
    return [
        f"constants '{scenario.constants}' hold no solubility of {listing(names)}: these cannot form, and "
        "what there is of them dissolves."
    ]


def _scenario(s: Scenario) -> dict[str, str]:
    """The scenario as the text of a file, or a sentence that says what such a file cannot hold."""
    try:
        return {"scenario_text": scenario_text(s)}
    except ScenarioError as e:
        return {"scenario_text": "", "no_scenario": str(e)}
