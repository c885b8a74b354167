"""Label selectors, as far as a cache must judge for itself what the server would have sent.

Belongs here: existence, absence, equality, inequality. Does not belong here: sets (``in (…)``),
which no cache of ours uses; they are refused when the cache is made, not when it is read.
"""

import re
from collections.abc import Callable, Mapping

from bot.model import errors, ports

Matches = Callable[[ports.Object], bool]
_TERM = re.compile(r"(?P<no>!?)(?P<key>[\w./-]+)(?:(?P<op>==|=|!=)(?P<value>[\w.-]*))?")
_Test = Callable[[Mapping[str, str]], bool]


def _test(term: str) -> _Test:
    found = _TERM.fullmatch(term.strip())
    if found is None or (found["no"] and found["op"]):
        raise errors.UserError(f"label selector {term!r} cannot be judged here", path="selector")
    key, value = found["key"], found["value"]
    if found["no"]:
        return lambda labels: key not in labels
    if found["op"] is None:
        return lambda labels: key in labels
    if found["op"] == "!=":
        return lambda labels: labels.get(key) != value
    return lambda labels: labels.get(key) == value


def matcher(selector: str) -> Matches:
    """Return the test that a selector stands for; an empty one lets everything pass."""
    tests = [_test(term) for term in selector.split(",")] if selector.strip() else []

    def matches(obj: ports.Object) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return matches
