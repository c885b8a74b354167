"""The grammar of kubectl's JSONPath: a template into nodes. Nothing is looked up here."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

MAX_PATH = 4_096

_TERMINATORS = frozenset(" .,[]$@{}")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_WORD = re.compile(r"\w+", re.ASCII)
_FILTER = re.compile(r"([^!=><]+)(==|!=|<=|>=|<|>)(.+)", re.DOTALL)
_SLICE = re.compile(r"(-?\d{0,9})(?::(-?\d{0,9}))?(?::(-?\d{0,9}))?", re.ASCII)
_KEY = re.compile(r"'([^']*)'")


class JsonPathError(Exception):
    """The path is wrong or finds nothing; the text is client-go's."""


@dataclass(frozen=True, slots=True)
class Const:
    value: Any


@dataclass(frozen=True, slots=True)
class Word:
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    name: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    pass


@dataclass(frozen=True, slots=True)
class Recursive:
    pass


@dataclass(frozen=True, slots=True)
class Slice:
    """``[i]`` is ``[i:i+1]`` with a derived end."""

    start: int | None
    stop: int | None
    step: int | None
    derived: bool


@dataclass(frozen=True, slots=True)
class Union:
    paths: "tuple[Path, ...]"


@dataclass(frozen=True, slots=True)
class Filter:
    left: "Path"
    compare: str
    right: "Path"


Node: TypeAlias = Const | Word | Field | Wildcard | Recursive | Slice | Union | Filter
Path: TypeAlias = tuple[Node, ...]


class _Parser:
    """Reads one template; ``actions`` are its texts and ``{}`` parts in order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def template(self) -> tuple[Path, ...]:
        actions: list[Path] = []
        while self.at < len(self.text):
            opening = self.text.find("{", self.at)
            stop = len(self.text) if opening < 0 else opening
            if stop > self.at:
                actions.append((Const(self.text[self.at : stop]),))
            self.at = stop + 1
            if opening >= 0:
                actions.append(tuple(self.action()))
        return tuple(actions)

    def action(self) -> Iterator[Node]:
        while True:
            here = self.text[self.at : self.at + 1]
            if not here or here in "\r\n":
                raise JsonPathError("unclosed action")
            if here == "}":
                self.at += 1
                return
            if here in " @$":
                self.at += 1
            else:
                yield from self.node(here)

    def node(self, here: str) -> Iterator[Node]:
        number = _NUMBER.match(self.text, self.at)
        word = _WORD.match(self.text, self.at)
        if self.text.startswith("..", self.at):
            self.at += 2
            yield Recursive()
            following = self.text[self.at : self.at + 1]
            if following and (following.isalnum() or following in "_*\\"):
                yield self.field()
        elif here == ".":
            self.at += 1
            yield self.field()
        elif here == "[":
            yield from self.brackets()
        elif here in "'\"":
            yield Const(self.quoted(here))
        elif number:
            self.at = number.end()
            yield Const(float(number[0]))
        elif word:
            self.at = word.end()
            yield Const(word[0] == "true") if word[0] in {"true", "false"} else Word(word[0])
        else:
            raise JsonPathError(f"unrecognized character in action: U+{ord(here):04X} '{here}'")

    def field(self) -> Node:
        name: list[str] = []
        while self.at < len(self.text) and self.text[self.at] not in _TERMINATORS:
            if self.text[self.at] == "\\":
                self.at += 1
            name.append(self.text[self.at : self.at + 1])
            self.at += 1
        return Wildcard() if name == ["*"] else Field("".join(name))

    def quoted(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise JsonPathError("unterminated quoted string")
        found = self.text[self.at + 1 : end]
        self.at = end + 1
        return found

    def brackets(self) -> Iterator[Node]:
        inner = self.enclosed()
        if inner.startswith("?(") and inner.endswith(")"):
            yield _filter(inner[2:-1])
        else:
            yield from _subscript(inner)

    def enclosed(self) -> str:
        """Give what stands between this bracket and its end; quotes and nesting count."""
        start, depth, quote = self.at + 1, 0, ""
        for at in range(self.at, len(self.text)):
            here = self.text[at]
            if quote:
                quote = "" if here == quote else quote
            elif here in "'\"":
                quote = here
            elif here == "[":
                depth += 1
            elif here == "]":
                depth -= 1
                if depth == 0:
                    self.at = at + 1
                    return self.text[start:at]
        raise JsonPathError("unterminated array")


def _path(text: str) -> Path:
    return tuple(_Parser(text + "}").action())


def _filter(text: str) -> Filter:
    found = _FILTER.fullmatch(text)
    if found is None:
        return Filter(_path(text), "exists", ())
    return Filter(_path(found[1]), found[2], _path(found[3].strip()))


def _subscript(text: str) -> Iterator[Node]:
    parts = text.split(",")
    if len(parts) > 1:
        yield Union(tuple(tuple(_subscript(part.strip())) for part in parts))
        return
    key = _KEY.fullmatch(text)
    if key:
        # client-go reads the key as a path of its own: dots split it.
        yield from _path("." + key[1])
        return
    found = _SLICE.fullmatch(":" if text == "*" else text)
    if found is None or not text:
        raise JsonPathError(f"invalid array index {text}")
    start, stop, step = (None if part in {None, "", "-"} else int(part) for part in found.groups())
    if found[2] is None and start is not None:
        yield Slice(start, start + 1, None, derived=True)
    else:
        yield Slice(start, stop, step, derived=False)


@functools.lru_cache(maxsize=256)
def template(path: str) -> tuple[Path, ...]:
    """Give the texts and actions of ``path`` in order."""
    if len(path) > MAX_PATH:
        raise JsonPathError(f"the path is longer than {MAX_PATH} characters")
    return _Parser(path).template()
