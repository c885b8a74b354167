"""Analysis as pure functions: templates and arguments into a run, samples into verdicts."""

from bot.core.analysis.building import build_spec, check, ended
from bot.core.analysis.runs import decide_run
from bot.core.analysis.templates import resolve

__all__ = ["build_spec", "check", "decide_run", "ended", "resolve"]
