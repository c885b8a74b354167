"""Templates by name into one list of metrics and arguments (spec §5.1)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core import fields
from bot.model import errors

Lookup = Callable[[bool, str], Mapping[str, Any] | None]
MOST_TEMPLATES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What several templates come to together."""

    metrics: tuple[Mapping[str, Any], ...]
    args: tuple[Mapping[str, Any], ...]
    dry_run: tuple[Mapping[str, Any], ...]
    retention: tuple[Mapping[str, Any], ...]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    everywhere: bool
    name: str
    spec: Mapping[str, Any]


def resolve(refs: Iterable[Any], lookup: Lookup) -> Merged:
    """Every template that ``refs`` name, nested ones after the one that names them, merged.

    Raises:
        errors.UserError: a template is missing, names itself, or two of them do not fit.

    """
    found: dict[tuple[bool, str], _Found] = {}
    for ref in refs:
        _collect(fields.mapping(ref, "templates"), lookup, found, ())
    ordered = sorted(found.values(), key=lambda one: one.everywhere)
    return _merge(ordered)


def _collect(
    ref: Mapping[str, Any],
    lookup: Lookup,
    found: dict[tuple[bool, str], _Found],
    above: tuple[tuple[bool, str], ...],
) -> None:
    key = (ref.get("clusterScope") is True, str(ref.get("templateName", "")))
    kind = "ClusterAnalysisTemplate" if key[0] else "AnalysisTemplate"
    if key in above:
        raise errors.UserError(f"{kind} '{key[1]}' names itself through its nested templates")
    if key in found:
        return
    if len(found) >= MOST_TEMPLATES:
        raise errors.UserError(f"more than {MOST_TEMPLATES} analysis templates are referenced")
    template = lookup(*key)
    if template is None:
        raise errors.UserError(f"{kind} '{key[1]}' not found")
    spec = fields.mapping(template.get("spec"), "spec")
    found[key] = _Found(everywhere=key[0], name=key[1], spec=spec)
    for nested in fields.sequence(spec.get("templates"), "spec.templates"):
        _collect(fields.mapping(nested, "spec.templates"), lookup, found, (*above, key))


def _merge(found: Iterable[_Found]) -> Merged:
    metrics: list[Mapping[str, Any]] = []
    args: dict[str, Mapping[str, Any]] = {}
    rules: dict[str, list[Mapping[str, Any]]] = {"dryRun": [], "measurementRetention": []}
    sources: dict[str, str] = {}
    for template in found:
        for metric in fields.sequence(template.spec.get("metrics"), "spec.metrics"):
            if not isinstance(metric, Mapping):
                raise errors.UserError("spec.metrics: every metric must be an object")
            name = str(metric.get("name", ""))
            if name in sources:
                raise errors.UserError(f"two metrics have the same name '{name}'")
            sources[name] = template.name
            metrics.append(metric)
        for arg in fields.sequence(template.spec.get("args"), "spec.args"):
            _merge_arg(args, fields.mapping(arg, "spec.args"))
        for key, known in rules.items():
            join_rules(known, fields.sequence(template.spec.get(key), f"spec.{key}"), key)
    return Merged(
        metrics=tuple(metrics),
        args=tuple(args.values()),
        dry_run=tuple(rules["dryRun"]),
        retention=tuple(rules["measurementRetention"]),
        sources=sources,
    )


def join_rules(known: list[Mapping[str, Any]], more: Iterable[Any], key: str) -> None:
    """Append rules of ``dryRun`` or ``measurementRetention``; one metric name once."""
    for rule in more:
        entry = fields.mapping(rule, key)
        if any(one.get("metricName") == entry.get("metricName") for one in known):
            name = entry.get("metricName")
            raise errors.UserError(f"two {key} rules have the same metric name '{name}'")
        known.append(entry)


def _merge_arg(args: dict[str, Mapping[str, Any]], arg: Mapping[str, Any]) -> None:
    name = str(arg.get("name", ""))
    old = args.get(name)
    if old is None:
        args[name] = arg
        return
    mine, theirs = old.get("value"), arg.get("value")
    if mine is None:
        # A later entry that brings nothing does not take an earlier one's source away.
        if theirs is not None or arg.get("valueFrom") is not None:
            args[name] = arg
        return
    if theirs is not None and mine != theirs:
        raise errors.UserError(
            f"Argument `{name}` specified multiple times with different values: "
            f"'{mine}', '{theirs}'"
        )
