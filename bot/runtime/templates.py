"""The pod templates that undo and set-image ask for. They change a copy, never write it."""

import copy
import difflib
import re
from collections.abc import Mapping
from typing import Any

from bot.core import revisions
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.model import facts, ports, world

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,511}")
"""No more than a registry takes: what is shown must be what runs, with nothing that hides."""

Change = tuple[Mapping[str, Any] | None, str]
"""The template to write and what to say; no template: why nothing is changed."""


def write(
    rollout: ports.Object,
    scene: scenes.Scene,
    template: Mapping[str, Any],
    by: facts.Person,
    *,
    because: str = "",
) -> ports.Write:
    """What sets ``template``: on the Rollout, or on the workload that it refers to."""
    workload = scene.seen.workload
    kind, name = (ports.ROLLOUT, scene.seen.name)
    meta, path = rollout["metadata"], "/spec/template"
    if workload is not None:
        kind, name, path = workload.kind, workload.name, workload.template_path
        notes = dict(workload.annotations)
        meta = {"resourceVersion": workload.resource_version, "annotations": notes}
    return ports.Write(
        verb=ports.Verb.PATCH,
        ref=ports.Ref(kind=kind, namespace=scene.seen.namespace, name=name),
        body=_patch(meta, path, template, by),
        patch=ports.PatchType.JSON,
        urgent=True,
        because=because,
    )


def _patch(
    meta: Mapping[str, Any], at: str, template: Mapping[str, Any], by: facts.Person
) -> list[dict[str, Any]]:
    """The JSON patch that sets ``template``, signed, unless the object has changed since."""
    signed = people.signature(template, by)
    path, note = "/metadata/annotations", {people.SET_BY: signed}
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]},
        {"op": "replace", "path": at, "value": template},
        {"op": "add", "path": f"{path}/{people.SET_BY.replace('/', '~1')}", "value": signed}
        if meta.get("annotations")
        else {"op": "add", "path": path, "value": note},
    ]


def undone(scene: scenes.Scene, *, to_revision: int | None) -> Change:
    """The template of ``to_revision``; left out, the one before the present."""
    known = sorted(scene.seen.replica_sets, key=lambda rs: rs.revision)
    target = _target(scene, known, to_revision)
    numbers = ", ".join(f"v{rs.revision}" for rs in known[-8:]) or "none"
    if target is None and to_revision is not None:
        return None, f"There is no revision v{to_revision}; I know {numbers}."
    if target is None:
        return None, f"{scene.rollout.name} has no earlier revision to go back to."
    template = revisions.bare(target)
    if _same(scene, template):
        return None, f"{scene.rollout.name} has the template of v{target.revision} already."
    return template, f"{scene.rollout.name} goes back to v{target.revision}."


def _target(
    scene: scenes.Scene, known: list[world.ReplicaSet], to_revision: int | None
) -> world.ReplicaSet | None:
    if to_revision is not None:
        return next((rs for rs in known if rs.revision == to_revision), None)
    if not scene.promoted and scene.stable is not None:
        return scene.stable
    earlier = [rs for rs in known if rs.hash != scene.hash]
    return earlier[-1] if earlier else None


def _same(scene: scenes.Scene, template: Mapping[str, Any]) -> bool:
    now = _present(scene)
    return now is not None and revisions.without_hash(now) == template


def _present(scene: scenes.Scene) -> Mapping[str, Any] | None:
    spec = scene.seen.raw.get("spec") or {}
    found = spec.get("template")
    return found if isinstance(found, Mapping) else None


def with_image(scene: scenes.Scene, *, container: str, image: str) -> Change:
    """The present template with another image in ``container`` ("*": in all of them)."""
    now = _present(scene)
    if now is None:
        return None, f"{scene.rollout.name} has no pod template of its own to change."
    if not _IMAGE.fullmatch(image.strip()):
        what = "it has letters, digits and . _ - / : @ only, 512 of them at most"
        return None, f'"{image[:80]}" is not the name of an image: {what}.'
    template = copy.deepcopy(dict(now))
    pod = template.get("spec") or {}
    everyone = [c for kind in ("initContainers", "containers") for c in pod.get(kind) or ()]
    meant = [c for c in everyone if container in ("*", c.get("name"))]
    if not meant:
        names = [str(c.get("name", "")) for c in everyone]
        near = difflib.get_close_matches(container[:80], names, n=3) or names[:5]
        return None, f'There is no container "{container[:80]}"; there is {", ".join(near)}.'
    for one in meant:
        one["image"] = image.strip()
    if template == now:
        return None, f"{container} has the image {image.strip()} already."
    return template, f"{scene.rollout.name} gets {container}={image.strip()}."
