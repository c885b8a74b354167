"""The built-ins on lists and maps that take no predicate."""

from collections.abc import Callable
from typing import Any, Protocol

from bot.core.expr import predicates, values
from bot.core.expr.errors import ExprError

_MAX_NESTING = 100


class Run(predicates.Run, Protocol):
    """What these need of the evaluation."""

    def fetch(self, base: Any, prop: Any) -> Any: ...


def _end(index: int) -> Callable[[Run, list[Any]], Any]:
    def call(run: Run, args: list[Any]) -> Any:
        try:
            return run.fetch(args[0], index)
        except ExprError:
            return None

    return call


def _get(run: Run, args: list[Any]) -> Any:
    base, prop = args
    if base is None:
        return None
    if isinstance(base, (list, str)):
        index = values.to_int(prop)
        return run.fetch(base, prop) if -len(base) <= index < len(base) else None
    return run.fetch(base, prop) if isinstance(base, dict) else None


def _list(what: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ExprError(f"cannot {what} {values.type_name(value)}")
    return value


def _take(run: Run, args: list[Any]) -> list[Any]:
    items = _list("take from", args[0])
    if not values.is_int(args[1]):
        raise ExprError(f"cannot take {values.type_name(args[1])} elements")
    if args[1] < 0:
        raise ExprError("reflect.Value.Slice: slice index out of bounds")
    run.budget.grow(min(args[1], len(items)))
    return type(items)(items[: args[1]])


def _entries(run: Run, args: list[Any]) -> dict[Any, Any]:
    if not isinstance(args[0], dict):
        raise ExprError(f"cannot get keys from {values.type_name(args[0])}")
    run.budget.grow(len(args[0]))
    return args[0]


def _from_pairs(run: Run, args: list[Any]) -> values.Keyed:
    pairs = _list("transform from pairs", args[0])
    run.budget.grow(len(pairs))
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ExprError("invalid pair")
    predicates.same_kind([pair[0] for pair in pairs])
    return values.Keyed(pairs)


def _reverse(run: Run, args: list[Any]) -> list[Any]:
    items = _list("reverse", args[0])
    run.budget.grow(len(items))
    return list(reversed(items))


def _uniq(run: Run, args: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in _list("uniq", args[0]):
        if not any(values.equal(item, one, run.budget) for one in found):
            found.append(item)
    return found


def _concat(run: Run, args: list[Any]) -> list[Any]:
    found: list[Any] = []
    for one in args:
        items = _list("concat", one)
        run.budget.grow(len(items))
        found += items
    return found


def _flatten(run: Run, args: list[Any], depth: int = 0) -> list[Any]:
    if depth > _MAX_NESTING:
        raise ExprError("recursion depth exceeded")
    found: list[Any] = []
    for item in _list("flatten", args[0]):
        next(run.budget)
        found += _flatten(run, [item], depth + 1) if isinstance(item, list) else [item]
    run.budget.grow(len(found))
    return found


def _sort(run: Run, args: list[Any]) -> list[Any]:
    items = list(args[0]) if isinstance(args[0], list) else []
    return predicates.ordered(run, items, items, args[1] if len(args) > 1 else "asc")


FUNCTIONS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "first": _end(0),
    "last": _end(-1),
    "get": _get,
    "take": _take,
    "keys": lambda run, args: list(_entries(run, args)),
    "values": lambda run, args: list(_entries(run, args).values()),
    "toPairs": lambda run, args: [list(pair) for pair in _entries(run, args).items()],
    "fromPairs": _from_pairs,
    "reverse": _reverse,
    "uniq": _uniq,
    "concat": _concat,
    "flatten": _flatten,
    "sort": _sort,
}
