"""The moments in which rollouts are handed over: how they come there, and how they go on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
Status = Mapping[str, Any]
PROMOTE = {"status": {"pauseConditions": None}}
ABORT = {"status": {"abort": True}}
RETRY = {"status": {"abort": False}}
STEPS = [{"setWeight": 50}, {"pause": {}}, {"setWeight": 75}, {"pause": {"duration": "1h"}}]
SLOW = {"name": "slow", "image": "alpine:3", "command": ["sh", "-c", "sleep 25; exit 0"]}


def ships(image: str) -> Object:
    container = {"name": "c", "image": image, "resources": {"requests": {"memory": "1024Mi"}}}
    probe = {"httpGet": {"port": 80}, "failureThreshold": 5}
    pod = {
        "terminationGracePeriodSeconds": 0,
        "containers": [{**container, "readinessProbe": probe}],
    }
    return {"spec": {"template": {"spec": pod}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """``acts`` bring a healthy rollout there, each after ``there`` of the one before.

    An act is a merge patch and whether it is one of the status. ``then`` is what the second
    controller is asked, ``end`` how that must end.
    """

    strategy: Object
    acts: tuple[Object, ...]
    there: tuple[Callable[[Status], bool], ...]
    then: Object | None
    end: Callable[[Status], bool]
    others: tuple[Object, ...] = field(default=())


def phase(word: str, *, step: int | None = None) -> Callable[[Status], bool]:
    def holds(status: Status) -> bool:
        there = step is None or status.get("currentStepIndex") == step
        return bool(status.get("phase") == word and there)

    return holds


def promoted(status: Status) -> bool:
    return bool(status["phase"] == "Healthy" and status["stableRS"] == status["currentPodHash"])


def running(status: Status) -> bool:
    canary = status.get("canary") or {}
    return bool((canary.get("currentStepAnalysisRunStatus") or {}).get("status") == "Running")


def trying(status: Status) -> bool:
    return bool((status.get("canary") or {}).get("currentExperiment"))


def service(name: str, moment: str) -> Object:
    spec = {"selector": {"app": moment}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def slow_job() -> Object:
    pod = {"restartPolicy": "Never", "containers": [SLOW]}
    metric = {
        "name": "slow",
        "provider": {"job": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "slow"},
        "spec": {"metrics": [metric]},
    }


def mesh() -> Object:
    route = [
        {"destination": {"host": f"mesh-{side}"}, "weight": weight}
        for side, weight in (("stable", 100), ("canary", 0))
    ]
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "VirtualService",
        "metadata": {"name": "mesh"},
        "spec": {"hosts": ["mesh"], "http": [{"name": "primary", "route": route}]},
    }


CANARY = {"canary": {"steps": STEPS}}
BLUE_GREEN = {
    "blueGreen": {
        "activeService": "preview-active",
        "previewService": "preview-preview",
        "autoPromotionEnabled": False,
    }
}
ROUTED = {
    "canary": {
        "steps": STEPS,
        "canaryService": "mesh-canary",
        "stableService": "mesh-stable",
        "trafficRouting": {"istio": {"virtualService": {"name": "mesh"}}},
    }
}
MEASURED = {
    "canary": {
        "steps": [
            {"setWeight": 50},
            {"analysis": {"templates": [{"templateName": "slow"}]}},
            {"pause": {}},
        ]
    }
}
TRIED = {
    "canary": {
        "steps": [
            {
                "experiment": {
                    "duration": "25s",
                    "templates": [{"name": "baseline", "specRef": "stable"}],
                }
            },
            {"pause": {}},
        ]
    }
}
TWO = ships("img:2")
GATE = phase("Paused", step=1)

MOMENTS = {
    "healthy": Moment(strategy=CANARY, acts=(), there=(), then=TWO, end=GATE),
    "gate": Moment(
        strategy=CANARY, acts=(TWO,), there=(GATE,), then=PROMOTE, end=phase("Paused", step=3)
    ),
    "timed": Moment(
        strategy=CANARY,
        acts=(TWO, PROMOTE),
        there=(GATE, phase("Paused", step=3)),
        then=PROMOTE,
        end=promoted,
    ),
    "aborted": Moment(
        strategy=CANARY,
        acts=(TWO, ABORT),
        there=(GATE, phase("Degraded")),
        then=RETRY,
        end=GATE,
    ),
    "stuck": Moment(
        strategy=CANARY,
        acts=(ships("does-not-exist:1"),),
        there=(phase("Progressing", step=0),),
        then=TWO,
        end=GATE,
    ),
    "mesh": Moment(
        strategy=ROUTED,
        acts=(TWO,),
        there=(GATE,),
        then=ABORT,
        end=phase("Degraded"),
        others=(mesh(), service("mesh-canary", "mesh"), service("mesh-stable", "mesh")),
    ),
    "preview": Moment(
        strategy=BLUE_GREEN,
        acts=(TWO,),
        there=(phase("Paused"),),
        then=PROMOTE,
        end=promoted,
        others=(service("preview-active", "preview"), service("preview-preview", "preview")),
    ),
    "measured": Moment(
        strategy=MEASURED,
        acts=(TWO,),
        there=(running,),
        then=None,
        end=phase("Paused", step=2),
        others=(slow_job(),),
    ),
    "tried": Moment(
        strategy=TRIED, acts=(TWO,), there=(trying,), then=None, end=phase("Paused", step=1)
    ),
}


def rollout(name: str) -> Object:
    template = ships("img:1")["spec"]["template"]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, **template},
            "strategy": MOMENTS[name].strategy,
        },
    }
