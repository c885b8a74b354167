"""``plugin``: a step of another program. Argo starts it; here only what is built in runs.

A built-in is a kind of step like the others, under the name that its users know: a module whose
``decode`` gets the plugin's ``config``, and a line in ``BUILT_IN``.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from bot.core import fields
from bot.model import errors, spec

BUILT_IN: Mapping[str, ModuleType] = {}


def decode(
    raw: Any, path: str, *, routed: bool, built_in: Mapping[str, ModuleType] = BUILT_IN
) -> spec.Step:
    """The step that stands behind the plugin's name.

    Raises:
        errors.NotSupported: nothing of that name is built in; the sentence names it.
        errors.UserError: the built-in says what is wrong with its ``config``.

    """
    body = fields.mapping(raw, path)
    name = fields.text(body, "name", path)
    kind = built_in.get(name)
    if kind is None:
        known = ", ".join(sorted(built_in)) or "there is none"
        sentence = f'{path}: no step plugin "{name}" is built in (built in: {known})'
        raise errors.NotSupported(sentence, path=path)
    decoded: spec.Step = kind.decode(body.get("config") or {}, f"{path}.config", routed)
    return decoded
