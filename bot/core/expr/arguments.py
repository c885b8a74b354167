"""The static check of a call's arguments against the built-in's signature."""

from bot.core.expr.errors import ExprError
from bot.core.expr.kinds import INT, NIL, STRING, UNKNOWN, Kind, assignable, deref
from bot.core.expr.signatures import ENVIRONMENT, SIGNATURES, Signature

_NUMBERS_OR_LISTS = frozenset({"max", "min", "mean", "median"})


def _accepts(wanted: frozenset[str], kind: Kind) -> bool:
    if "any" in wanted or kind == UNKNOWN:
        return True
    return (
        kind.name in wanted
        or ("array" in wanted and kind.is_array)
        or ("map" in wanted and kind.is_map)
        or ("float64" in wanted and kind == INT)
    )


def _check_count(name: str, signature: Signature, count: int) -> None:
    most = len(signature.params)
    many, few = count > most and signature.rest is None, count < signature.least
    if not (many or few):
        return
    if few and name in _NUMBERS_OR_LISTS:
        raise ExprError(f"not enough arguments to call {name}")
    if signature.plain:
        raise ExprError(f"{'too many' if many else 'not enough'} arguments to call {name}")
    raise ExprError(f"invalid number of arguments (expected {most}, got {count})")


def _refusal(name: str, signature: Signature, wanted: frozenset[str], kind: Kind) -> ExprError:
    if not signature.plain:
        return ExprError(f"invalid argument for {name} (type {kind.name})")
    shown = "nil" if kind == NIL else kind.name
    tail = "" if kind == NIL else " "
    return ExprError(f"cannot use {shown} as argument (type {min(wanted)}) to call {name}{tail}")


def _check_get(kinds: list[Kind]) -> Kind:
    base, prop = kinds
    if base == UNKNOWN:
        return UNKNOWN
    if base.is_array:
        if prop not in {INT, UNKNOWN}:
            raise ExprError(f"non-integer slice index {prop.name}")
    elif base.is_map:
        if prop != UNKNOWN and not assignable(prop, STRING):
            raise ExprError(f"cannot use {prop.name} to get an element from {base.name}")
    else:
        raise ExprError(f"type {base.name} does not support indexing")
    return base.elem or UNKNOWN


def check_call(name: str, kinds: list[Kind]) -> Kind:
    """Give the kind that ``name(...)`` returns.

    Raises:
        ExprError: a wrong number of arguments, or one of a wrong type.

    """
    signature = ENVIRONMENT.get(name) or SIGNATURES[name]
    _check_count(name, signature, len(kinds))
    kinds = [deref(kind) for kind in kinds]
    if name == "get":
        return _check_get(kinds)
    for i, kind in enumerate(kinds):
        in_params = i < len(signature.params)
        wanted = signature.params[i] if in_params else signature.rest or frozenset()
        if not _accepts(wanted, kind):
            raise _refusal(name, signature, wanted, kind)
        if name in _NUMBERS_OR_LISTS and not kind.is_number:
            return UNKNOWN
    if signature.same or name in _NUMBERS_OR_LISTS:
        return kinds[0]
    if signature.element:
        return kinds[0].elem or UNKNOWN
    return signature.out
