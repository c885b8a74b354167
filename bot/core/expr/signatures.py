"""The built-ins' names and static types, and nothing of what they do.

A parameter is a set of kind names; the star form takes any number of the last one.
"""

from dataclasses import dataclass

from bot.core.expr.kinds import (
    ANY_ARRAY,
    BOOL,
    DURATION,
    FLOAT,
    GROUPS,
    INT,
    LOCATION,
    STRING,
    STRINGS,
    TIME,
    UNKNOWN,
    Kind,
)

PREDICATES: dict[str, tuple[str, ...]] = {
    "all": ("expr", "predicate"),
    "none": ("expr", "predicate"),
    "any": ("expr", "predicate"),
    "one": ("expr", "predicate"),
    "filter": ("expr", "predicate"),
    "map": ("expr", "predicate"),
    "count": ("expr", "predicate?"),
    "sum": ("expr", "predicate?"),
    "find": ("expr", "predicate"),
    "findIndex": ("expr", "predicate"),
    "findLast": ("expr", "predicate"),
    "findLastIndex": ("expr", "predicate"),
    "groupBy": ("expr", "predicate"),
    "sortBy": ("expr", "predicate", "expr?"),
    "reduce": ("expr", "predicate", "expr?"),
}


_ANY = frozenset({"any"})
_NUMBER = frozenset({"int", "float64"})
_ARRAY = frozenset({"array"})
_MAP = frozenset({"map"})
_STRING = frozenset({"string"})
_INT = frozenset({"int"})
_TEXT_NUMBER = _NUMBER | _STRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """``least`` arguments are needed; ``rest`` is the kind of any further ones."""

    params: tuple[frozenset[str], ...]
    out: Kind
    least: int
    rest: frozenset[str] | None = None
    same: bool = False  # the result has the first argument's type
    element: bool = False  # the result has the type of the first argument's elements
    plain: bool = True  # errors are worded as for a function with a declared type


def _of(
    *params: frozenset[str],
    out: Kind = UNKNOWN,
    least: int | None = None,
    rest: frozenset[str] | None = None,
    same: bool = False,
    element: bool = False,
    plain: bool = True,
) -> Signature:
    return Signature(
        params=params,
        out=out,
        least=len(params) if least is None else least,
        rest=rest,
        same=same,
        element=element,
        plain=plain,
    )


_TEXT_2 = _of(_STRING, _STRING, out=STRING)
_BITS = _of(_INT, _INT, out=INT)
_AGGREGATE = _of(_NUMBER | _ARRAY, rest=_NUMBER | _ARRAY, plain=False)
_ROUND = _of(_NUMBER, out=FLOAT, plain=False)

SIGNATURES: dict[str, Signature] = {
    "len": _of(frozenset({"array", "map", "string"}), out=INT, plain=False),
    "type": _of(_ANY, out=STRING),
    "abs": _of(_NUMBER, same=True, plain=False),
    "ceil": _ROUND,
    "floor": _ROUND,
    "round": _ROUND,
    "int": _of(_TEXT_NUMBER, out=INT, plain=False),
    "float": _of(_TEXT_NUMBER, out=FLOAT, plain=False),
    "string": _of(_ANY, out=STRING),
    "trim": _of(_STRING, _STRING, out=STRING, least=1),
    "trimPrefix": _of(_STRING, _STRING, out=STRING, least=1),
    "trimSuffix": _of(_STRING, _STRING, out=STRING, least=1),
    "upper": _of(_STRING, out=STRING),
    "lower": _of(_STRING, out=STRING),
    "split": _of(_STRING, _STRING, _INT, out=STRINGS, least=2),
    "splitAfter": _of(_STRING, _STRING, _INT, out=STRINGS, least=2),
    "replace": _of(_STRING, _STRING, _STRING, _INT, out=STRING, least=3),
    "repeat": _of(_STRING, _INT, out=STRING),
    "join": _of(frozenset({"[]interface {}", "[]string"}), _STRING, out=STRING, least=1),
    "indexOf": _of(_STRING, _STRING, out=INT),
    "lastIndexOf": _of(_STRING, _STRING, out=INT),
    "hasPrefix": _of(_STRING, _STRING, out=BOOL),
    "hasSuffix": _of(_STRING, _STRING, out=BOOL),
    "max": _AGGREGATE,
    "min": _AGGREGATE,
    "mean": _AGGREGATE,
    "median": _AGGREGATE,
    "toJSON": _of(_ANY, out=STRING),
    "fromJSON": _of(_STRING),
    "toBase64": _of(_STRING, out=STRING),
    "fromBase64": _of(_STRING, out=STRING),
    "now": _of(frozenset({"*time.Location"}), out=TIME, least=0, plain=False),
    "duration": _of(_STRING, out=DURATION),
    "date": _of(_ANY, _ANY, _ANY, out=TIME, least=1, plain=False),
    "timezone": _of(_STRING, out=LOCATION),
    "first": _of(_ARRAY, element=True, plain=False),
    "last": _of(_ARRAY, element=True, plain=False),
    "get": _of(_ANY, _ANY, plain=False),
    "take": _of(_ARRAY, _INT, same=True, plain=False),
    "keys": _of(_MAP, out=ANY_ARRAY, plain=False),
    "values": _of(_MAP, out=ANY_ARRAY, plain=False),
    "toPairs": _of(_MAP, out=ANY_ARRAY, plain=False),
    "fromPairs": _of(_ARRAY, out=GROUPS, plain=False),
    "reverse": _of(_ARRAY, out=ANY_ARRAY, plain=False),
    "uniq": _of(_ARRAY, out=ANY_ARRAY, plain=False),
    "concat": _of(_ARRAY, out=ANY_ARRAY, rest=_ARRAY, plain=False),
    "flatten": _of(_ARRAY, out=ANY_ARRAY, plain=False),
    "sort": _of(_ARRAY, _STRING, out=ANY_ARRAY, least=1),
    "bitand": _BITS,
    "bitor": _BITS,
    "bitxor": _BITS,
    "bitnand": _BITS,
    "bitshl": _BITS,
    "bitshr": _BITS,
    "bitushr": _BITS,
    "bitnot": _of(_INT, out=INT),
}

# What Argo adds to the language.
ENVIRONMENT: dict[str, Signature] = {
    "asInt": _of(_ANY, out=INT),
    "asFloat": _of(_ANY, out=FLOAT),
    "isNaN": _of(frozenset({"float64"}), out=BOOL),
    "isInf": _of(frozenset({"float64"}), out=BOOL),
    "isNil": _of(_ANY, out=BOOL),
    "default": _of(_ANY, _ANY),
}

NAMES = frozenset(SIGNATURES) | frozenset(PREDICATES)
