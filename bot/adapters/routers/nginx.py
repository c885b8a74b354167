"""ingress-nginx: a canary Ingress beside the stable one, weighted by annotation (spec §7.1)."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from bot.model import errors, ports, routers, world

_PATH = "spec.strategy.canary.trafficRouting.nginx"
_PREFIX = "nginx.ingress.kubernetes.io"
_LATER = ("stableIngresses", "canaryIngressAnnotations")


class Nginx:
    """Makes and weights ``<rollout>-<ingress>-canary``."""

    kind = "nginx"

    def refs(self, subject: routers.Subject) -> Sequence[ports.Ref]:
        for key in _LATER:
            if subject.config.get(key):
                path = f"{_PATH}.{key}"
                raise errors.NotSupported(f"{path} is not supported yet", path=path)
        stable = str(subject.config.get("stableIngress", ""))
        names = (stable, f"{subject.name}-{stable}-canary"[:253])
        return [
            ports.Ref(kind=ports.INGRESS, namespace=subject.namespace, name=name) for name in names
        ]

    def view(self, subject: routers.Subject, look: routers.Look) -> world.RouteView:
        stable_ref, canary_ref = self.refs(subject)
        path = f"{_PATH}.stableIngress"
        stable = look(stable_ref)
        if stable is None:
            text = f'ingress.networking.k8s.io "{stable_ref.name}" not found'
            return world.RouteView(problem=(path, stable_ref.name, text))
        if not _rules(stable, subject):
            text = (
                f"ingress `{stable_ref.name}` has no rules using service "
                f"{subject.stable_service} backend"
            )
            return world.RouteView(problem=(path, stable_ref.name, text))
        canary = look(canary_ref)
        if canary is None:
            return world.RouteView(weight=0)
        raw = _annotations(canary).get(f"{_prefix(subject)}/canary-weight", "0")
        return world.RouteView(weight=int(raw) if raw.isdecimal() else None)

    def plan(
        self, subject: routers.Subject, route: world.Route, look: routers.Look
    ) -> Sequence[routers.RouteWrite]:
        stable_ref, canary_ref = self.refs(subject)
        stable = look(stable_ref)
        if stable is None:
            raise errors.NotFound(f"Ingress {stable_ref.namespace}/{stable_ref.name} not found")
        wanted = _canary(subject, stable, canary_ref.name, route.weight)
        present = look(canary_ref)
        if present is None:
            return [_create(canary_ref, wanted)]
        return _update(subject, canary_ref, present, wanted, route.weight)


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
    if not patch:
        return []
    text = f"Updating Ingress `{ref.name}` to desiredWeight '{weight}'"
    return [
        routers.RouteWrite(
            write=ports.Write(verb=ports.Verb.PATCH, ref=ref, body=patch),
            event=world.Event(reason="PatchingCanaryIngress", message=text),
        )
    ]


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
        (key if key.startswith(f"{prefix}/") else f"{prefix}/{key}"): str(value)
        for key, value in extra.items()
    }
    legacy = _annotations(stable).get("kubernetes.io/ingress.class")
    if legacy:
        marks["kubernetes.io/ingress.class"] = legacy
    marks[f"{prefix}/canary"] = "true"
    marks[f"{prefix}/canary-weight"] = str(weight)
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
