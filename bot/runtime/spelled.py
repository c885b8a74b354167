"""Scopes that are spelled like what was typed; rollouts are known as namespace/name."""

import difflib

NEAR = 3
CUTOFF = 0.75
"""A letter that is left out, or two that are swapped in a short name."""


def near(text: str, known: tuple[str, ...]) -> list[str]:
    """Scopes that are spelled like it: by the whole of it, else by the name alone."""
    namespace, slash, name = text.lower().partition("/")
    if slash and name in {"", "*"}:
        found = difflib.get_close_matches(namespace[:80], namespaces(known), NEAR, CUTOFF)
        return [f"{one}/*" for one in found]
    if slash:
        found = difflib.get_close_matches(f"{namespace}/{name}"[:160], known, NEAR, CUTOFF)
        return found or _named(name, known)
    found = difflib.get_close_matches(namespace[:80], namespaces(known), NEAR, CUTOFF)
    return list(dict.fromkeys([*found, *_named(namespace, known)]))[:NEAR]


def _named(name: str, known: tuple[str, ...]) -> list[str]:
    names = sorted({parts(key)[1] for key in known})
    close = difflib.get_close_matches(name[:80], names, NEAR, CUTOFF)
    return [key for one in close for key in known if parts(key)[1] == one][:NEAR]


def namespaces(known: tuple[str, ...]) -> list[str]:
    """Those that have rollouts."""
    return sorted({parts(key)[0] for key in known})


def parts(key: str) -> tuple[str, str]:
    """Namespace and name."""
    namespace, _, name = key.partition("/")
    return namespace, name
