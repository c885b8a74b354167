"""Judging objects before anything runs: as before, differing, not built, invalid.

What differs is only what the list of deliberate differences names; everything else is the same.
"""

from collections.abc import Mapping
from typing import Any

from bot.core import analysis_refs, references
from bot.core.analysis import arguments, metrics, templates, verdicts
from bot.model import errors, preflight, status, world
from bot.model import spec as spec_model

_STRICT = "rollout-bot.io/strict"
_NO_DATA = (
    "a result without usable values is inconclusive here, not an error or a verdict; the "
    f'annotation {_STRICT}: "true" on the Rollout restores that'
)


def rollout(
    spec: spec_model.Spec | errors.UserError, known: status.Status, seen: world.Seen
) -> preflight.Judgment:
    """What becomes of a Rollout; ``spec`` is the decoded one or the error it gave."""
    problem = spec if isinstance(spec, errors.UserError) else _problem(spec, known, seen)
    name = {"kind": "Rollout", "namespace": seen.namespace, "name": seen.name}
    if problem is not None:
        return _refused(problem, name)
    found: list[preflight.Finding] = []
    if isinstance(spec, spec_model.Spec):
        for sentence in (*spec.warnings, *analysis_refs.remarks(spec, seen)):
            found.append(preflight.Finding(path="spec.strategy", sentence=sentence))
    word = preflight.Word.DIFFERS if found else preflight.Word.AS_BEFORE
    return preflight.Judgment(**name, word=word, findings=tuple(found))


def _problem(
    spec: spec_model.Spec, known: status.Status, seen: world.Seen
) -> errors.UserError | None:
    if spec.problem is not None:
        return spec.problem
    try:
        references.check(spec, known, seen)
    except errors.UserError as problem:
        return problem
    return None


def _refused(problem: errors.UserError, name: Mapping[str, str]) -> preflight.Judgment:
    missing = isinstance(problem, errors.NotSupported)
    path = problem.path or problem.sentence.partition(": ")[0]
    return preflight.Judgment(
        **name,
        word=preflight.Word.NOT_BUILT if missing else preflight.Word.INVALID,
        findings=(preflight.Finding(path=path, sentence=problem.sentence),),
    )


def template(raw: Mapping[str, Any], lookup: templates.Lookup) -> preflight.Judgment:
    """What becomes of an analysis template, whoever uses it."""
    meta = raw["metadata"]
    everywhere = raw.get("kind") == "ClusterAnalysisTemplate"
    name = {
        "kind": str(raw.get("kind") or "AnalysisTemplate"),
        "namespace": str(meta.get("namespace", "")),
        "name": str(meta["name"]),
    }
    try:
        ref = {"templateName": meta["name"], "clusterScope": everywhere}
        merged = templates.resolve([ref], lookup)
        mine = [
            one for one in merged.metrics if merged.sources[one.get("name", "")] == meta["name"]
        ]
        found = [_metric(one, at) for at, one in enumerate(mine)]
        _whole(merged)
    except errors.UserError as problem:
        return _refused(problem, name)
    differs = tuple(finding for finding in found if finding is not None)
    word = preflight.Word.DIFFERS if differs else preflight.Word.AS_BEFORE
    return preflight.Judgment(**name, word=word, findings=differs)


def _metric(metric: Mapping[str, Any], at: int) -> preflight.Finding | None:
    """What is different about one metric.

    Raises:
        errors.NotSupported: its provider is not built yet.

    """
    path = f"spec.metrics[{at}]"
    provider = metric.get("provider")
    for key, value in (provider if isinstance(provider, Mapping) else {}).items():
        if value is not None and key not in metrics.PROVIDERS:
            where = f"{path}.provider.{key}"
            raise errors.NotSupported(f"{where} is not supported yet", path=where)
    conditions = f"{metric.get('successCondition', '')} {metric.get('failureCondition', '')}"
    lasting = any(metric.get("provider", {}).get(key) is not None for key in metrics.LASTING)
    if lasting or not conditions.strip() or verdicts.expects_no_data(conditions):
        return None
    key = "successCondition" if metric.get("successCondition") else "failureCondition"
    return preflight.Finding(path=f"{path}.{key}", sentence=_NO_DATA)


def _whole(merged: templates.Merged) -> None:
    """Decode every metric, with a stand-in for each argument."""
    values = {str(arg.get("name", "")): str(arg.get("value") or "1") for arg in merged.args}
    metrics.in_order([arguments.substituted(metric, values) for metric in merged.metrics])
