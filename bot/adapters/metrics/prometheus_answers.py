"""What Prometheus' answers and refusals mean: values with their Go shape, sentences. No I/O."""

import ast
import json
import re
from typing import Any

from bot.adapters.metrics import text
from bot.model import ports

_SHOWN = 300
_STATUS = re.compile(r"HTTP Status Code (\d+) \((.*)\)", re.DOTALL)


def refusal(sentence: str) -> str:
    """Give Prometheus' own sentence; the library hides it in the text of some bytes."""
    found = _STATUS.fullmatch(sentence)
    if found is None:
        return sentence[:_SHOWN]
    try:
        body = ast.literal_eval(found[2]).decode("utf-8", "replace")
        answer = json.loads(body)
        return f"{answer['errorType']}: {answer['error']}"
    except (ValueError, SyntaxError, KeyError, TypeError, AttributeError):
        status = int(found[1])
        side = "server" if status >= 500 else "client"
        return f"{side}_error: {side} error: {status}"


def reason(error: Exception) -> str:
    sentence = str(error)
    if "refused" in sentence:
        return "connection refused"
    return sentence[:_SHOWN] or type(error).__name__


def number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ports.MetricError("Prometheus metric type not supported") from None


def value(found: Any) -> tuple[Any, str, str]:
    """Give value, shape and text; a scalar comes as ``[time, "text"]``, a vector as objects."""
    if not isinstance(found, list):
        raise ports.MetricError("Prometheus metric type not supported")
    if found and not isinstance(found[0], dict):
        scalar = number(found[-1])
        return scalar, "float64", text.number(scalar)
    numbers: list[float] = []
    for series in found:
        if "value" not in series and "values" not in series:
            raise ports.MetricError("Prometheus metric type not supported")
        points = series["values"] if "values" in series else [series["value"]]
        numbers.extend(number(point[1]) for point in points)
    return numbers, "[]float64", text.bounded(text.numbers(numbers))
