"""Whether something else keeps an object as Git has it, and would undo what is changed here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core import writers

_TRACKING = "argocd.argoproj.io/tracking-id"
_INSTANCES = ("argocd.argoproj.io/instance", "app.kubernetes.io/instance")
_FLUX = ("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io")
URL = "rollout-bot.io/app-url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """``tool`` is Argo CD or Flux, ``app`` what it calls the thing; ``url`` where that is told."""

    tool: str
    app: str
    url: str = ""


def of(rollout: Mapping[str, Any]) -> Git | None:
    """Who keeps this object as Git has it; None where nobody is known to.

    A bare instance label is Helm's too: it counts only where Argo CD has written the object.
    """
    meta = rollout.get("metadata") or {}
    notes, labels = _texts(meta.get("annotations")), _texts(meta.get("labels"))
    url = notes.get(URL, "").strip()[:1_000]
    if tracked := notes.get(_TRACKING, "").partition(":")[0]:
        return Git(tool=writers.ARGO_CD, app=tracked[:120], url=url)
    wrote = writers.tool(rollout, writers.TEMPLATE)
    for label in _INSTANCES:
        sure = label.startswith("argocd") or wrote == writers.ARGO_CD
        if sure and labels.get(label):
            return Git(tool=writers.ARGO_CD, app=labels[label][:120], url=url)
    for group in _FLUX:
        if name := labels.get(f"{group}/name"):
            space = labels.get(f"{group}/namespace", "")
            app = f"{space}/{name}" if space else name
            return Git(tool=writers.FLUX, app=app[:120], url=url)
    return None


def warning(rollout: Mapping[str, Any]) -> str:
    """What to say to somebody who changes the pod template beside Git; empty where none is."""
    git = of(rollout)
    if git is None:
        return ""
    return f" {git.tool} ({git.app}) will undo this unless Git is changed too."


def _texts(raw: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in raw.items()} if isinstance(raw, Mapping) else {}
