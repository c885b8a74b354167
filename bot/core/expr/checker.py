"""The static pass: what expr-lang refuses before it runs anything.

expr compiles against the value at hand, so a mistake in a branch that would not run is an error
too. Walks the tree with the kinds of the values; evaluates nothing.
"""

from collections.abc import Callable
from typing import Any

from bot.core.expr import nodes, signatures, times
from bot.core.expr.arguments import check_call
from bot.core.expr.errors import ExprError
from bot.core.expr.kinds import (
    ANY_ARRAY,
    BOOL,
    FLOAT,
    FUNCTION,
    GROUPS,
    INT,
    MAP,
    NIL,
    STRING,
    UNKNOWN,
    Kind,
    assignable,
    deref,
    outcome,
)
from bot.core.expr.patterns import compiled


class Checker:
    """One walk over one tree; ``result`` is the kind of the metric's value."""

    def __init__(self, result: Kind) -> None:
        self.result = result
        self.variables: list[tuple[str, Kind]] = []
        self.scopes: list[tuple[Kind, dict[str, Kind]]] = []

    def visit(self, node: nodes.Node) -> Kind:
        return _VISITS[type(node)](self, node)

    def literal(self, node: nodes.Literal) -> Kind:
        match node.value:
            case None:
                return NIL
            case bool():
                return BOOL
            case int():
                return INT
            case float():
                return FLOAT
            case _:
                return STRING

    def name(self, node: nodes.Name) -> Kind:
        for name, kind in reversed(self.variables):
            if name == node.name:
                return kind
        if node.name == "result":
            return self.result
        if node.name in signatures.ENVIRONMENT or node.name in signatures.NAMES:
            return FUNCTION
        raise ExprError(f"unknown name {node.name}")

    def unary(self, node: nodes.Unary) -> Kind:
        kind = deref(self.visit(node.operand))
        if node.op in {"!", "not"}:
            if kind in {BOOL, UNKNOWN}:
                return BOOL
        elif kind.is_number or kind == UNKNOWN:
            return kind
        raise ExprError(f"invalid operation: {node.op} (mismatched type {kind.name})")

    def binary(self, node: nodes.Binary) -> Kind:
        left, right = deref(self.visit(node.left)), deref(self.visit(node.right))
        if node.op == "matches":
            _check_pattern(node.right)
        found = outcome(node.op, left, right)
        if found is None:
            raise ExprError(
                f"invalid operation: {node.op} (mismatched types {left.name} and {right.name})"
            )
        return found

    def member(self, node: nodes.Member) -> Kind:
        base, prop = self.visit(node.base), self.visit(node.prop)
        if base == UNKNOWN:
            return UNKNOWN
        name = node.prop.value if isinstance(node.prop, nodes.Literal) else None
        field = isinstance(name, str)
        if field and base == NIL:
            raise ExprError(f"type nil has no field {name}")
        if field and times.has_method(base.name, str(name)):
            return FUNCTION
        base = deref(base)
        if base.is_map:
            if base == GROUPS or prop == UNKNOWN or assignable(prop, STRING):
                return base.elem or UNKNOWN
            raise ExprError(f"cannot use {prop.name} to get an element from {base.name}")
        if base.is_array:
            if prop not in {INT, UNKNOWN}:
                raise ExprError(
                    "array elements can only be selected using an integer"
                    f" (got {deref(prop).name})"
                )
            return base.elem or UNKNOWN
        if field:
            raise ExprError(f"type {base.name} has no field {name}")
        raise ExprError(f"type {base.name}[{prop.name}] is undefined")

    def slice(self, node: nodes.Slice) -> Kind:
        kind = self.visit(node.base)
        if kind == UNKNOWN:
            return UNKNOWN
        if not (kind.is_array or kind == STRING):
            raise ExprError(f"cannot slice {kind.name}")
        for bound in (node.start, node.stop):
            if bound and deref(self.visit(bound)) not in {INT, UNKNOWN}:
                raise ExprError(f"non-integer slice index {self.visit(bound).name}")
        return kind

    def chain(self, node: nodes.Chain) -> Kind:
        return self.visit(node.node)

    def call(self, node: nodes.Call) -> Kind:
        callee = node.callee
        if isinstance(callee, nodes.Name) and callee.name in signatures.ENVIRONMENT:
            kinds = [self.visit(one) for one in node.args]
            return check_call(callee.name, kinds)
        kind = self.visit(callee)
        for one in node.args:
            self.visit(one)
        if kind == UNKNOWN or (kind == FUNCTION and isinstance(callee, nodes.Member)):
            return UNKNOWN
        raise ExprError(f"{kind.name} is not callable")

    def builtin(self, node: nodes.Builtin) -> Kind:
        if node.name in signatures.PREDICATES:
            return self.predicate_call(node)
        kinds = [self.visit(one) for one in node.args]
        return check_call(node.name, kinds)

    def predicate_call(self, node: nodes.Builtin) -> Kind:
        items = deref(self.visit(node.args[0]))
        if not (items.is_array or items == UNKNOWN):
            raise ExprError(f"builtin {node.name} takes only array (got {items.name})")
        element = items.elem or UNKNOWN if items.is_array else UNKNOWN
        body = None
        if len(node.args) > 1:
            self.scopes.append((element, {"index": INT, "acc": UNKNOWN}))
            body = self.visit(node.args[1])
            self.scopes.pop()
        for extra in node.args[2:]:
            order = self.visit(extra)
            if node.name == "sortBy" and order not in {STRING, UNKNOWN}:
                raise ExprError(f"sortBy order argument must be a string (got {order.name})")
        if body == NIL:
            raise ExprError("predicate should has one input and one output param")
        if body is not None and node.name not in _FREE_PREDICATES and body not in {BOOL, UNKNOWN}:
            raise ExprError(f"predicate should return boolean (got {body.name})")
        return _PREDICATE_OUT[node.name](items, element, body)

    def predicate(self, node: nodes.Predicate) -> Kind:
        return self.visit(node.body)

    def pointer(self, node: nodes.Pointer) -> Kind:
        if not self.scopes:
            raise ExprError("cannot use pointer accessor outside predicate")
        element, named = self.scopes[-1]
        if not node.name:
            return element
        if node.name not in named:
            raise ExprError(f"unknown pointer #{node.name}")
        return named[node.name]

    def let(self, node: nodes.Let) -> Kind:
        taken = {name for name, _ in self.variables}
        if node.name in taken:
            raise ExprError(f"cannot redeclare variable {node.name}")
        if node.name in signatures.NAMES:
            raise ExprError(f"cannot redeclare builtin {node.name}")
        if node.name == "result" or node.name in signatures.ENVIRONMENT:
            raise ExprError(f"cannot redeclare {node.name}")
        self.variables.append((node.name, self.visit(node.value)))
        kind = self.visit(node.body)
        self.variables.pop()
        return kind

    def sequence(self, node: nodes.Sequence) -> Kind:
        return [self.visit(one) for one in node.nodes][-1]

    def conditional(self, node: nodes.Conditional) -> Kind:
        cond = deref(self.visit(node.cond))
        if cond not in {BOOL, UNKNOWN}:
            raise ExprError(f"non-bool expression (type {cond.name}) used as condition")
        then, other = self.visit(node.then), self.visit(node.other)
        if NIL in {then, other}:
            return other if then == NIL else then
        if then.is_array and other.is_array and then != other:
            return ANY_ARRAY
        return then if then != UNKNOWN and assignable(then, other) else UNKNOWN

    def array(self, node: nodes.Array) -> Kind:
        kinds = [self.visit(one) for one in node.nodes]
        same = kinds and all(kind.name == kinds[0].name for kind in kinds)
        return Kind("[]interface {}", kinds[-1] if same else UNKNOWN)

    def map(self, node: nodes.Map) -> Kind:
        for key, value in node.pairs:
            self.visit(key)
            self.visit(value)
        return MAP


def _check_pattern(node: nodes.Node) -> None:
    if isinstance(node, nodes.Literal) and isinstance(node.value, str):
        compiled(node.value)


_FREE_PREDICATES = frozenset({"map", "sum", "groupBy", "sortBy", "reduce"})
_PREDICATE_OUT: dict[str, Callable[[Kind, Kind, Kind | None], Kind]] = {
    "all": lambda _i, _e, _b: BOOL,
    "none": lambda _i, _e, _b: BOOL,
    "any": lambda _i, _e, _b: BOOL,
    "one": lambda _i, _e, _b: BOOL,
    "filter": lambda _i, e, _b: Kind("[]interface {}", e),
    "map": lambda _i, _e, b: Kind("[]interface {}", b),
    "count": lambda _i, _e, _b: INT,
    "sum": lambda _i, e, b: b or e,
    "find": lambda _i, e, _b: e,
    "findIndex": lambda _i, _e, _b: INT,
    "findLast": lambda _i, e, _b: e,
    "findLastIndex": lambda _i, _e, _b: INT,
    "groupBy": lambda _i, _e, _b: GROUPS,
    "sortBy": lambda i, _e, _b: i,
    "reduce": lambda _i, _e, b: b or UNKNOWN,
}
_VISITS: dict[type, Callable[[Checker, Any], Kind]] = {
    nodes.Literal: Checker.literal,
    nodes.Name: Checker.name,
    nodes.Unary: Checker.unary,
    nodes.Binary: Checker.binary,
    nodes.Member: Checker.member,
    nodes.Slice: Checker.slice,
    nodes.Chain: Checker.chain,
    nodes.Call: Checker.call,
    nodes.Builtin: Checker.builtin,
    nodes.Predicate: Checker.predicate,
    nodes.Pointer: Checker.pointer,
    nodes.Let: Checker.let,
    nodes.Sequence: Checker.sequence,
    nodes.Conditional: Checker.conditional,
    nodes.Array: Checker.array,
    nodes.Map: Checker.map,
}
