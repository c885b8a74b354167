"""Conditions: the expr-lang language as Argo Rollouts uses it, evaluated safely.

The entry to the package: parse, check against the value's type, run. Pure; no input makes it
raise anything but ``ExprError`` or run for long. What a condition's outcome means is elsewhere.
"""

from datetime import datetime
from typing import Any

from bot.core.expr import checker, evaluator, parser, shapes, values
from bot.core.expr.errors import ExprError

__all__ = ["ExprError", "evaluate", "evaluate_any", "instant"]


def evaluate_any(
    source: str, result: Any, *, shape: str = "any", now: datetime | None = None
) -> Any:
    """Give the value of ``source`` with the metric's value as ``result``.

    ``shape`` is the Go type that ``result`` stands for: ``any``, ``float64``, ``*float64`` or
    ``[]float64``. JSON ints count as floats. ``now`` is what ``now()`` returns; without it that
    call is refused.

    Raises:
        ExprError: the expression does not compile against the value, or its run fails.

    """
    try:
        tree = parser.parse(source)
        value, kind = shapes.shaped(result, shape)
        checker.Checker(kind).visit(tree)
        return evaluator.Evaluator(value, now=now).run(tree)
    except RecursionError:
        raise ExprError("expression or value nests too deeply") from None


def evaluate(source: str, result: Any, *, shape: str = "any", now: datetime | None = None) -> bool:
    """Give the truth of the condition ``source``; see ``evaluate_any``.

    Raises:
        ExprError: as there, or the outcome is no bool.

    """
    found = evaluate_any(source, result, shape=shape, now=now)
    if not isinstance(found, bool):
        raise ExprError(f"expected bool, but got {values.type_name(found)}")
    return found


def instant(source: str, now: datetime) -> datetime:
    """Give the time that ``source`` comes to, such as ``now() - duration("1h")``.

    Raises:
        ValueError: it does not compile, fails, or gives no time.

    """
    try:
        found = evaluate_any(source, None, now=now)
    except ExprError as problem:
        raise ValueError(str(problem)) from problem
    if not isinstance(found, datetime):
        raise ValueError(f"expected time.Time, but got {values.type_name(found)}")  # noqa: TRY004 - one error for one port
    return found
