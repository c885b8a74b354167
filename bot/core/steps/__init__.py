"""The steps of a canary: one file a kind, one line in the table.

A kind is a module with ``decode(raw, path, routed) -> Step``, ``evaluate(step, ctx) -> Outcome``
and ``describe(step) -> str`` (Argo's text of it). To add one: its file, and a line in ``KINDS``.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from bot.core import fields
from bot.core.steps import (
    analysis,
    context,
    experiment,
    pause,
    plugin,
    set_canary_scale,
    set_header_route,
    set_mirror_route,
    set_weight,
)
from bot.model import spec

KINDS: Mapping[str, ModuleType] = {
    "setWeight": set_weight,
    "pause": pause,
    "analysis": analysis,
    "setCanaryScale": set_canary_scale,
    "experiment": experiment,
    "setHeaderRoute": set_header_route,
    "setMirrorRoute": set_mirror_route,
}
PLUGIN = "plugin"
"""Its kinds stand in a table of their own, by the name of the plugin."""

_TYPES: Mapping[type, ModuleType] = {
    spec.SetWeight: set_weight,
    spec.Pause: pause,
    spec.Analysis: analysis,
    spec.SetCanaryScale: set_canary_scale,
    spec.Experiment: experiment,
    spec.SetRoute: set_header_route,
}


def decode(raw: Any, path: str, *, routed: bool) -> spec.Step:
    """One step of the manifest.

    Raises:
        errors.NotSupported: a plugin that is not built in.
        errors.UserError: not exactly one known key, or a wrong value.

    """
    entry = fields.mapping(raw, path)
    if entry.get(PLUGIN) is not None:
        return plugin.decode(entry[PLUGIN], f"{path}.{PLUGIN}", routed=routed)
    given = [key for key in KINDS if entry.get(key) is not None]
    unknown = [key for key in entry if key not in KINDS]
    if len(given) != 1 or unknown:
        raise fields.Invalid(
            path,
            ", ".join(sorted(entry)),
            "Step must have one of the following set: experiment, setWeight, setCanaryScale, "
            "plugin or pause",
        )
    decoded: spec.Step = KINDS[given[0]].decode(entry[given[0]], f"{path}.{given[0]}", routed)
    return decoded


def evaluate(step: spec.Step, ctx: "context.Context") -> "context.Outcome":
    """What the present step comes to now."""
    outcome: context.Outcome = _TYPES[type(step)].evaluate(step, ctx)
    return outcome


def describe(step: spec.Step) -> str:
    """Argo's text of a step, as its events have it."""
    text: str = _TYPES[type(step)].describe(step)
    return text
