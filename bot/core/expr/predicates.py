"""The built-ins that take a predicate: ``all``, ``any``, ``filter``, ``map`` and so on.

Each runs its body once an element; every run draws on the budget of the evaluation.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from bot.core.expr import nodes, values
from bot.core.expr.budget import Budget
from bot.core.expr.errors import ExprError


class Run(Protocol):
    """What a predicate needs of the evaluator."""

    budget: Budget
    scopes: list[dict[str, Any]]

    def run(self, node: nodes.Node) -> Any: ...


def call(run: Run, node: nodes.Builtin) -> Any:
    items = run.run(node.args[0])
    if not isinstance(items, list):
        if items is None:
            raise ExprError("reflect: call of reflect.Value.Len on zero Value")
        raise ExprError(f"builtin {node.name} takes only array (got {values.type_name(items)})")
    return _CALLS[node.name](run, items, node.args[1:])


def _each(run: Run, items: list[Any], body: nodes.Node) -> Iterator[tuple[Any, Any]]:
    """Give each element with what the body makes of it."""
    for index, item in enumerate(items):
        scope = {"": item, "index": index, "acc": None}
        run.scopes.append(scope)
        try:
            value = run.run(body)
        finally:
            run.scopes.pop()
        yield item, value


def _hits(run: Run, items: list[Any], args: list[nodes.Node]) -> Iterator[bool]:
    for _, value in _each(run, items, args[0]):
        yield values.to_bool(value)


def _filter(run: Run, items: list[Any], args: list[nodes.Node]) -> list[Any]:
    run.budget.grow(len(items))
    return [item for item, value in _each(run, items, args[0]) if values.to_bool(value)]


def _map(run: Run, items: list[Any], args: list[nodes.Node]) -> list[Any]:
    run.budget.grow(len(items))
    return [value for _, value in _each(run, items, args[0])]


def _count(run: Run, items: list[Any], args: list[nodes.Node]) -> int:
    if args:
        return sum(_hits(run, items, args))
    run.budget.spend(len(items))
    return sum(values.to_bool(item) for item in items)


def _sum(run: Run, items: list[Any], args: list[nodes.Node]) -> Any:
    total: Any = 0
    found = (value for _, value in _each(run, items, args[0])) if args else iter(items)
    for value in found:
        next(run.budget)
        total = values.arithmetic("+", value, total)
    return total


def _find(run: Run, items: list[Any], args: list[nodes.Node]) -> Any:
    hits = zip(items, _hits(run, items, args), strict=True)
    return next((item for item, hit in hits if hit), None)


def _find_index(run: Run, items: list[Any], args: list[nodes.Node]) -> int | None:
    return next((i for i, hit in enumerate(_hits(run, items, args)) if hit), None)


def _find_last(run: Run, items: list[Any], args: list[nodes.Node]) -> Any:
    return _find(run, items[::-1], args)


def _find_last_index(run: Run, items: list[Any], args: list[nodes.Node]) -> int | None:
    found = _find_index(run, items[::-1], args)
    return None if found is None else len(items) - 1 - found


def same_kind(keys: list[Any]) -> None:
    """Refuse keys that Go tells apart and Python does not (1, 1.0, true)."""
    if any(isinstance(key, (list, dict)) for key in keys):
        raise ExprError("cannot use this type as a key: type is not comparable")
    if len({values.type_name(key) for key in keys}) > 1:
        raise ExprError("keys of different types are not supported")


def _group_by(run: Run, items: list[Any], args: list[nodes.Node]) -> values.Groups:
    run.budget.grow(len(items))
    pairs = list(_each(run, items, args[0]))
    same_kind([key for _, key in pairs])
    found = values.Groups()
    for item, key in pairs:
        found.setdefault(key, []).append(item)
    return found


def ordered(run: Run, items: list[Any], keys: list[Any], order: Any) -> list[Any]:
    """Sort ``items`` by ``keys``; ``order`` is asc or desc."""
    if order not in ("asc", "desc"):
        raise ExprError("unknown order, use asc or desc")
    run.budget.grow(len(items))

    if all(type(key) is float and key == key for key in keys):  # noqa: PLR0124 - no NaN
        places = sorted(range(len(keys)), key=keys.__getitem__, reverse=order == "desc")
        return [items[place] for place in places]

    def before(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
        run.budget.spend(3)
        if order == "desc":
            left, right = right, left
        if values.compare("<", left[0], right[0]):
            return -1
        return 1 if values.compare("<", right[0], left[0]) else 0

    pairs = sorted(zip(keys, items, strict=True), key=functools.cmp_to_key(before))
    return [item for _, item in pairs]


def _sort_by(run: Run, items: list[Any], args: list[nodes.Node]) -> list[Any]:
    keys = [value for _, value in _each(run, items, args[0])]
    return ordered(run, items, keys, run.run(args[1]) if len(args) > 1 else "asc")


def _reduce(run: Run, items: list[Any], args: list[nodes.Node]) -> Any:
    start = 0 if len(args) > 1 else 1
    if start and not items:
        raise ExprError("reduce of empty array with no initial value")
    total = run.run(args[1]) if len(args) > 1 else items[0]
    for index, item in enumerate(items[start:], start):
        run.scopes.append({"": item, "index": index, "acc": total})
        try:
            total = run.run(args[0])
        finally:
            run.scopes.pop()
    return total


_CALLS: dict[str, Callable[[Run, list[Any], list[nodes.Node]], Any]] = {
    "all": lambda run, items, args: all(_hits(run, items, args)),
    "none": lambda run, items, args: not any(_hits(run, items, args)),
    "any": lambda run, items, args: any(_hits(run, items, args)),
    "one": lambda run, items, args: sum(_hits(run, items, args)) == 1,
    "filter": _filter,
    "map": _map,
    "count": _count,
    "sum": _sum,
    "find": _find,
    "findIndex": _find_index,
    "findLast": _find_last,
    "findLastIndex": _find_last_index,
    "groupBy": _group_by,
    "sortBy": _sort_by,
    "reduce": _reduce,
}
