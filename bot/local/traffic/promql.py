"""Reads the part of PromQL that the demo's queries use. What it does not know, it refuses."""

import dataclasses
import re

from bot.local.traffic import errors

AGGREGATIONS = frozenset({"sum", "avg", "min", "max", "count"})
FUNCTIONS = frozenset(
    {
        "rate",
        "irate",
        "increase",
        "histogram_quantile",
        "vector",
        "scalar",
        "abs",
        "clamp_min",
        "clamp_max",
    }
)
_LEVELS = (("or",), ("and", "unless"), ("==", "!=", ">", "<", ">=", "<="), ("+", "-"), ("*", "/"))
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DEPTH = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<duration>\[(?:\d+(?:ms|[smhd]))+\])|(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
    r"|(?P<name>[a-zA-Z_:][\w:]*)|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/()<>{},=]))"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    value: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    label: str
    sign: str
    value: str

    def holds(self, labels: dict[str, str]) -> bool:
        own = labels.get(self.label, "")
        if self.sign in ("=", "!="):
            return (own == self.value) == (self.sign == "=")
        return bool(re.fullmatch(self.value, own)) == (self.sign == "=~")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """``window_s`` is None for an instant vector."""

    name: str
    matchers: tuple[Matcher, ...]
    window_s: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    name: str
    arguments: tuple["Node", ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """``without`` turns the meaning of ``labels`` round."""

    name: str
    labels: tuple[str, ...]
    without: bool
    of: "Node"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    sign: str
    left: "Node"
    right: "Node"


Node = Number | Selector | Call | Aggregate | Binary


def parse(text: str) -> Node:
    """The tree of a query; raises ``BadQuery``."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._peek()[0] != "end":
            raise errors.BadQuery(f"unexpected {self._peek()[1]!r}")
        return node

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _take(self, text: str) -> bool:
        if self._peek()[0] != "text" and self._peek()[1] == text:
            self._next()
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise errors.BadQuery(f"expected {text!r}, found {self._peek()[1]!r}")

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._level(level + 1)
        while self._peek()[0] in ("sign", "name") and self._peek()[1] in _LEVELS[level]:
            sign = self._next()[1]
            node = Binary(sign=sign, left=node, right=self._level(level + 1))
        return node

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > _DEPTH:
            raise errors.BadQuery("nested too deeply")
        try:
            if self._take("-"):
                return Binary(sign="*", left=Number(value=-1.0), right=self._unary())
            return self._primary()
        finally:
            self._depth -= 1

    def _primary(self) -> Node:
        kind, text = self._next()
        if kind == "number":
            return Number(value=float(text))
        if text == "(":
            node = self._level(0)
            self._expect(")")
            return node
        if kind == "name" and text in AGGREGATIONS:
            return self._aggregate(text)
        if kind == "name" and self._peek()[1] == "(":
            return self._call(text)
        if kind == "name" or text == "{":
            return self._selector(text)
        raise errors.BadQuery(f"unexpected {text!r}")

    def _aggregate(self, name: str) -> Node:
        before = self._grouping()
        self._expect("(")
        of = self._level(0)
        self._expect(")")
        labels, without = before or self._grouping() or ((), False)
        return Aggregate(name=name, labels=labels, without=without, of=of)

    def _grouping(self) -> tuple[tuple[str, ...], bool] | None:
        if self._peek()[1] not in ("by", "without"):
            return None
        without = self._next()[1] == "without"
        self._expect("(")
        labels = list[str]()
        while not self._take(")"):
            labels.append(self._next()[1])
            if self._peek()[1] != ")":
                self._expect(",")
        return tuple(labels), without

    def _call(self, name: str) -> Node:
        if name not in FUNCTIONS:
            raise errors.BadQuery(f"unknown function {name!r}")
        self._expect("(")
        arguments = [self._level(0)]
        while self._take(","):
            arguments.append(self._level(0))
        self._expect(")")
        return Call(name=name, arguments=tuple(arguments))

    def _selector(self, text: str) -> Node:
        name = "" if text == "{" else text
        matchers = list[Matcher]()
        if text == "{" or self._take("{"):
            while not self._take("}"):
                matchers.append(self._matcher())
                if self._peek()[1] != "}":
                    self._expect(",")
        window = _seconds(self._next()[1]) if self._peek()[0] == "duration" else None
        return Selector(name=name, matchers=tuple(matchers), window_s=window)

    def _matcher(self) -> Matcher:
        label, sign, (kind, value) = self._next()[1], self._next()[1], self._next()
        if sign not in ("=", "!=", "=~", "!~") or kind != "text":
            raise errors.BadQuery(f"not a matcher: {label}{sign}{value}")
        text = re.sub(r"\\(.)", r"\1", value[1:-1])
        try:
            re.compile(text)
        except re.error as error:
            raise errors.BadQuery(f"not a regular expression: {text}") from error
        return Matcher(label=label, sign=sign, value=text)


def _tokens(text: str) -> list[tuple[str, str]]:
    at, found = 0, list[tuple[str, str]]()
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise errors.BadQuery(f"cannot read {text[at : at + 20]!r}")
        found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return [*found, ("end", "the end")]


def _seconds(text: str) -> float:
    parts = re.findall(r"(\d+)(ms|[smhd])", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
