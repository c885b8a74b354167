"""The ports: what the runtime and the handlers need of the outside, as Protocols.

An adapter implements one of them for one outside system. Nothing here does anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object of the API server. ``group`` is empty for the core group."""

    group: str
    version: str
    plural: str
    name: str
    namespaced: bool = True


ROLLOUT = Kind(group="argoproj.io", version="v1alpha1", plural="rollouts", name="Rollout")
RUN = Kind(group="argoproj.io", version="v1alpha1", plural="analysisruns", name="AnalysisRun")
TEMPLATE = Kind(
    group="argoproj.io", version="v1alpha1", plural="analysistemplates", name="AnalysisTemplate"
)
CLUSTER_TEMPLATE = Kind(
    group="argoproj.io",
    version="v1alpha1",
    plural="clusteranalysistemplates",
    name="ClusterAnalysisTemplate",
    namespaced=False,
)
EXPERIMENT = Kind(group="argoproj.io", version="v1alpha1", plural="experiments", name="Experiment")
REPLICA_SET = Kind(group="apps", version="v1", plural="replicasets", name="ReplicaSet")
SERVICE = Kind(group="", version="v1", plural="services", name="Service")
CONFIG_MAP = Kind(group="", version="v1", plural="configmaps", name="ConfigMap")
SECRET = Kind(group="", version="v1", plural="secrets", name="Secret")
QUOTA = Kind(group="", version="v1", plural="resourcequotas", name="ResourceQuota")
POD = Kind(group="", version="v1", plural="pods", name="Pod")
JOB = Kind(group="batch", version="v1", plural="jobs", name="Job")
EVENT = Kind(group="", version="v1", plural="events", name="Event")
LEASE = Kind(group="coordination.k8s.io", version="v1", plural="leases", name="Lease")
INGRESS = Kind(group="networking.k8s.io", version="v1", plural="ingresses", name="Ingress")
CONFIG_MAP = Kind(group="", version="v1", plural="configmaps", name="ConfigMap")
DEPLOYMENT = Kind(group="apps", version="v1", plural="deployments", name="Deployment")
POD_TEMPLATE = Kind(group="", version="v1", plural="podtemplates", name="PodTemplate")
DEFINITION = Kind(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    name="CustomResourceDefinition",
    namespaced=False,
)
VIRTUAL_SERVICE = Kind(
    group="networking.istio.io",
    version="v1alpha3",
    plural="virtualservices",
    name="VirtualService",
)
DESTINATION_RULE = Kind(
    group="networking.istio.io",
    version="v1alpha3",
    plural="destinationrules",
    name="DestinationRule",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """Which object: ``namespace`` is empty for cluster-wide kinds."""

    kind: Kind
    namespace: str
    name: str


class PatchType(StrEnum):
    """The three ways of patching that the API server knows and we use."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"


class Verb(StrEnum):
    """What a ``Write`` does."""

    CREATE = "create"
    PATCH = "patch"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One call that changes the cluster, as data.

    ``body`` is the object (create), the patch (patch) or delete options (delete).
    ``urgent`` writes pass every client-side limit: they take traffic off a bad canary or carry
    a person's decision.
    """

    verb: Verb
    ref: Ref
    body: Any = None
    patch: PatchType = PatchType.MERGE
    subresource: str = ""
    urgent: bool = False
    because: str = ""


class Api(Protocol):
    """The API server. Raises the errors of ``bot.model.errors`` only; each call has a timeout."""

    async def get(self, ref: Ref, *, urgent: bool = False) -> Object: ...

    async def list(
        self, kind: Kind, *, namespace: str = "", selector: str = ""
    ) -> list[Object]: ...

    async def write(self, write: Write) -> Object: ...


class Cache(Protocol):
    """Objects of one kind, kept fresh by a watch. What it returns must not be changed."""

    kind: Kind

    def get(self, namespace: str, name: str) -> Object | None: ...

    def list(self, namespace: str = "") -> Sequence[Object]: ...

    def owned_by(self, uid: str) -> Sequence[Object]:
        """Objects whose controller owner reference has that uid."""

    def observe(self, obj: Object) -> None:
        """Take in an object that a write returned, if it is newer than what is here."""

    def forget(self, namespace: str, name: str) -> None:
        """Take in that the object is gone (a 404)."""


class Timers(Protocol):
    """One date job a key; setting it again replaces it. Fires ``woken(key)`` on the loop."""

    def set(self, key: str, at: datetime) -> None: ...

    def cancel(self, key: str) -> None: ...


Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a metric provider returned: the value a condition sees as ``result``.

    ``shape`` is the Go type it stands for ("[]float64", "float64", "any"); ``text`` is the
    value as Argo writes it into a measurement; ``metadata`` goes into the metric result, ``notes``
    into the measurement's own. ``lacking`` is Argo's error where there is no data at all.
    """

    value: Any
    shape: str = "any"
    text: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    lacking: str = ""


class MetricError(Exception):
    """The provider could not measure; the text is the measurement's message.

    ``answered`` False: no server said anything, in time or at all.
    """

    def __init__(
        self, message: str, *, metadata: Mapping[str, str] | None = None, answered: bool = True
    ) -> None:
        super().__init__(message)
        self.metadata = dict(metadata or {})
        self.answered = answered


class Provider(Protocol):
    """One metrics backend. ``config`` is the resolved mapping under ``provider.<name>``."""

    name: str

    async def sample(self, config: Mapping[str, Any], *, now: datetime) -> Sample:
        """One measurement.

        Raises:
            MetricError: no usable answer, within the configured or the default timeout.

        """


@runtime_checkable
class Placed(Protocol):
    """A provider that reads keys where the run is: ``within`` gives it for one namespace."""

    def within(self, namespace: str) -> Provider: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whose measurement it is: the run, the metric, and which of its measurements, from 1."""

    namespace: str
    run: str
    uid: str
    metric: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a lasting measurement came to: its phase, and why where that is not plain."""

    phase: str
    message: str = ""


class LastingProvider(Protocol):
    """A check that goes on by itself once begun. Its whole state is in the mapping.

    ``begin`` gives the mapping, which stands in the measurement's metadata: after a restart
    ``follow`` goes on from there. Each of them raises ``MetricError`` where it cannot be done.
    """

    name: str

    async def begin(self, config: Mapping[str, Any], *, check: Check) -> Mapping[str, str]:
        """Start the check, or find the one that an earlier try of the same has started."""

    async def follow(self, state: Mapping[str, str]) -> Ending:
        """Wait for its end, as long as that takes."""

    async def terminate(self, state: Mapping[str, str]) -> Ending:
        """Stop it; nothing is wrong when it is gone."""

    async def collect(self, check: Check, *, keep: int) -> None:
        """Delete what is left of all but the newest ``keep`` measurements of the metric."""
