"""One pass over an Experiment: what should be, and what it has come to (spec §6.1)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.experiments import codec, pods, runs, sheet, status_codec, verdicts
from bot.model import errors, experiment
from bot.model import status as status_model

INVALID, PROGRESSING = "InvalidExperimentSpec", "Progressing"
REFERENCE_RETRY = timedelta(seconds=20)

Told = tuple[str, str, str]
"""Status, reason and message of a condition."""


def decide(raw: Mapping[str, Any], seen: experiment.Seen, now: datetime) -> experiment.Decision:
    """The whole next status, and everything that should exist. Never raises."""
    before = status_codec.decode(raw.get("status"))
    try:
        spec = codec.decode(raw)
        s = sheet.Sheet(raw=raw, spec=spec, before=before, seen=seen, now=now)
        pods.check(s)
    except errors.UserError as problem:
        return _refused(before, problem, now)
    runs.mirror(s)
    for one in spec.templates:
        pods.count(s, one)
    if s.available_at is None and verdicts.of_templates(s.templates.values())[0] == "Running":
        s.available_at = s.second
        _ = s.expired  # be woken when the time is over
    runs.want(s)
    for one in spec.templates:
        pods.count(s, one)  # once more: an analysis may have ended it all
    phase, message = _phase(s)
    desired = _desired(s)
    status = replace(
        before,
        phase=phase,
        message=message,
        available_at=s.available_at,
        templates=tuple(s.templates.values()),
        runs=tuple(s.runs.values()),
        conditions=_conditions(s, before.conditions),
    )
    return experiment.Decision(
        status=status,
        desired=desired,
        wake_at=min(s.wakes, default=None),
        events=tuple(s.events),
        told=tuple(s.told),
    )


def _phase(s: sheet.Sheet) -> tuple[str, str]:
    """The phase; one that is over stays as it is."""
    if s.finished:
        return s.before.phase, s.before.message
    found, message = verdicts.together(s)
    if found != s.before.phase:
        text = f"Experiment transitioned from {s.before.phase} -> {found}"
        s.event(f"Experiment{found}", text, warning=found in sheet.WARN)
    s.phase = found
    return found, message


def _refused(
    before: experiment.Status, problem: errors.UserError, now: datetime
) -> experiment.Decision:
    """A manifest that cannot be run: a condition says why, everything stays as it is."""
    told = ("True", "InvalidSpec", problem.sentence)
    fresh = _condition(before.conditions, INVALID, told, now)
    others = (one for one in before.conditions if one.type != INVALID)
    return experiment.Decision(
        status=replace(before, conditions=(*others, fresh)),
        wake_at=now + REFERENCE_RETRY,
    )


def _desired(s: sheet.Sheet) -> experiment.Desired:
    creates, sizes = [], {}
    services, kept = [], set()
    for one in s.spec.templates:
        rs, over = s.set_of(one.name), pods.over(s, one)
        if rs is not None:
            sizes[rs.name] = pods.size(s, one, rs)
        elif not over:
            creates.append(pods.new_set(s, one))
        name = pods.service_name(s, one)
        gone = over and (rs is None or (not sizes[rs.name].replicas and not rs.available))
        if not name or gone:
            s.template(one.name, service="", pod_hash="")
            continue
        kept.add(name)
        if name not in s.seen.services and not over:
            services.append(pods.new_service(s, one))
        if name in s.seen.services or not over:
            found = rs.hash if rs is not None else pods.planned(s, one).hash
            s.template(one.name, service=name, pod_hash=found)
    return experiment.Desired(
        create_sets=tuple(creates),
        sizes=sizes,
        create_services=tuple(services),
        delete_services=tuple(sorted(s.seen.services - kept)),
        create_runs=tuple(s.create_runs),
        terminate_runs=tuple(runs.to_end(s)),
    )


def _conditions(
    s: sheet.Sheet, known: tuple[status_model.Condition, ...]
) -> tuple[status_model.Condition, ...]:
    """The manifest is valid, and how the whole gets on."""
    kept = tuple(one for one in known if one.type != INVALID)
    told = _progress(s)
    if told is None:
        return kept
    fresh = _condition(kept, PROGRESSING, told, s.now)
    return (*(one for one in kept if one.type != PROGRESSING), fresh)


def _progress(s: sheet.Sheet) -> Told | None:
    """The Progressing condition; an end that is no success leaves what stood."""
    who = f'Experiment "{s.name}"'
    if s.phase == "Successful":
        return "False", "ExperimentCompleted", f"{who} has successfully ran and completed."
    if any(one.status == "Failed" for one in s.templates.values()):
        return "False", "ProgressDeadlineExceeded", f"{who} has timed out progressing."
    if s.phase == "Running":
        return "True", "NewReplicaSetAvailable", f"{who} is running."
    return None if s.finished else ("True", "ReplicaSetUpdated", f"{who} is progressing.")


def _condition(
    known: tuple[status_model.Condition, ...], kind: str, told: Told, now: datetime
) -> status_model.Condition:
    """The condition as it should be; one that says the same already keeps its instants."""
    state, reason, message = told
    old = next((one for one in known if one.type == kind), None)
    if old is not None and (old.status, old.reason, old.message) == (state, reason, message):
        return old
    second = now.replace(microsecond=0)
    lasts = old is not None and old.status == state
    return status_model.Condition(
        type=kind,
        status=state,
        reason=reason,
        message=message,
        updated=second,
        transitioned=old.transitioned if lasts and old is not None else second,
    )
