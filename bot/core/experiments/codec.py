"""Raw Experiment → ``Spec``: each mistake with its path; the first one wins (spec §6.1).

Belongs here: shapes and defaults. Does not: what follows from them.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.core import durations, fields
from bot.model import errors, experiment

ROLLOUT = "rollout-bot.io/rollout"
REFS = ("stable", "canary")
_RULES = ("dryRun", "measurementRetention")
_META = "spec.analysisRunMetadata"


def decode(raw: Mapping[str, Any]) -> experiment.Spec:
    """The validated spec.

    Raises:
        errors.UserError: the manifest is wrong; the sentence says where and how.

    """
    spec = fields.mapping(raw.get("spec"), "spec")
    meta = fields.mapping(raw.get("metadata"), "metadata")
    labels = fields.mapping(meta.get("labels"), "metadata.labels")
    deadline = fields.count(spec, "progressDeadlineSeconds", "spec", 600)
    rollout = str(labels.get(ROLLOUT) or "")
    return experiment.Spec(
        templates=_templates(spec, deadline, rollout),
        analyses=_analyses(spec),
        duration=_duration(spec),
        progress_deadline_s=deadline,
        scale_down_delay_s=fields.count(spec, "scaleDownDelaySeconds", "spec", 30),
        terminate=fields.boolean(spec, "terminate", "spec"),
        run_metadata=_run_metadata(spec),
        rollout=rollout,
    )


def _templates(
    spec: Mapping[str, Any], deadline: int, rollout: str
) -> tuple[experiment.Template, ...]:
    found: dict[str, experiment.Template] = {}
    for at, entry in enumerate(fields.sequence(spec.get("templates"), "spec.templates")):
        path = f"spec.templates[{at}]"
        one = _template(fields.mapping(entry, path), path)
        _check(one, path, rollout)
        if one.min_ready_s > deadline:
            text = "minReadySeconds must not be longer than progressDeadlineSeconds"
            raise fields.Invalid(f"{path}.minReadySeconds", one.min_ready_s, text)
        if not one.name:
            raise fields.Required(f"{path}.name", "a template needs a name")
        if one.name in found:
            text = "two templates have the same name"
            raise fields.Invalid(f"{path}.name", one.name, text)
        found[one.name] = one
    return tuple(found.values())


def _template(raw: Mapping[str, Any], path: str) -> experiment.Template:
    service = None
    if raw.get("service") is not None:
        given = fields.mapping(raw["service"], f"{path}.service")
        service = fields.text(given, "name", f"{path}.service")
    template = None
    if raw.get("template") is not None:
        template = fields.mapping(raw["template"], f"{path}.template")
        shaped(template, f"{path}.template")
    return experiment.Template(
        name=fields.text(raw, "name", path),
        replicas=fields.count(raw, "replicas", path, 1),
        min_ready_s=fields.count(raw, "minReadySeconds", path, 0),
        selector=fields.mapping(raw.get("selector"), f"{path}.selector"),
        template=template,
        spec_ref=fields.text(raw, "specRef", path),
        service=service,
    )


def shaped(template: Mapping[str, Any], path: str) -> None:
    """Refuse a pod template whose parts that we read are no objects or lists."""
    meta = fields.mapping(template.get("metadata"), f"{path}.metadata")
    for key in ("labels", "annotations"):
        fields.mapping(meta.get(key), f"{path}.metadata.{key}")
    spec = fields.mapping(template.get("spec"), f"{path}.spec")
    for at, container in enumerate(fields.sequence(spec.get("containers"), f"{path}.containers")):
        where = f"{path}.spec.containers[{at}]"
        ports = fields.sequence(fields.mapping(container, where).get("ports"), f"{where}.ports")
        for number, port in enumerate(ports):
            fields.mapping(port, f"{where}.ports[{number}]")


def _check(one: experiment.Template, path: str, rollout: str) -> None:
    """A template brings its pods, or names the revision of a Rollout that does."""
    if one.template is None and not one.spec_ref:
        raise fields.Required(f"{path}.template", "a template needs pods to run")
    if one.template is None:
        if one.spec_ref not in REFS:
            text = "specRef must be stable or canary"
            raise fields.Invalid(f"{path}.specRef", one.spec_ref, text)
        if not rollout:
            text = f"of which Rollout? The label {ROLLOUT} must name it"
            raise fields.Invalid(f"{path}.specRef", one.spec_ref, text)
    labels = fields.mapping(one.selector.get("matchLabels"), f"{path}.selector.matchLabels")
    rules = fields.sequence(
        one.selector.get("matchExpressions"), f"{path}.selector.matchExpressions"
    )
    if one.template is not None and not labels and not rules:
        raise fields.Required(f"{path}.selector", "a selector that is not empty is needed")


def _duration(spec: Mapping[str, Any]) -> timedelta | None:
    """How long it runs. What is no duration is refused: Argo would run for ever."""
    text = fields.text(spec, "duration", "spec")
    if not text:
        return None
    try:
        found = durations.parse_go(text)
    except ValueError as problem:
        raise fields.Invalid("spec.duration", text, str(problem)) from None
    if found < timedelta(0):
        raise fields.Invalid("spec.duration", text, "must not be negative")
    return found


def _analyses(spec: Mapping[str, Any]) -> tuple[experiment.Analysis, ...]:
    rules = {
        key: list(fields.sequence(spec.get(key), f"spec.{key}"))
        for key in _RULES
        if spec.get(key) is not None
    }
    found: dict[str, experiment.Analysis] = {}
    for at, entry in enumerate(fields.sequence(spec.get("analyses"), "spec.analyses")):
        path = f"spec.analyses[{at}]"
        raw = fields.mapping(entry, path)
        name = fields.text(raw, "name", path)
        for key in ("name", "templateName"):
            if not fields.text(raw, key, path):
                raise fields.Required(f"{path}.{key}", "an analysis needs it")
        ref = {
            "templateName": fields.text(raw, "templateName", path),
            "clusterScope": fields.boolean(raw, "clusterScope", path),
        }
        args = fields.sequence(raw.get("args"), f"{path}.args")
        for number, arg in enumerate(args):
            if not isinstance(arg, Mapping):
                raise fields.Invalid(f"{path}.args[{number}]", arg, "must be an object")
        found.setdefault(
            name,
            experiment.Analysis(
                name=name,
                required=fields.boolean(raw, "requiredForCompletion", path),
                raw={"templates": [ref], "args": list(args), **rules},
            ),
        )
    return tuple(found.values())


def _run_metadata(spec: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    given = fields.mapping(spec.get("analysisRunMetadata"), _META)
    out: dict[str, dict[str, str]] = {}
    for kind in ("labels", "annotations"):
        texts = fields.mapping(given.get(kind), f"{_META}.{kind}")
        if any(not isinstance(value, str) for value in texts.values()):
            raise errors.UserError(f"{_META}.{kind}: every value must be a text", path=_META)
        if texts:
            out[kind] = dict(texts)
    return out
