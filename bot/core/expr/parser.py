"""Tokens into a tree, by precedence climbing. Grammar and budgets of size; no types here."""

import functools

from bot.core.expr import cursor, nodes
from bot.core.expr.cursor import MAX_NESTING, Cursor
from bot.core.expr.errors import ExprError
from bot.core.expr.signatures import NAMES as BUILTINS
from bot.core.expr.signatures import PREDICATES

# Everything a person writes is far below; it keeps the worst parse in the time budget.
MAX_SOURCE = 4_096

_UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_BINARY = {
    "|": 0, "or": 10, "||": 10, "and": 15, "&&": 15, "==": 20, "!=": 20, "<": 20, ">": 20,
    ">=": 20, "<=": 20, "in": 20, "matches": 20, "contains": 20, "startsWith": 20,
    "endsWith": 20, "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100,
    "^": 100, "??": 500,
}  # fmt: skip
_RIGHT = frozenset({"**", "^"})
_COMPARISONS = frozenset({"<", ">", "<=", ">="})
_NEGATABLE = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})
_CONSTANTS = {"true": True, "false": False, "nil": None}


class _Parser(Cursor):
    def sequence(self) -> nodes.Node:
        found = [self.expression()]
        while self.sees("Operator", ";"):
            self.advance()
            if self.current.kind == "EOF":
                break
            found.append(self.expression())
        return found[0] if len(found) == 1 else nodes.Sequence(found, self.depth(*found))

    def expression(self, precedence: int = 0) -> nodes.Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ExprError("compilation failed: expression nests too deeply")
        try:
            if precedence == 0 and self.sees("Operator", "let"):
                return self.let()
            if precedence == 0 and self.sees("Operator", "if"):
                return self.conditional_if()
            left = self.operators(self.primary(), precedence)
            return self.ternary(left) if precedence == 0 else left
        finally:
            self.nesting -= 1

    def operators(self, left: nodes.Node, precedence: int) -> nodes.Node:
        previous = ""
        while self.current.kind == "Operator":
            negate = self.current.value == "not"
            op = self.following().value if negate else self.current.value
            if negate and op not in _NEGATABLE:
                raise ExprError(f"unexpected token {self.following()}")
            rank = _BINARY.get(op, -1)
            if rank < precedence:
                break
            if negate:
                self.advance()
            self.advance()
            if previous == "??" and op not in {"??", "|"}:
                raise ExprError(
                    f"Operator ({op}) and coalesce expressions (??) cannot be mixed."
                    " Wrap either by parentheses."
                )
            left = self.binary(left, op, rank)
            if negate:
                left = nodes.Unary("not", left, self.depth(left))
            previous = op
        return left

    def binary(self, left: nodes.Node, op: str, rank: int) -> nodes.Node:
        if op == "|":
            return self.call(self.expect("Identifier").value, [left])
        if op in _COMPARISONS:
            return self.comparison(left, op, rank)
        right = self.expression(rank if op in _RIGHT else rank + 1)
        return nodes.Binary(op, left, right, self.depth(left, right))

    def comparison(self, left: nodes.Node, op: str, rank: int) -> nodes.Node:
        """``1 < 2 < 3`` is ``1 < 2 && 2 < 3``."""
        root: nodes.Node | None = None
        while True:
            right = self.expression(rank + 1)
            one = nodes.Binary(op, left, right, self.depth(left, right))
            root = nodes.Binary("&&", root, one, self.depth(root, one)) if root else one
            if not (self.current.kind == "Operator" and self.current.value in _COMPARISONS):
                return root
            left, op = right, self.current.value
            self.advance()

    def let(self) -> nodes.Node:
        self.advance()
        name = self.expect("Identifier").value
        self.expect("Operator", "=")
        value = self.expression()
        self.expect("Operator", ";")
        body = self.sequence()
        return nodes.Let(name, value, body, self.depth(value, body))

    def block(self) -> nodes.Node:
        self.expect("Bracket", "{")
        body = self.sequence()
        self.expect("Bracket", "}")
        return body

    def conditional_if(self) -> nodes.Node:
        self.advance()
        cond = self.expression()
        then = self.block()
        self.expect("Operator", "else")
        other = self.expression() if self.sees("Operator", "if") else self.block()
        return nodes.Conditional(cond, then, other, self.depth(cond, then, other))

    def ternary(self, node: nodes.Node) -> nodes.Node:
        while self.sees("Operator", "?"):
            self.advance()
            then = node
            if not self.sees("Operator", ":"):
                then = self.expression()
            self.expect("Operator", ":")
            other = self.expression()
            node = nodes.Conditional(node, then, other, self.depth(node, then, other))
        return node

    def primary(self) -> nodes.Node:
        kind, value = self.current
        if kind == "Operator" and value in _UNARY:
            self.advance()
            operand = self.expression(_UNARY[value])
            return self.postfix(nodes.Unary(value, operand, self.depth(operand)))
        if kind == "Bracket" and value == "(":
            self.advance()
            inner = self.sequence()
            self.expect("Bracket", ")")
            return self.postfix(inner)
        if self.predicates and kind == "Operator" and value in {"#", "."}:
            return self.postfix(self.pointer())
        if kind == "Operator" and value == "::":
            self.advance()
            return self.postfix(self.call(self.expect("Identifier").value, []))
        return self.secondary()

    def pointer(self) -> nodes.Node:
        name = ""
        if self.current.value == "#":
            self.advance()
            if self.current.kind == "Identifier":
                name = self.expect("Identifier").value
        return nodes.Pointer(name, self.depth())

    def secondary(self) -> nodes.Node:
        kind, value = self.current
        if kind == "Identifier":
            self.advance()
            if value in _CONSTANTS:
                return nodes.Literal(_CONSTANTS[value], self.depth())
            if self.sees("Bracket", "("):
                return self.postfix(self.call(value, []))
            return self.postfix(nodes.Name(value, self.depth()))
        if kind == "Number":
            self.advance()
            return nodes.Literal(cursor.number(value), self.depth())
        if kind == "String":
            self.advance()
            return self.postfix(nodes.Literal(value, self.depth()))
        if kind == "Bracket" and value in "[{":
            return self.postfix(self.array() if value == "[" else self.map())
        if kind == "EOF":
            raise ExprError("unexpected token EOF")
        raise ExprError(f"unexpected token {self.current}")

    def call(self, name: str, args: list[nodes.Node]) -> nodes.Node:
        if name in PREDICATES:
            args = self.predicate_arguments(PREDICATES[name], args)
            return nodes.Builtin(name, args, self.depth(*args))
        args = args + self.items("(", ")", self.expression)
        if name in BUILTINS:
            return nodes.Builtin(name, args, self.depth(*args))
        callee = nodes.Name(name, self.depth())
        return nodes.Call(callee, args, self.depth(callee, *args))

    def predicate_arguments(
        self, form: tuple[str, ...], args: list[nodes.Node]
    ) -> list[nodes.Node]:
        self.expect("Bracket", "(")
        found = list(args)
        for i, want in enumerate(form[len(args) :]):
            if self.sees("Bracket", ")"):
                if want.endswith("?"):
                    break
                raise ExprError(f"expected at least {len(form) - len(args)} arguments")
            if i > 0:
                self.expect("Operator", ",")
            found.append(self.predicate() if want.startswith("predicate") else self.expression())
        if self.sees("Operator", ","):
            self.advance()
        self.expect("Bracket", ")")
        return found

    def predicate(self) -> nodes.Node:
        self.predicates += 1
        if self.sees("Bracket", "{"):
            body = self.block()
        else:
            body = self.expression()
            if self.sees("Operator", ";"):
                raise ExprError("wrap predicate with brackets { and }")
        self.predicates -= 1
        return nodes.Predicate(body, self.depth(body))

    def array(self) -> nodes.Node:
        found = self.items("[", "]", self.expression)
        return nodes.Array(found, self.depth(*found))

    def map(self) -> nodes.Node:
        pairs = self.items("{", "}", self.pair)
        return nodes.Map(pairs, self.depth(*(node for pair in pairs for node in pair)))

    def pair(self) -> tuple[nodes.Node, nodes.Node]:
        key: nodes.Node
        if self.current.kind in {"Number", "String", "Identifier"}:
            key = nodes.Literal(self.current.value, self.depth())
            self.advance()
        elif self.sees("Bracket", "("):
            key = self.expression()
        else:
            raise ExprError(
                "a map key must be a quoted string, a number, a identifier, or an expression"
                f" enclosed in parentheses (unexpected token {self.current})"
            )
        self.expect("Operator", ":")
        value = self.expression()
        self.depth(key, value)
        return key, value

    def postfix(self, node: nodes.Node) -> nodes.Node:
        while True:
            kind, value = self.current
            if kind == "Operator" and value in {".", "?."}:
                self.advance()
                optional = value == "?."
                if optional and self.sees("Bracket", "["):
                    node = self.index(node, optional=True)
                else:
                    node = self.field(node, optional=optional)
            elif kind == "Bracket" and value == "[":
                node = self.index(node, optional=False)
            else:
                return node

    def field(self, node: nodes.Node, *, optional: bool) -> nodes.Node:
        name = self.current
        if not (name.kind == "Identifier" or (name.kind == "Operator" and name.value.isalpha())):
            raise ExprError("expected name")
        self.advance()
        prop = nodes.Literal(name.value, self.depth())
        chained = isinstance(node, nodes.Chain)
        base = node.node if isinstance(node, nodes.Chain) else node
        found: nodes.Node = nodes.Member(base, prop, optional, self.depth(base))
        if self.sees("Bracket", "("):
            args = self.items("(", ")", self.expression)
            found = nodes.Call(found, args, self.depth(found, *args))
        return nodes.Chain(found, self.depth(found)) if chained or optional else found

    def index(self, node: nodes.Node, *, optional: bool) -> nodes.Node:
        self.expect("Bracket", "[")
        start = None if self.sees("Operator", ":") else self.expression()
        if self.sees("Operator", ":"):
            self.advance()
            stop = None if self.sees("Bracket", "]") else self.expression()
            self.expect("Bracket", "]")
            return nodes.Slice(node, start, stop, self.depth(node, start, stop))
        if start is None:
            raise ExprError(f"unexpected token {self.current}")
        self.expect("Bracket", "]")
        found: nodes.Node = nodes.Member(node, start, optional, self.depth(node, start))
        return nodes.Chain(found, self.depth(found)) if optional else found


@functools.lru_cache(maxsize=1024)
def parse(source: str) -> nodes.Node:
    """Give the tree of ``source``; it must not be changed.

    Raises:
        ExprError: the text is not an expression, or is larger than the budgets allow.

    """
    if len(source) > MAX_SOURCE:
        raise ExprError(f"compilation failed: expression is longer than {MAX_SOURCE} characters")
    parser = _Parser(source)
    root = parser.sequence()
    if parser.current.kind != "EOF":
        raise ExprError(f"unexpected token {parser.current}")
    return root
