"""Which tool wrote a field, as far as the API server's field managers tell. Tools, not persons."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.core import codec_status
from bot.model import records

ARGO_CD, FLUX = "Argo CD", "Flux"
UNKNOWN = "somebody (no name known)"
JUST = timedelta(minutes=2)
"""A write that is older was not the one that is looked at now."""
TEMPLATE = ("spec", "template")
ABORT = ("status", "abort")
FULL = ("status", "promoteFull")
STEP = ("status", "currentStepIndex")
HALT = ("spec", "paused")
COURSE = (
    FULL,
    STEP,
    ("status", "pauseConditions"),
    ("status", "controllerPause"),
)
_TOOLS = (
    ("kubectl-argo-rollouts", "the Argo Rollouts plugin"),
    ("kubectl", "kubectl"),
    ("argocd", ARGO_CD),
    ("kustomize-controller", FLUX),
    ("helm-controller", FLUX),
    ("flux", FLUX),
    ("rollouts-controller", "Argo Rollouts"),
    ("Mozilla", "a dashboard"),
)


def tool(
    rollout: Mapping[str, Any], *fields: tuple[str, str], since: datetime | None = None
) -> str:
    """The tool that wrote one of ``fields`` last; empty where that is not known."""
    return _named(manager(rollout, *fields, since=since))


def manager(
    rollout: Mapping[str, Any], *fields: tuple[str, str], since: datetime | None = None
) -> str:
    """The same under the name that it gave itself, which may be a person's."""
    found = sorted(_writers(rollout, frozenset(fields)), key=lambda one: one[0])
    if not found or (since is not None and found[-1][0] < since):
        return ""
    return found[-1][1][:120]


def of_status(rollout: Mapping[str, Any], paths: Iterable[str], *, since: datetime | None) -> str:
    """The tool that wrote one of these paths of the status; what was only cleared is nobody's."""
    return tool(rollout, *(("status", path.partition(".")[0]) for path in paths), since=since)


def how(
    rollout: Mapping[str, Any], *fields: tuple[str, str], since: datetime | None = None
) -> str:
    """The same for a sentence; a field that was only cleared leaves no trace, as by kubectl."""
    return tool(rollout, *fields, since=since) or "kubectl"


def _writers(
    rollout: Mapping[str, Any], wanted: frozenset[tuple[str, str]]
) -> Iterator[tuple[datetime, str]]:
    entries = (rollout.get("metadata") or {}).get("managedFields")
    if not isinstance(entries, list):
        return
    for entry in entries:
        fields, at = entry.get("fieldsV1") or {}, codec_status.time(entry.get("time"))
        owned = {(a, b) for a, b in wanted if f"f:{b}" in (fields.get(f"f:{a}") or {})}
        if owned and at is not None:
            yield at, str(entry.get("manager", ""))


def _named(name: str) -> str:
    for start, words in _TOOLS:
        if name.startswith(start):
            return words
    # Whoever writes may call themselves as they like: not by the words for other ways in.
    return f"a tool called {name}" if name in {*records.Way, "break-glass"} else name[:60]
