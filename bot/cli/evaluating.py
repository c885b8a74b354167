"""``rollout-bot eval``: what a condition makes of a result, as a metric would."""

import json
from datetime import datetime
from typing import Any

from bot.core import expr
from bot.model import errors

SHAPES = ("auto", "any", "float64", "[]float64")


def truth(expression: str, result: str, *, shape: str, now: datetime) -> bool:
    """Whether the condition holds for ``result``, which is JSON.

    ``auto``: a number and a list of numbers are what Prometheus gives, all else what a web
    metric gives.

    Raises:
        errors.UserError: the result is no JSON, or the expression cannot be evaluated on it.

    """
    try:
        value = json.loads(result, parse_int=float)
    except (ValueError, RecursionError) as problem:
        raise errors.UserError(f"--result is not JSON: {problem}") from None
    try:
        return expr.evaluate(expression, value, shape=_shape(value, shape), now=now)
    except expr.ExprError as problem:
        raise errors.UserError(str(problem)) from None


def _shape(value: Any, asked: str) -> str:
    numbers = isinstance(value, list) and all(isinstance(one, float) for one in value)
    if asked == "auto":
        return "[]float64" if numbers else "float64" if isinstance(value, float) else "any"
    if asked == "[]float64" and not numbers:
        raise errors.UserError("--result is no list of numbers")
    if asked == "float64" and not isinstance(value, float):
        raise errors.UserError("--result is no number")
    return asked
