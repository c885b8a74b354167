"""kubectl's JSONPath, as Argo's web metrics use it: text with ``{}`` actions in it.

Unlike client-go, a filter compares an int literal with a float by value: the JSON here has no
ints. Pure and bounded; no JSONPath of the RFC, no ``&&`` in filters.
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any

from bot.core import jsonpath_syntax as syntax
from bot.core.jsonpath_syntax import JsonPathError

__all__ = ["JsonPathError", "find"]

MAX_VISITS = 100_000

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _Search:
    """One evaluation; counts the values it touches."""

    def __init__(self) -> None:
        self.visits = 0

    def visit(self, count: int = 1) -> None:
        self.visits += count
        if self.visits > MAX_VISITS:
            raise JsonPathError("the path touches too many values")

    def path(self, path: syntax.Path, values: list[Any], *, strict: bool = True) -> list[Any]:
        for node in path:
            self.visit(len(values) + 1)
            values = self.step(node, values, strict=strict)
        return values

    def step(self, node: syntax.Node, values: list[Any], *, strict: bool) -> list[Any]:
        match node:
            case syntax.Const():
                return [node.value]
            case syntax.Word():
                raise JsonPathError(f"unrecognized identifier {node.name}")
            case syntax.Field():
                return _fields(node.name, values, strict=strict)
            case syntax.Wildcard():
                return [child for value in values for child in _children(value)]
            case syntax.Recursive():
                return [found for value in values for found in self.descend(value)]
            case syntax.Slice():
                return [one for value in values if value is not None for one in _cut(node, value)]
            case syntax.Union():
                return [
                    one for path in node.paths for one in self.path(path, values, strict=strict)
                ]
            case syntax.Filter():
                return [one for value in values for one in self.filtered(node, value)]

    def descend(self, value: Any) -> Iterator[Any]:
        """Give the value and all below it that hold others, parents first."""
        stack = [value]
        while stack:
            here = stack.pop()
            self.visit()
            children = _children(here)
            if children or (isinstance(here, str) and here):
                yield here
                stack.extend(reversed(children))

    def filtered(self, node: syntax.Filter, value: Any) -> Iterator[Any]:
        if not isinstance(value, list):
            raise JsonPathError(f"{_kind(value)} is not array or slice and cannot be filtered")
        for one in value:
            self.visit()
            left = self.path(node.left, [one], strict=False)
            right = self.path(node.right, [one], strict=False)
            if len(left) > 1 or (node.compare != "exists" and len(right) > 1):
                raise JsonPathError("can only compare one element at a time")
            if left and (node.compare == "exists" or (right and _holds(node, left[0], right[0]))):
                yield one

    def actions(self, actions: tuple[syntax.Path, ...], value: Any) -> Iterator[Any]:
        at = 0
        while at < len(actions):
            path = actions[at]
            at += 1
            first = path[0] if path else None
            if first == syntax.Word("end"):
                raise JsonPathError("not in range, nothing to end")
            if first == syntax.Word("range"):
                end = _matching_end(actions, at)
                for one in self.path(path[1:], [value]):
                    yield from self.actions(actions[at:end], one)
                at = end + 1
            else:
                yield from self.path(path, [value])


def _matching_end(actions: tuple[syntax.Path, ...], at: int) -> int:
    depth = 1
    for i in range(at, len(actions)):
        if actions[i][:1] == (syntax.Word("range"),):
            depth += 1
        elif actions[i][:1] == (syntax.Word("end"),):
            depth -= 1
            if depth == 0:
                return i
    return len(actions)


def _kind(value: Any) -> str:
    names = ((bool, "bool"), ((int, float), "float64"), (str, "string"), (list, "[]interface {}"))
    found = next((name for kind, name in names if isinstance(value, kind)), None)
    return found or ("<nil>" if value is None else "map[string]interface {}")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _fields(name: str, values: list[Any], *, strict: bool) -> list[Any]:
    if not name:
        return values
    found = [value[name] for value in values if isinstance(value, dict) and name in value]
    if strict and not found:
        raise JsonPathError(f"{name} is not found")
    return found


def _cut(node: syntax.Slice, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise JsonPathError(f"{_kind(value)} is not array or slice")
    size = len(value)
    start = node.start or 0
    start += size if start < 0 else 0
    stop = size if node.stop is None else node.stop
    if stop < 0 or (stop == 0 and node.derived):
        stop += size
    if start == stop:
        return []
    for index, inside in ((start, 0 <= start < size), (stop - 1, 0 <= stop <= size)):
        if not inside:
            raise JsonPathError(f"array index out of bounds: index {index}, length {size}")
    if start > stop:
        raise JsonPathError(f"starting index {start} is greater than ending index {stop}")
    if node.step is not None and node.step <= 0:
        raise JsonPathError("step must be > 0")
    return value[start : stop : node.step or 1]


def _holds(node: syntax.Filter, left: Any, right: Any) -> bool:
    if _kind(left) != _kind(right) or isinstance(left, (list, dict)):
        raise JsonPathError("incompatible types for comparison")
    if isinstance(left, bool) and node.compare not in {"==", "!="}:
        raise JsonPathError("invalid type for comparison")
    if left is None:
        raise JsonPathError("invalid type for comparison")
    return bool(_OPERATORS[node.compare](left, right))


def find(path: str, value: Any) -> list[Any]:
    """Give everything that the template ``path`` finds in ``value``, in its order.

    Text outside of ``{}`` counts as found. An empty list means that the path was right and
    nothing is there.

    Raises:
        JsonPathError: the path is malformed, or a key or an index is missing.

    """
    try:
        return list(_Search().actions(syntax.template(path), value))
    except RecursionError:
        raise JsonPathError("the path nests too deeply") from None
