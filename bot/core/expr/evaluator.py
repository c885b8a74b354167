"""The run of a checked tree over one metric value, within its budget."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.core.expr import nodes, predicates, printing, signatures, times, values
from bot.core.expr.budget import Budget
from bot.core.expr.errors import ExprError
from bot.core.expr.library import FUNCTIONS
from bot.core.expr.patterns import compiled

_MATCH_BASE = 200
# A key that no map has.
_ABSENT = object()


class _NilMet(Exception):  # noqa: N818 - a jump to the end of the chain, no error
    """``?.`` met a nil."""


class Evaluator:
    """One run: the metric's value, the variables in sight, the budget."""

    def __init__(self, result: Any, *, now: datetime | None) -> None:
        self.result = result
        self.now = now
        self.budget = Budget()
        self.variables: list[tuple[str, Any]] = []
        self.scopes: list[dict[str, Any]] = []

    def run(self, node: nodes.Node) -> Any:
        next(self.budget)
        return _RUNS[type(node)](self, node)

    def literal(self, node: nodes.Literal) -> Any:
        return node.value

    def name(self, node: nodes.Name) -> Any:
        for name, value in reversed(self.variables):
            if name == node.name:
                return value
        if node.name == "result":
            return self.result
        raise ExprError(f"functions are no values here: {node.name}")

    def unary(self, node: nodes.Unary) -> Any:
        value = self.run(node.operand)
        if node.op in {"!", "not"}:
            return not values.to_bool(value)
        if node.op == "+":
            # Not even a number is asked for at run time.
            return value
        if not values.is_number(value):
            raise ExprError(f"invalid operation: - {values.type_name(value)}")
        return -value if isinstance(value, float) else values.wrapped(-value)

    def binary(self, node: nodes.Binary) -> Any:
        op = node.op
        if op in {"and", "&&", "or", "||"}:
            return self._logical(node, stop=op in {"or", "||"})
        left = self.run(node.left)
        if op == "??":
            return self.run(node.right) if left is None else left
        if op == "in" and left is not None and _is_text_set(node.right):
            # Compiled to a set of strings, which has no place for anything else.
            self._key({}, left)
        return self._operate(op, left, self.run(node.right))

    def _logical(self, node: nodes.Binary, *, stop: bool) -> Any:
        """``stop`` decides alone. A literal beside is folded away before anything runs."""
        left, right = _constant(node.left), _constant(node.right)
        if stop in {left, right}:
            return stop
        if left is not None:
            return self.run(node.right)
        value = self.run(node.left)
        if right is not None:
            return value
        return stop if values.to_bool(value) is stop else self.run(node.right)

    def _operate(self, op: str, left: Any, right: Any) -> Any:
        match op:
            case "==" | "!=":
                return values.equal(left, right, self.budget) is (op == "==")
            case "<" | "<=" | ">" | ">=":
                return values.compare(op, left, right)
            case "in":
                return self._contains(left, right)
            case "matches" | "contains" | "startsWith" | "endsWith":
                return self._of_text(op, left, right)
            case "..":
                return self._range(values.to_int(left), values.to_int(right))
            case "/":
                return values.divide(left, right)
            case "**" | "^":
                return values.power(left, right)
            case "%":
                return values.modulo(left, right)
            case _:
                if isinstance(left, str) and isinstance(right, str):
                    self.budget.grow(len(left) + len(right))
                return values.arithmetic(op, left, right)

    def _range(self, first: int, last: int) -> Any:
        self.budget.grow(max(last - first + 1, 0))
        return values.Ints(range(first, last + 1))

    def _contains(self, needle: Any, holder: Any) -> bool:
        if holder is None:
            return False
        if isinstance(holder, list):
            return any(values.equal(one, needle, self.budget) for one in holder)
        if isinstance(holder, dict):
            return self._key(holder, needle) in holder
        raise ExprError(f'operator "in" not defined on {values.type_name(holder)}')

    def _key(self, holder: dict[Any, Any], key: Any) -> Any:
        """Give ``key`` if a map of that type can have it: 1 and 1.0 are different keys."""
        if isinstance(holder, values.Keyed):
            kinds = {values.type_name(one) for one in list(holder)[:1]}
            return key if values.type_name(key) in kinds else _ABSENT
        if not isinstance(key, str):
            raise ExprError(
                f"reflect.Value.MapIndex: value of type {values.type_name(key)}"
                " is not assignable to type string"
            )
        return key

    def _of_text(self, op: str, left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        if not (isinstance(left, str) and isinstance(right, str)):
            wrong = left if isinstance(right, str) else right
            raise ExprError(
                f"interface conversion: interface {{}} is {values.type_name(wrong)}, not string"
            )
        if op == "matches":
            self.budget.spend(_MATCH_BASE + len(right) * 2 + len(left) // 10)
            return compiled(right).search(values.clean(left)) is not None
        self.budget.spend((len(left) + len(right)) // 100)
        if op == "contains":
            return right in left
        return left.startswith(right) if op == "startsWith" else left.endswith(right)

    def member(self, node: nodes.Member) -> Any:
        base = self.run(node.base)
        if base is None and node.optional:
            raise _NilMet
        prop = self.run(node.prop)
        return self.fetch(base, prop)

    def fetch(self, base: Any, prop: Any) -> Any:
        if isinstance(base, dict):
            missing: Any = [] if isinstance(base, values.Groups) else None
            return base.get(self._key(base, prop), missing)
        if isinstance(base, (list, str)):
            held: Any = base if isinstance(base, list) else values.clean(base).encode()
            index = values.to_int(prop)
            at = index + len(held) if index < 0 else index
            if not 0 <= at < len(held):
                if not held and index == 0:
                    # The words of Argo 1.9.1; its successors name the index.
                    raise ExprError("reflect: slice index out of range")
                raise ExprError(f"index out of range: {at} (array length is {len(held)})")
            return held[at]
        shown = printing.text(prop, self.budget)
        raise ExprError(f"cannot fetch {shown} from {values.type_name(base)}")

    def slice(self, node: nodes.Slice) -> Any:
        base = self.run(node.base)
        start = values.to_int(self.run(node.start)) if node.start else 0
        if not isinstance(base, (list, str)):
            raise ExprError(f"cannot slice {printing.text(base, self.budget)}")
        size = len(base)
        stop = values.to_int(self.run(node.stop)) if node.stop else size
        low = max(start + size if start < 0 else start, 0)
        high = min(max(stop + size if stop < 0 else stop, 0), size)
        part = base[min(low, high) : high]
        self.budget.grow(len(part))
        return part if isinstance(base, str) else type(base)(part)

    def chain(self, node: nodes.Chain) -> Any:
        try:
            return self.run(node.node)
        except _NilMet:
            return None

    def call(self, node: nodes.Call) -> Any:
        callee = node.callee
        if isinstance(callee, nodes.Name) and callee.name in signatures.ENVIRONMENT:
            args = [self.run(one) for one in node.args]
            if callee.name in {"isNaN", "isInf"} and _is_int_literal(node.args[0]):
                args = [float(args[0])]
            return FUNCTIONS[callee.name](self, args)
        if isinstance(callee, nodes.Member):
            return self._method(callee, node.args)
        raise ExprError("invalid operation: cannot call non-function")

    def _method(self, callee: nodes.Member, args: list[nodes.Node]) -> Any:
        base = self.run(callee.base)
        if base is None and callee.optional:
            raise _NilMet
        name = self.run(callee.prop)
        if isinstance(base, (datetime, times.Duration)):
            return times.call(base, str(name), [self.run(one) for one in args])
        found = values.type_name(self.fetch(base, name))
        raise ExprError(f"invalid operation: cannot call non-function of type {found}")

    def builtin(self, node: nodes.Builtin) -> Any:
        if node.name in signatures.PREDICATES:
            return predicates.call(self, node)
        return FUNCTIONS[node.name](self, [self.run(one) for one in node.args])

    def predicate(self, node: nodes.Predicate) -> Any:
        return self.run(node.body)

    def pointer(self, node: nodes.Pointer) -> Any:
        return self.scopes[-1][node.name]

    def let(self, node: nodes.Let) -> Any:
        self.variables.append((node.name, self.run(node.value)))
        value = self.run(node.body)
        self.variables.pop()
        return value

    def sequence(self, node: nodes.Sequence) -> Any:
        return [self.run(one) for one in node.nodes][-1]

    def conditional(self, node: nodes.Conditional) -> Any:
        chosen = node.then if values.to_bool(self.run(node.cond)) else node.other
        return self.run(chosen)

    def array(self, node: nodes.Array) -> Any:
        self.budget.grow(len(node.nodes))
        return [self.run(one) for one in node.nodes]

    def map(self, node: nodes.Map) -> Any:
        self.budget.grow(len(node.pairs))
        found = {}
        for key, value in node.pairs:
            name = self.run(key)
            if not isinstance(name, str):
                kind = values.type_name(name)
                raise ExprError(f"interface conversion: interface {{}} is {kind}, not string")
            found[name] = self.run(value)
        return found


def _constant(node: nodes.Node) -> bool | None:
    if isinstance(node, nodes.Literal) and isinstance(node.value, bool):
        return node.value
    return None


def _is_text_set(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.Array)
        and bool(node.nodes)
        and all(
            isinstance(one, nodes.Literal) and isinstance(one.value, str) for one in node.nodes
        )
    )


def _is_int_literal(node: nodes.Node) -> bool:
    """Whether the compiler turns the ints of this argument into floats."""
    match node:
        case nodes.Literal():
            return values.is_int(node.value)
        case nodes.Unary(op="-" | "+"):
            return _is_int_literal(node.operand)
        case nodes.Binary(op="+" | "-" | "*"):
            return _is_int_literal(node.left) and _is_int_literal(node.right)
        case _:
            return False


_RUNS: dict[type, Callable[[Evaluator, Any], Any]] = {
    nodes.Literal: Evaluator.literal,
    nodes.Name: Evaluator.name,
    nodes.Unary: Evaluator.unary,
    nodes.Binary: Evaluator.binary,
    nodes.Member: Evaluator.member,
    nodes.Slice: Evaluator.slice,
    nodes.Chain: Evaluator.chain,
    nodes.Call: Evaluator.call,
    nodes.Builtin: Evaluator.builtin,
    nodes.Predicate: Evaluator.predicate,
    nodes.Pointer: Evaluator.pointer,
    nodes.Let: Evaluator.let,
    nodes.Sequence: Evaluator.sequence,
    nodes.Conditional: Evaluator.conditional,
    nodes.Array: Evaluator.array,
    nodes.Map: Evaluator.map,
}
