"""Who we are to the API server, and who may do what: its own reviews of both."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.model import errors, ports


class Reviewer(Protocol):
    """What a review needs of the API server."""

    async def write(self, write: ports.Write) -> ports.Object: ...


def _review(name: str, group: str) -> ports.Kind:
    return ports.Kind(
        group=group, version="v1", plural=f"{name.lower()}s", name=name, namespaced=False
    )


_WHO = _review("SelfSubjectReview", "authentication.k8s.io")
_MINE = _review("SelfSubjectAccessReview", "authorization.k8s.io")
_THEIRS = _review("SubjectAccessReview", "authorization.k8s.io")


async def whoami(api: Reviewer) -> str:
    """The name that the cluster knows us by; empty where it is too old to say."""
    try:
        answer = await _ask(api, _WHO, {})
    except errors.NotFound:
        return ""
    return str(((answer.get("status") or {}).get("userInfo") or {}).get("username") or "")


async def may(
    api: Reviewer,
    *,
    verb: str,
    group: str,
    resource: str,
    subresource: str = "",
    namespace: str = "",
    name: str = "",
    user: str = "",
    groups: Sequence[str] = (),
) -> bool:
    """Whether ``user`` may; whether we may, where none is named. Empty namespace: everywhere."""
    wanted = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    attributes = {key: value for key, value in wanted.items() if value}
    spec: dict[str, Any] = {"resourceAttributes": attributes}
    if user:
        spec |= {"user": user, "groups": list(groups)}
    answer = await _ask(api, _THEIRS if user else _MINE, {"spec": spec})
    return bool((answer.get("status") or {}).get("allowed"))


async def _ask(api: Reviewer, kind: ports.Kind, body: Mapping[str, Any]) -> ports.Object:
    whole = {"apiVersion": f"{kind.group}/{kind.version}", "kind": kind.name, **body}
    ref = ports.Ref(kind=kind, namespace="", name="")
    return await api.write(ports.Write(verb=ports.Verb.CREATE, ref=ref, body=whole, urgent=True))
