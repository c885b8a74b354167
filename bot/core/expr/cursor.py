"""A place in the tokens, and the budgets of size that every parse rule draws on."""

from collections.abc import Callable
from typing import TypeVar

from bot.core.expr import lexer, nodes
from bot.core.expr.errors import ExprError

MAX_NODES = 10_000
# Deeper trees would come near Python's own recursion limit.
MAX_DEPTH = 120
MAX_NESTING = 60

T = TypeVar("T")
_INT_END = 1 << 63
_BASES = {"0x": 16, "0o": 8, "0b": 2}


class Cursor:
    """Reads tokens one by one and counts the nodes made of them."""

    def __init__(self, source: str) -> None:
        self.tokens = lexer.tokens(source)
        self.at = 0
        self.current = self.tokens[0]
        self.nesting = 0
        self.predicates = 0
        self.count = 0

    def advance(self) -> None:
        self.at = min(self.at + 1, len(self.tokens) - 1)
        self.current = self.tokens[self.at]

    def following(self) -> lexer.Token:
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def sees(self, kind: str, value: str) -> bool:
        return self.current.kind == kind and self.current.value == value

    def expect(self, kind: str, value: str = "") -> lexer.Token:
        token = self.current
        if token.kind != kind or (value and token.value != value):
            raise ExprError(f"unexpected token {token}")
        self.advance()
        return token

    def items(self, opening: str, closing: str, one: Callable[[], T]) -> list[T]:
        """A comma-separated list in brackets; a comma may stand last."""
        self.expect("Bracket", opening)
        found: list[T] = []
        while not self.sees("Bracket", closing):
            if found:
                self.expect("Operator", ",")
                if self.sees("Bracket", closing):
                    break
            found.append(one())
        self.expect("Bracket", closing)
        return found

    def depth(self, *children: nodes.Node | None) -> int:
        """Count one node and give its depth."""
        self.count += 1
        if self.count > MAX_NODES:
            raise ExprError("compilation failed: expression exceeds maximum allowed nodes")
        depth = 1 + max((child.depth for child in children if child), default=0)
        if depth > MAX_DEPTH:
            raise ExprError("compilation failed: expression nests too deeply")
        return depth


def number(text: str) -> int | float:
    """Give the value of a number token."""
    digits = text.replace("_", "")
    base = _BASES.get(digits[:2].lower())
    try:
        if base is None and any(c in digits for c in ".eE"):
            number = float(digits)
            if number == float("inf"):
                raise ExprError(f'invalid float literal: parsing "{text}": value out of range')
            return number
        whole = int(digits[2:] if base else digits, base or 10)
    except ValueError:
        raise ExprError(f'invalid number literal: parsing "{text}": invalid syntax') from None
    if whole >= _INT_END:
        raise ExprError(f'invalid integer literal: parsing "{text}": value out of range')
    return whole
