"""Label and field selectors of lists and watches."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.local.cluster import refusals

Test = Callable[[Mapping[str, Any]], bool]
_SET = re.compile(r"^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s,()]*)\s*$")
_NAME = re.compile(r"^\s*(!?)\s*([^\s!=,()]+)\s*$")
_COMMA = re.compile(r",(?![^()]*\))")


def by_labels(text: str) -> Test:
    """The test that a label selector stands for; empty matches everything."""
    tests = [_label(term) for term in _COMMA.split(text) if term.strip()]

    def matches(obj: Mapping[str, Any]) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return matches


def _label(term: str) -> Test:
    if match := _SET.match(term):
        key, word, raw = match.groups()
        values = {value.strip() for value in raw.split(",")}
        if word == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match := _EQUAL.match(term):
        key, word, value = match.groups()
        if word == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if match := _NAME.match(term):
        absent, key = match.groups()
        return lambda labels: (key not in labels) if absent else (key in labels)
    raise refusals.bad(f"unable to parse requirement: {term}")


def by_fields(text: str) -> Test:
    """The test that a field selector stands for: paths compared as texts."""
    terms = [match.groups() for term in text.split(",") if (match := _EQUAL.match(term))]

    def matches(obj: Mapping[str, Any]) -> bool:
        return all((_field(obj, path) == value) != (word == "!=") for path, word, value in terms)

    return matches


def _field(obj: Any, path: str) -> str:
    for part in path.split("."):
        obj = obj.get(part) if isinstance(obj, Mapping) else None
    return "" if obj is None else str(obj)
