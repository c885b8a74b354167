"""What templates and analyses come to together: tables without a clock (spec §6.6)."""

from collections.abc import Iterable

from bot.core.experiments import sheet as sheets
from bot.model import experiment

_TEMPLATES = ("Successful", "Running", "Progressing", "Error", "Failed")
_RUNS = ("Successful", "Running", "Pending", "Inconclusive", "Error", "Failed")
REQUIRED_DONE = "Required AnalysisRuns completed"

Word = tuple[str, str]


def of_templates(known: Iterable[experiment.TemplateStatus]) -> Word:
    """The worst word of all templates, and its message."""
    worst = experiment.TemplateStatus(name="", status="Successful")
    for one in known:
        if _TEMPLATES.index(_known(one.status)) > _TEMPLATES.index(worst.status):
            worst = one
    return worst.status or "Progressing", worst.message


def _known(word: str) -> str:
    return word if word in _TEMPLATES else "Progressing"


def of_analyses(s: sheets.Sheet) -> Word:
    """The worst phase of all analyses; an empty one where there are none.

    What was never begun because the end was asked for is not missed.
    """
    if not s.spec.analyses:
        return "", ""
    none = "Successful" if s.spec.terminate else "Pending"
    found = [
        s.runs.get(one.name) or experiment.RunStatus(name=one.name, phase=none)
        for one in s.spec.analyses
    ]
    worst = max(found, key=lambda one: _RUNS.index(_phase(one.phase)))
    if worst.phase in sheets.BAD:
        return worst.phase, worst.message
    if s.required_done:
        return "Successful", REQUIRED_DONE
    return ("Successful" if worst.phase == "Successful" else "Running"), ""


def _phase(phase: str) -> str:
    return phase if phase in _RUNS else "Pending"


def together(s: sheets.Sheet) -> Word:
    """The phase of the whole, and why."""
    worst, why = of_templates(s.templates.values())
    judged, verdict = of_analyses(s)
    needed = any(one.required for one in s.spec.analyses)
    if worst == "Successful" and (judged in {"Successful", *sheets.BAD} or needed):
        return judged, verdict
    if worst in {"Running", "Progressing"}:
        if judged in sheets.BAD or s.required_done:
            return judged, verdict
        return ("Running" if worst == "Running" else "Pending"), ""
    return worst, why
