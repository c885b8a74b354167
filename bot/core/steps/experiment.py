"""``experiment``: waits for what its Experiment comes to (spec §6.7)."""

from collections.abc import Mapping
from typing import Any

from bot.core import durations, fields
from bot.core.steps import context
from bot.model import errors, spec, status

_REFS = ("stable", "canary")
_RULES = ("dryRun", "measurementRetention")


def decode(raw: Any, path: str, routed: bool) -> spec.Experiment:  # noqa: FBT001
    body = fields.mapping(raw, path)
    for at, entry in enumerate(fields.sequence(body.get("templates"), f"{path}.templates")):
        _template(fields.mapping(entry, f"{path}.templates[{at}]"), f"{path}.templates[{at}]")
    for at, entry in enumerate(fields.sequence(body.get("analyses"), f"{path}.analyses")):
        where = f"{path}.analyses[{at}]"
        one = fields.mapping(entry, where)
        for number, arg in enumerate(fields.sequence(one.get("args"), f"{where}.args")):
            fields.mapping(arg, f"{where}.args[{number}]")
    for key in _RULES:
        for at, entry in enumerate(fields.sequence(body.get(key), f"{path}.{key}")):
            fields.mapping(entry, f"{path}.{key}[{at}]")
    fields.mapping(body.get("analysisRunMetadata"), f"{path}.analysisRunMetadata")
    _duration(body, path)
    _weights(body, path, routed=routed)
    return spec.Experiment(raw=body)


def _template(raw: Mapping[str, Any], path: str) -> None:
    if not fields.text(raw, "name", path):
        raise fields.Required(f"{path}.name", "a template needs a name")
    if fields.text(raw, "specRef", path) not in _REFS:
        text = "specRef must be stable or canary"
        raise fields.Invalid(f"{path}.specRef", raw.get("specRef"), text)
    fields.count(raw, "replicas", path, 1)
    for key in ("selector", "metadata", "service"):
        fields.mapping(raw.get(key), f"{path}.{key}")
    marks = fields.mapping(raw.get("metadata"), f"{path}.metadata")
    for key in ("labels", "annotations"):
        fields.mapping(marks.get(key), f"{path}.metadata.{key}")


def _duration(body: Mapping[str, Any], path: str) -> None:
    """What is no duration is refused: Argo would run for ever."""
    text = fields.text(body, "duration", path)
    try:
        durations.parse_go(text or "0")
    except ValueError as problem:
        raise fields.Invalid(f"{path}.duration", text, str(problem)) from None


def _weights(body: Mapping[str, Any], path: str, *, routed: bool) -> None:
    for at, entry in enumerate(body.get("templates") or ()):
        if entry.get("weight") is None:
            continue
        where = f"{path}.templates[{at}].weight"
        if not routed:
            text = "Experiment template weight cannot be set unless TrafficRouting is enabled"
            raise fields.Invalid(where, entry["weight"], text)
        raise errors.NotSupported(f"{where} is not supported yet", path=where)


def evaluate(step: spec.Experiment, ctx: context.Context) -> context.Outcome:  # noqa: ARG001
    one = ctx.experiment
    if one is None or not one.done:
        return context.Wait(because="the experiment goes on")
    if one.phase == "Successful":
        return context.Done(because=f"experiment {one.name} was successful")
    if one.phase == "Inconclusive":
        return context.Hold(
            because=f"experiment {one.name} was inconclusive: {one.message}",
            reason=status.PauseReason.INCONCLUSIVE_EXPERIMENT,
        )
    cause = "Experiment analysis phase is error/failed"
    return context.Failed(because=f"{cause}: {one.message}" if one.message else cause)


def describe(step: spec.Experiment) -> str:  # noqa: ARG001
    return "experiment"
