"""Static types and how they combine. No syntax and no values here."""

from dataclasses import dataclass

from bot.core.expr.errors import ExprError


@dataclass(frozen=True, slots=True)
class Kind:
    """A static type: its Go name, and what its elements are."""

    name: str
    elem: "Kind | None" = None

    @property
    def is_array(self) -> bool:
        return self.name.startswith("[]")

    @property
    def is_map(self) -> bool:
        return self.name.startswith("map[")

    @property
    def is_number(self) -> bool:
        return self.name in {"int", "float64"}


UNKNOWN = Kind("interface {}")
NIL = Kind("unknown")
BOOL = Kind("bool")
INT = Kind("int")
FLOAT = Kind("float64")
STRING = Kind("string")
TIME = Kind("time.Time")
DURATION = Kind("time.Duration")
LOCATION = Kind("*time.Location")
FUNCTION = Kind("func")
FLOAT_POINTER = Kind("*float64", FLOAT)
MAP = Kind("map[string]interface {}", UNKNOWN)
GROUPS = Kind("map[interface {}][]interface {}", Kind("[]interface {}", UNKNOWN))
ANY_ARRAY = Kind("[]interface {}", UNKNOWN)
FLOATS = Kind("[]float64", FLOAT)
INTS = Kind("[]int", INT)
STRINGS = Kind("[]string", STRING)

_ORDERED = ("number", "string", "time.Time", "time.Duration")
# operator: the classes of operand that meet an unknown one, and what comes out.
_LOOSE: dict[str, tuple[tuple[str, ...], Kind]] = {
    "or": (("bool",), BOOL),
    "||": (("bool",), BOOL),
    "and": (("bool",), BOOL),
    "&&": (("bool",), BOOL),
    "<": (_ORDERED, BOOL),
    "<=": (_ORDERED, BOOL),
    ">": (_ORDERED, BOOL),
    ">=": (_ORDERED, BOOL),
    "-": (("number", "time.Time", "time.Duration"), UNKNOWN),
    "+": (_ORDERED, UNKNOWN),
    "*": (("number", "time.Duration"), UNKNOWN),
    "/": (("number",), FLOAT),
    "**": (("number",), FLOAT),
    "^": (("number",), FLOAT),
    "%": (("int",), INT),
    "matches": (("string",), BOOL),
    "contains": (("string",), BOOL),
    "startsWith": (("string",), BOOL),
    "endsWith": (("string",), BOOL),
    "..": (("int",), INTS),
}
_TIMES = {
    ("-", "time.Time", "time.Time"): DURATION,
    ("-", "time.Time", "time.Duration"): TIME,
    ("+", "time.Time", "time.Duration"): TIME,
    ("+", "time.Duration", "time.Time"): TIME,
}


def deref(kind: Kind) -> Kind:
    return kind.elem or UNKNOWN if kind.name.startswith("*float") else kind


def is_class(kind: Kind, name: str) -> bool:
    return kind.is_number if name == "number" else kind.name == name


def assignable(one: Kind, to: Kind) -> bool:
    if one == NIL:
        return to == UNKNOWN or to.is_array or to.is_map
    return to == UNKNOWN or (one != UNKNOWN and one.name == to.name)


def comparable(left: Kind, right: Kind) -> bool:
    if {UNKNOWN, NIL} & {left, right}:
        return True
    if (left.is_number and right.is_number) or (left.is_array and right.is_array):
        return True
    return assignable(left, right)


def outcome(op: str, left: Kind, right: Kind) -> Kind | None:
    """Give the kind of ``left op right``, or None where Go has no such operation."""
    if op in {"==", "!="}:
        return BOOL if comparable(left, right) else None
    if op == "in":
        return _membership(left, right)
    if op == "??":
        return _coalesced(left, right)
    classes, out = _LOOSE[op]
    if (op, left.name, right.name) in _TIMES:
        return _TIMES[op, left.name, right.name]
    if op == "*" and {left, right} <= {INT, FLOAT, DURATION} and DURATION in {left, right}:
        return DURATION
    for name in classes:
        if is_class(left, name) and is_class(right, name):
            if out != UNKNOWN:
                return out
            return FLOAT if FLOAT in {left, right} else left
    if UNKNOWN in {left, right}:
        known = right if left == UNKNOWN else left
        if known == UNKNOWN or any(is_class(known, name) for name in classes):
            return out
    return None


def _membership(left: Kind, right: Kind) -> Kind | None:
    if right.is_map:
        if right != GROUPS and left != UNKNOWN and not assignable(left, STRING):
            raise ExprError(f"cannot use {left.name} as type string in map key")
        return BOOL
    if right.is_array:
        element = right.elem or UNKNOWN
        if not comparable(left, element):
            raise ExprError(f"cannot use {left.name} as type {element.name} in array")
        return BOOL
    if right == UNKNOWN or (left == UNKNOWN and right == STRING):
        return BOOL
    return None


def _coalesced(left: Kind, right: Kind) -> Kind:
    if NIL in {left, right}:
        return right if left == NIL else left
    return left if right != UNKNOWN and assignable(right, left) else UNKNOWN
