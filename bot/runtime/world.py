"""Reading the world: from caches to ``Seen``. No decisions, no calls to the API server."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.core import codec_status, revisions
from bot.model import errors, ports, world
from bot.model import policy as policy_model
from bot.model import routers as router_ports
from bot.model import spec as spec_model
from bot.runtime import freezes as freezing
from bot.runtime import workloads

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """The watched kinds, each a ``ports.Cache``."""

    rollouts: ports.Cache
    replica_sets: ports.Cache
    services: ports.Cache
    runs: ports.Cache
    templates: ports.Cache
    cluster_templates: ports.Cache
    ingresses: ports.Cache | None = None
    virtual_services: ports.Cache | None = None
    destination_rules: ports.Cache | None = None
    experiments: ports.Cache | None = None
    workloads: Mapping[ports.Kind, ports.Cache] = field(default_factory=dict)

    def look(self, ref: ports.Ref) -> ports.Object | None:
        """The cached object, whatever its kind."""
        cache = self.of_route(ref.kind)
        return None if cache is None else cache.get(ref.namespace, ref.name)

    def of_route(self, kind: ports.Kind) -> ports.Cache | None:
        """The cache of a kind that routers write."""
        known = (self.ingresses, self.virtual_services, self.destination_rules)
        return next((one for one in known if one is not None and one.kind == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Builds ``Seen`` for one rollout from the caches; ``policy`` tells what counts for it.

    ``partial``: somebody at a terminal looks who may not read all of policy and freezes.
    """

    cluster: str
    caches: Caches
    routers: Mapping[str, router_ports.Router]
    policy: Callable[[ports.Object], policy_model.Effective] = lambda _: policy_model.Effective()
    freezes: freezing.Freezes | None = None
    partial: bool = False

    def see(self, rollout: ports.Object, spec: Any) -> world.Seen:
        """What is there for ``rollout``; ``spec`` is the decoded one or the error it gave."""
        meta = rollout["metadata"]
        namespace, uid = meta["namespace"], meta["uid"]
        notes = meta.get("annotations") or {}
        valid = isinstance(spec, spec_model.Spec)
        return world.Seen(
            cluster=self.cluster,
            namespace=namespace,
            name=meta["name"],
            uid=uid,
            generation=int(meta.get("generation", 0)),
            created=_time(meta.get("creationTimestamp")),
            revision=_int(notes.get(revisions.REVISION)),
            annotations=notes,
            labels=meta.get("labels") or {},
            replica_sets=tuple(
                replica_set(obj)
                for obj in self.caches.replica_sets.owned_by(uid)
                if revisions.HASH in (obj["metadata"].get("labels") or {})
            ),
            services=self._services(namespace, spec) if valid else {},
            routes=self._routes(rollout, spec) if valid else (),
            runs=tuple(run(obj) for obj in self.caches.runs.owned_by(uid)),
            templates=self._templates(namespace),
            raw=workloads.or_as_it_is(rollout, self.caches.workloads),
            workload=workloads.seen(rollout, self.caches.workloads),
            foreign_runs=Foreign(self.caches.runs, namespace, uid),
            experiments=self._experiments(uid),
            foreign_experiments=Foreign(self.caches.experiments, namespace, uid),
            policy=self.policy(rollout),
            freezes=self.freezes.of(namespace, meta["name"]) if self.freezes else (),
            freezes_unread=self.freezes.unread() if self.freezes else None,
            waiting=self.freezes.waiting(rollout) if self.freezes else (),
            partial=self.partial,
        )

    def _experiments(self, uid: str) -> tuple[world.Experiment, ...]:
        cache = self.caches.experiments
        return () if cache is None else tuple(_experiment(obj) for obj in cache.owned_by(uid))

    def _services(self, namespace: str, spec: spec_model.Spec) -> dict[str, world.Service]:
        found = {}
        for name in spec.services:
            obj = self.caches.services.get(namespace, name) if name else None
            if obj is not None:
                notes = obj["metadata"].get("annotations") or {}
                found[name] = world.Service(
                    name=name,
                    selector=obj.get("spec", {}).get("selector") or {},
                    managed_by=notes.get(_MANAGED, ""),
                )
        return found

    def subject(
        self, rollout: ports.Object, spec: spec_model.Spec, router: spec_model.RouterSpec
    ) -> router_ports.Subject:
        """What a router needs to know of a rollout."""
        meta = rollout["metadata"]
        return router_ports.Subject(
            namespace=meta["namespace"],
            name=meta["name"],
            owner={
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Rollout",
                "name": meta["name"],
                "uid": meta["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            },
            canary_service=spec.canary.canary_service,
            stable_service=spec.canary.stable_service,
            config=router.config,
            managed_routes=spec.canary.managed_routes,
            max_weight=spec.canary.max_traffic_weight,
        )

    def _routes(self, rollout: ports.Object, spec: spec_model.Spec) -> tuple[world.RouteView, ...]:
        return tuple(
            self.routers[router.kind].view(self.subject(rollout, spec, router), self.caches.look)
            for router in spec.canary.routers
        )

    def route_refs(self, rollout: ports.Object, spec: spec_model.Spec) -> list[ports.Ref]:
        """Every object whose change concerns this rollout's traffic."""
        found: list[ports.Ref] = []
        for router in spec.canary.routers:
            subject = self.subject(rollout, spec, router)
            found.extend(self.routers[router.kind].refs(subject))
        return found

    def supported(self, rollout: ports.Object, spec: spec_model.Spec) -> errors.UserError | None:
        """What a router of this rollout cannot do yet, or None."""
        try:
            self.route_refs(rollout, spec)
        except errors.UserError as problem:
            return problem
        return None

    def _templates(self, namespace: str) -> Mapping[tuple[bool, str], ports.Object]:
        return Templates(self.caches, namespace)


class Templates(Mapping[tuple[bool, str], ports.Object]):
    """The analysis templates in reach of one namespace, looked up when asked for."""

    def __init__(self, caches: Caches, namespace: str) -> None:
        self._caches = caches
        self._namespace = namespace

    def __getitem__(self, key: tuple[bool, str]) -> ports.Object:
        everywhere, name = key
        cache = self._caches.cluster_templates if everywhere else self._caches.templates
        found = cache.get("" if everywhere else self._namespace, name)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Any:
        for obj in self._caches.templates.list(self._namespace):
            yield False, obj["metadata"]["name"]
        for obj in self._caches.cluster_templates.list():
            yield True, obj["metadata"]["name"]

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Foreign(Container[str]):
    """The names that others have for one kind in a namespace, looked up when asked for."""

    def __init__(self, cache: ports.Cache | None, namespace: str, uid: str) -> None:
        self._cache = cache
        self._namespace = namespace
        self._uid = uid

    def __contains__(self, name: object) -> bool:
        obj = None if self._cache is None else self._cache.get(self._namespace, str(name))
        owners = obj["metadata"].get("ownerReferences") or () if obj is not None else ()
        return obj is not None and all(
            owner.get("uid") != self._uid or not owner.get("controller") for owner in owners
        )


def _time(raw: Any) -> datetime:
    return codec_status.time(raw) or _EPOCH


def _int(raw: Any) -> int:
    return int(raw) if isinstance(raw, str) and raw.isdecimal() else 0


def replica_set(obj: ports.Object) -> world.ReplicaSet:
    """One ReplicaSet as the core sees it."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    notes = meta.get("annotations") or {}
    failure = next(
        (
            c
            for c in status.get("conditions") or ()
            if c.get("type") == "ReplicaFailure" and c.get("status") == "True"
        ),
        None,
    )
    return world.ReplicaSet(
        name=meta["name"],
        hash=meta["labels"][revisions.HASH],
        revision=_int(notes.get(revisions.REVISION)),
        replicas=spec.get("replicas", 1),
        current=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        created=_time(meta.get("creationTimestamp")),
        template=spec.get("template") or {},
        annotations=notes,
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        min_ready_s=spec.get("minReadySeconds", 0),
        deadline=codec_status.time(notes.get(revisions.DEADLINE)),
        deleting=bool(meta.get("deletionTimestamp")),
        observed=status.get("observedGeneration", 0) >= meta.get("generation", 0),
        failure=failure,
    )


def run(obj: ports.Object) -> world.Run:
    """One AnalysisRun as the core sees it."""
    meta, status = obj["metadata"], obj.get("status") or {}
    labels = meta.get("labels") or {}
    index = labels.get("step-index", "")
    return world.Run(
        name=meta["name"],
        phase=status.get("phase", ""),
        message=status.get("message", ""),
        kind=labels.get("rollout-type", ""),
        hash=labels.get(revisions.HASH, ""),
        step_index=int(index) if index.isdecimal() else None,
        terminating=bool((obj.get("spec") or {}).get("terminate")),
        created=_time(meta.get("creationTimestamp")),
        raw=obj,
    )


def _experiment(obj: ports.Object) -> world.Experiment:
    meta, status = obj["metadata"], obj.get("status") or {}
    return world.Experiment(
        name=meta["name"],
        phase=str(status.get("phase") or ""),
        message=str(status.get("message") or ""),
        hash=(meta.get("labels") or {}).get(revisions.HASH, ""),
        terminating=bool((obj.get("spec") or {}).get("terminate")),
        created=_time(meta.get("creationTimestamp")),
        raw=obj,
    )
