"""How Argo CD reads the health of a Rollout, an AnalysisRun and an Experiment: its rules as tables.

Facts of its health checks, in our words. None is what Argo CD shows as unknown; a rule that reads
what is not there fails, and so does the health of the whole application.
"""

P, S, H, D, U = "Progressing", "Suspended", "Healthy", "Degraded", "Unknown"
WORKLOAD = "rollout.argoproj.io/workload-generation"


def _number(text):
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


def _unobserved(obj):
    if "status" not in obj:
        return True
    seen = _number(obj["status"].get("observedGeneration"))
    return seen is not None and seen < obj["metadata"]["generation"]


def _workload_unobserved(obj):
    notes = obj["metadata"].get("annotations")
    if "workloadRef" not in obj["spec"] or notes is None:
        return False
    seen = _number(obj["status"].get("workloadObservedGeneration"))
    return _number(notes.get(WORKLOAD)) != seen


def _condition(kind, *reasons):
    # Without a list of conditions this fails on purpose: Argo CD's rule does.
    return lambda obj: any(
        one["type"] == kind and (not reasons or one["reason"] in reasons)
        for one in obj["status"]["conditions"]
    )


def _count(key):
    return lambda obj: obj["status"].get(key, 0)


def _fewer(key, than):
    return lambda obj: _count(key)(obj) < than(obj)


def _replicas(obj):
    return obj["spec"].get("replicas", 1)


def _canary(obj):
    return "canary" in obj["spec"]["strategy"]


def _not_current(obj):
    return obj["status"].get("stableRS", "") != obj["status"]["currentPodHash"]


def _not_active(obj):
    active = obj["status"].get("blueGreen", {}).get("activeSelector")
    return not _canary(obj) and active != obj["status"]["currentPodHash"]


# The first that holds counts.
OBSERVED = (
    ("the spec is not observed", _unobserved, P),
    ("the workload is not observed", _workload_unobserved, P),
)
BY_CONDITIONS = (
    ("the spec is wrong", _condition("InvalidSpec"), D),
    ("aborted", _condition("Progressing", "RolloutAborted", "ProgressDeadlineExceeded"), D),
    ("a pause", lambda obj: bool(obj["status"].get("pauseConditions")), S),
    ("paused by a person", lambda obj: bool(obj["spec"].get("paused")), S),
    ("nothing was done yet", lambda obj: "currentPodHash" not in obj["status"], P),
    ("pods to be updated", _fewer("updatedReplicas", _replicas), P),
    ("pods to come", _fewer("availableReplicas", _count("updatedReplicas")), P),
    ("not switched", _not_active, P),
    ("pods to go", lambda o: _canary(o) and _count("replicas")(o) > _count("updatedReplicas")(o), P),
    ("steps or an analysis are left", _not_current, P),
    ("done", lambda obj: True, H),
)  # fmt: skip
PHASES = {
    "Rollout": {"Progressing": P, "Paused": S, "Healthy": H, "Degraded": D},
    "AnalysisRun": {
        "Pending": P, "Running": P, "Successful": H, "Failed": D, "Error": D, "Inconclusive": U,
    },
    "Experiment": {"Pending": P, "Running": P, "Successful": H, "Failed": D, "Error": D},
}  # fmt: skip


def _first(rules, obj):
    return next((health for _, holds, health in rules if holds(obj)), None)


def rollout(obj):
    """As Argo CD reads it since rollouts have a phase; by their conditions where there is none."""
    return _first(OBSERVED, obj) or _by_phase(obj) or by_conditions(obj)


def _by_phase(obj):
    phase = obj["status"].get("phase")
    return PHASES["Rollout"].get(phase, phase)


def by_conditions(obj):
    """As Argo CD read it before."""
    return _first(OBSERVED, obj) or _first(BY_CONDITIONS, obj)


def other(obj):
    """An AnalysisRun or an Experiment."""
    if "status" not in obj:
        return P
    return PHASES[obj["kind"]].get(obj["status"].get("phase"))
