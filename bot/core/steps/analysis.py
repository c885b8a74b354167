"""``analysis``: waits for its run's verdict (spec §5.8)."""

from collections.abc import Mapping
from typing import Any

from bot.core import fields
from bot.core.steps import context
from bot.model import spec, status


def decode(raw: Any, path: str, routed: bool) -> spec.Analysis:  # noqa: ARG001, FBT001
    return spec.Analysis(raw=shaped(raw, path))


def shaped(raw: Any, path: str) -> Mapping[str, Any]:
    """A RolloutAnalysis whose lists and mappings are such; names are looked up elsewhere."""
    body = fields.mapping(raw, path)
    for key in ("templates", "args", "dryRun", "measurementRetention"):
        for at, entry in enumerate(fields.sequence(body.get(key), f"{path}.{key}")):
            where = f"{path}.{key}[{at}]"
            if entry is None:
                raise fields.Invalid(where, entry, "must be an object")
            fields.mapping(entry, where)
    marks = fields.mapping(body.get("analysisRunMetadata"), f"{path}.analysisRunMetadata")
    for key in ("labels", "annotations"):
        fields.mapping(marks.get(key), f"{path}.analysisRunMetadata.{key}")
    return body


def evaluate(step: spec.Analysis, ctx: context.Context) -> context.Outcome:  # noqa: ARG001
    run = ctx.run
    if run is None or not run.done:
        return context.Wait(because="the analysis is measuring")
    if run.phase == "Successful":
        return context.Done(because=f"analysis {run.name} was successful")
    if run.phase == "Inconclusive":
        return context.Hold(
            because=f"analysis {run.name} was inconclusive: {run.message}",
            reason=status.PauseReason.INCONCLUSIVE,
        )
    cause = "Step-based analysis phase error/failed"
    return context.Failed(because=f"{cause}: {run.message}" if run.message else cause)


def describe(step: spec.Analysis) -> str:  # noqa: ARG001
    return "analysis"
