"""ingress-nginx: a canary Ingress beside the stable one, weighted by annotation (spec §7.1)."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from bot.model import errors, ports, routers, world

_PATH = "spec.strategy.canary.trafficRouting.nginx"
_PREFIX = "nginx.ingress.kubernetes.io"


class Nginx:
    """Makes and weights ``<rollout>-<ingress>-canary`` beside each stable Ingress."""

    kind = "nginx"

    def refs(self, subject: routers.Subject) -> Sequence[ports.Ref]:
        return [ref for pair in _pairs(subject) for ref in pair]

    def view(self, subject: routers.Subject, look: routers.Look) -> world.RouteView:
        weights: list[int] = []
        for stable_ref, canary_ref in _pairs(subject):
            if (problem := _problem(subject, stable_ref, look(stable_ref))) is not None:
                return world.RouteView(problem=problem)
            canary = look(canary_ref)
            raw = "0"
            if canary is not None:
                raw = _annotations(canary).get(f"{_prefix(subject)}/canary-weight", "0")
            if not raw.isdecimal():
                return world.RouteView()
            weights.append(int(raw))
        return routers.seen(weights)

    def plan(
        self, subject: routers.Subject, route: world.Route, look: routers.Look
    ) -> Sequence[routers.RouteWrite]:
        found: list[routers.RouteWrite] = []
        pairs = _pairs(subject)
        if all(look(ref) is None for pair in pairs for ref in pair):
            raise errors.NotFound(f"Ingress {subject.namespace}/{pairs[0][0].name} not found")
        for stable_ref, canary_ref in pairs:
            stable, present = look(stable_ref), look(canary_ref)
            if stable is None:
                found += [] if present is None else _back(subject, canary_ref, present, route)
                continue
            wanted = _canary(subject, stable, canary_ref.name, route.weight)
            if present is None:
                found.append(_create(canary_ref, wanted))
            else:
                found += _update(subject, canary_ref, present, wanted, route.weight)
        return found


def _pairs(subject: routers.Subject) -> list[tuple[ports.Ref, ports.Ref]]:
    """Each stable Ingress with its canary.

    Raises:
        errors.UserError: one and several are configured, or none.

    """
    for key in ("additionalIngressAnnotations", "canaryIngressAnnotations"):
        if not isinstance(subject.config.get(key) or {}, Mapping):
            path = f"{_PATH}.{key}"
            raise errors.UserError(f"{path}: must be an object", path=path)
    one, several = subject.config.get("stableIngress"), subject.config.get("stableIngresses")
    if bool(one) == bool(several):
        which = "Both" if one else "Neither"
        text = "Either StableIngress or StableIngresses must be configured"
        raise errors.UserError(f"{_PATH}: {text}. {which} are configured.", path=_PATH)
    names = [one] if one else several
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        path = f"{_PATH}.{'stableIngress' if one else 'stableIngresses'}"
        raise errors.UserError(f"{path}: must be texts", path=path)
    return [
        (_ref(subject, name), _ref(subject, f"{subject.name}-{name}-canary"[:253]))
        for name in names
    ]


def _ref(subject: routers.Subject, name: str) -> ports.Ref:
    return ports.Ref(kind=ports.INGRESS, namespace=subject.namespace, name=name)


def _problem(
    subject: routers.Subject, ref: ports.Ref, stable: ports.Object | None
) -> tuple[str, str, str] | None:
    key = "stableIngress" if subject.config.get("stableIngress") else "stableIngresses"
    path = f"{_PATH}.{key}"
    if stable is None:
        return (path, ref.name, f'ingress.networking.k8s.io "{ref.name}" not found')
    if not _rules(stable, subject):
        text = f"ingress `{ref.name}` has no rules using service {subject.stable_service} backend"
        return (path, ref.name, text)
    return None


def _back(
    subject: routers.Subject, ref: ports.Ref, present: ports.Object, route: world.Route
) -> list[routers.RouteWrite]:
    """Without its stable Ingress a canary's weight can still be written, for an abort."""
    key, weight = f"{_prefix(subject)}/canary-weight", str(route.weight)
    if _annotations(present).get(key) == weight:
        return []
    return [_patch(ref, {"metadata": {"annotations": {key: weight}}}, route.weight)]


def _create(ref: ports.Ref, body: dict[str, Any]) -> routers.RouteWrite:
    weight = next(
        value
        for key, value in body["metadata"]["annotations"].items()
        if key.endswith("/canary-weight")
    )
    text = f"Creating canary ingress `{ref.name}` with weight `{weight}`"
    return routers.RouteWrite(
        write=ports.Write(verb=ports.Verb.CREATE, ref=ref, body=body),
        event=world.Event(reason="CreatingCanaryIngress", message=text),
    )


def _update(
    subject: routers.Subject,
    ref: ports.Ref,
    present: ports.Object,
    wanted: dict[str, Any],
    weight: int,
) -> list[routers.RouteWrite]:
    owners = present["metadata"].get("ownerReferences") or []
    if not any(owner.get("uid") == subject.owner["uid"] for owner in owners):
        raise errors.Refused(f"canary ingress `{ref.name}` controlled by different object")
    marks = wanted["metadata"]["annotations"]
    known = _annotations(present)
    patch: dict[str, Any] = {}
    changed = {key: value for key, value in marks.items() if known.get(key) != value}
    if changed:
        patch["metadata"] = {"annotations": changed}
    if present.get("spec", {}).get("rules") != wanted["spec"]["rules"]:
        patch["spec"] = wanted["spec"]
    return [_patch(ref, patch, weight)] if patch else []


def _patch(ref: ports.Ref, body: dict[str, Any], weight: int) -> routers.RouteWrite:
    text = f"Updating Ingress `{ref.name}` to desiredWeight '{weight}'"
    return routers.RouteWrite(
        write=ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body),
        event=world.Event(reason="PatchingCanaryIngress", message=text),
    )


def _prefix(subject: routers.Subject) -> str:
    return str(subject.config.get("annotationPrefix") or _PREFIX)


def _annotations(obj: ports.Object) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def _canary(
    subject: routers.Subject, stable: ports.Object, name: str, weight: int
) -> dict[str, Any]:
    """The canary Ingress: the stable's hosts that serve the stable Service, backends renamed."""
    prefix = _prefix(subject)
    extra = subject.config.get("additionalIngressAnnotations") or {}
    marks = {
        (key if str(key).startswith(f"{prefix}/") else f"{prefix}/{key}"): str(value)
        for key, value in extra.items()
    }
    own = subject.config.get("canaryIngressAnnotations") or {}
    marks |= {str(key): str(value) for key, value in own.items()}
    legacy = _annotations(stable).get("kubernetes.io/ingress.class")
    if legacy:
        marks["kubernetes.io/ingress.class"] = legacy
    marks[f"{prefix}/canary"] = "true"
    marks[f"{prefix}/canary-weight"] = str(weight)
    if subject.max_weight is not None:
        marks[f"{prefix}/canary-weight-total"] = str(subject.max_weight)
    spec: dict[str, Any] = {"rules": _rules(stable, subject)}
    for key in ("ingressClassName", "tls"):
        if stable.get("spec", {}).get(key):
            spec[key] = stable["spec"][key]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": subject.namespace,
            "annotations": marks,
            "ownerReferences": [dict(subject.owner)],
        },
        "spec": spec,
    }


def _rules(stable: ports.Object, subject: routers.Subject) -> list[dict[str, Any]]:
    found = []
    for rule in stable.get("spec", {}).get("rules") or []:
        paths = (rule.get("http") or {}).get("paths") or []
        if any(_service(path) == subject.stable_service for path in paths):
            copied = copy.deepcopy(rule)
            for path in copied["http"]["paths"]:
                if _service(path) == subject.stable_service:
                    path["backend"]["service"]["name"] = subject.canary_service
            found.append(copied)
    return found


def _service(path: Mapping[str, Any]) -> str:
    backend = (path.get("backend") or {}).get("service") or {}
    return str(backend.get("name", ""))
