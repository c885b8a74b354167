"""The syntax tree: what was written, without meaning. No checks and no evaluation here."""

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(slots=True)
class Literal:
    value: Any
    depth: int = 1


@dataclass(slots=True)
class Name:
    name: str
    depth: int = 1


@dataclass(slots=True)
class Unary:
    op: str
    operand: "Node"
    depth: int


@dataclass(slots=True)
class Binary:
    op: str
    left: "Node"
    right: "Node"
    depth: int


@dataclass(slots=True)
class Member:
    """``base.name``, ``base[prop]``; ``optional`` is ``?.``."""

    base: "Node"
    prop: "Node"
    optional: bool
    depth: int


@dataclass(slots=True)
class Slice:
    base: "Node"
    start: "Node | None"
    stop: "Node | None"
    depth: int


@dataclass(slots=True)
class Chain:
    """How far a nil met by ``?.`` reaches."""

    node: "Node"
    depth: int


@dataclass(slots=True)
class Call:
    callee: "Node"
    args: "list[Node]"
    depth: int


@dataclass(slots=True)
class Builtin:
    name: str
    args: "list[Node]"
    depth: int


@dataclass(slots=True)
class Predicate:
    body: "Node"
    depth: int


@dataclass(slots=True)
class Pointer:
    """``#``, ``#acc``, ``#index``."""

    name: str
    depth: int = 1


@dataclass(slots=True)
class Let:
    name: str
    value: "Node"
    body: "Node"
    depth: int


@dataclass(slots=True)
class Sequence:
    nodes: "list[Node]"
    depth: int


@dataclass(slots=True)
class Conditional:
    cond: "Node"
    then: "Node"
    other: "Node"
    depth: int


@dataclass(slots=True)
class Array:
    nodes: "list[Node]"
    depth: int


@dataclass(slots=True)
class Map:
    pairs: "list[tuple[Node, Node]]"
    depth: int


Node: TypeAlias = (
    Literal
    | Name
    | Unary
    | Binary
    | Member
    | Slice
    | Chain
    | Call
    | Builtin
    | Predicate
    | Pointer
    | Let
    | Sequence
    | Conditional
    | Array
    | Map
)
