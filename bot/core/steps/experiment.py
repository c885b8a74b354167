"""``experiment``: waits for what its Experiment comes to (spec §6.7)."""

from collections.abc import Mapping
from typing import Any

from bot.core import fields
from bot.core.experiments import codec
from bot.core.steps import context
from bot.model import errors, spec, status

_REFS = ("stable", "canary")


def decode(raw: Any, path: str, routed: bool) -> spec.Experiment:  # noqa: FBT001
    body = fields.mapping(raw, path)
    for at, entry in enumerate(fields.sequence(body.get("templates"), f"{path}.templates")):
        _template(fields.mapping(entry, f"{path}.templates[{at}]"), f"{path}.templates[{at}]")
    _as_experiment(body, path)
    _weights(body, path, routed=routed)
    return spec.Experiment(raw=body)


def _as_experiment(body: Mapping[str, Any], path: str) -> None:
    """Refuse now what the Experiment would be refused for: nobody would look there."""
    pods = {"selector": {"matchLabels": {"app": "any"}}, "template": {}}
    named = [
        {key: one.get(key) for key in ("name", "replicas", "service")} | pods
        for one in body.get("templates") or ()
    ]
    try:
        codec.decode({"spec": {**body, "templates": named}})
    except errors.UserError as problem:
        where = path + problem.path.removeprefix("spec")
        sentence = problem.sentence.replace(problem.path, where, 1)
        raise errors.UserError(sentence, path=where) from None


def _template(raw: Mapping[str, Any], path: str) -> None:
    if fields.text(raw, "specRef", path) not in _REFS:
        text = "specRef must be stable or canary"
        raise fields.Invalid(f"{path}.specRef", raw.get("specRef"), text)
    selector = fields.mapping(raw.get("selector"), f"{path}.selector")
    fields.mapping(selector.get("matchLabels"), f"{path}.selector.matchLabels")
    marks = fields.mapping(raw.get("metadata"), f"{path}.metadata")
    for key in ("labels", "annotations"):
        fields.mapping(marks.get(key), f"{path}.metadata.{key}")


def _weights(body: Mapping[str, Any], path: str, *, routed: bool) -> None:
    for at, entry in enumerate(body.get("templates") or ()):
        if entry.get("weight") is None:
            continue
        where = f"{path}.templates[{at}].weight"
        if not routed:
            text = "Experiment template weight cannot be set unless TrafficRouting is enabled"
            raise fields.Invalid(where, entry["weight"], text)
        fields.count(entry, "weight", f"{path}.templates[{at}]", 0)


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
