"""The ``job`` provider: a Kubernetes Job is the check. Here: Jobs made, watched over, deleted.

What its end means for the metric is not decided here; its conditions play no part.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.model import errors, ports

NAME, NAMESPACE = "job-name", "job-namespace"
UID = "analysisrun.argoproj.io/uid"
RUN = "analysisrun.argoproj.io/name"
OF_NAMESPACE = "analysisrun.argoproj.io/namespace"
METRIC = "analysisrun.argoproj.io/metric-name"
MAX_NAME = 63
CALL_S = 30.0
SOONEST_S, LATEST_S = 0.25, 60.0
MAX_REFUSALS = 5
_ENDS = {"Complete": "Successful", "Failed": "Failed"}
_NO_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
_FOREGROUND = {"propagationPolicy": "Foreground"}

Sleep = Callable[[float], Awaitable[None]]


class Job:
    """``api`` is the cluster of the Jobs; ``sleep`` waits between two looks at a Job.

    ``namespace`` is where all Jobs run, empty for the one of each run. ``elsewhere``: that is not
    the cluster of the runs, whose owner references mean nothing there.
    """

    name = "job"

    def __init__(
        self,
        *,
        api: ports.Api,
        namespace: str = "",
        elsewhere: bool = False,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._elsewhere = elsewhere
        self._sleep = sleep

    async def begin(self, config: Mapping[str, Any], *, check: ports.Check) -> Mapping[str, str]:
        """Create the Job; one of that name that belongs to the same measurement is taken over."""
        name = name_of(check)
        state = {NAME: name, NAMESPACE: self._namespace or check.namespace}
        body = body_of(config, check=check, name=name, namespace=state[NAMESPACE])
        if self._elsewhere or state[NAMESPACE] != check.namespace:
            # An owner that is not found is taken for gone: the Job would be collected at once.
            del body["metadata"]["ownerReferences"]
        write = ports.Write(verb=ports.Verb.CREATE, ref=_ref(state), body=body)
        try:
            await self._bounded(self._api.write(write))
        except errors.AlreadyExists as clash:
            await self._adopt(state, check, clash)
        except errors.RolloutBotError as error:
            raise ports.MetricError(str(error)) from error
        return state

    async def _adopt(self, state: Mapping[str, str], check: ports.Check, clash: Exception) -> None:
        try:
            found = await self._bounded(self._api.get(_ref(state)))
        except errors.RolloutBotError as error:
            raise ports.MetricError(str(error)) from error
        meta = found["metadata"]
        owners = meta.get("ownerReferences") or ()
        mine = any(one.get("controller") and one.get("uid") == check.uid for one in owners)
        if not owners:
            mine = (meta.get("labels") or {}).get(UID) == check.uid
        if not mine or (meta.get("annotations") or {}).get(METRIC) != check.metric:
            raise ports.MetricError(str(clash)) from clash

    async def follow(self, state: Mapping[str, str]) -> ports.Ending:
        """Look at once, then less and less often the longer the Job takes, as Argo does."""
        began, refused = time.monotonic(), 0
        while True:
            try:
                if (ending := await self._look(state)) is not None:
                    return ending
                refused = 0
            except errors.NotFound as error:
                raise ports.MetricError(str(error)) from error
            except errors.RolloutBotError as error:
                # The Job runs on while the API server cannot be reached for a moment.
                refused += 1
                if refused >= MAX_REFUSALS:
                    raise ports.MetricError(str(error)) from error
            await self._sleep(_pause_s(time.monotonic() - began))

    async def _look(self, state: Mapping[str, str]) -> ports.Ending | None:
        found = await self._bounded(self._api.get(_ref(state)))
        status = found.get("status") or {}
        for condition in status.get("conditions") or ():
            if condition.get("status") == "True" and condition.get("type") in _ENDS:
                return ports.Ending(phase=_ENDS[condition["type"]])
        if not status.get("active") or status.get("ready"):
            return None
        pods = await self._bounded(
            self._api.list(
                ports.POD, namespace=state[NAMESPACE], selector=f"job-name={state[NAME]}"
            )
        )
        because = next(filter(None, map(_no_image, pods)), "")
        if not because:
            return None
        # It would wait for its image for ever, and run when nobody asks any more.
        await self._delete(_ref(state))
        return ports.Ending(phase="Inconclusive", message=because)

    async def terminate(self, state: Mapping[str, str]) -> ports.Ending:
        """Delete the Job with its pods. Nobody asks for its verdict any more: that is no doubt."""
        if not state.get(NAME):
            raise ports.MetricError("the measurement does not say which job it is")
        try:
            await self._delete(_ref(state))
        except errors.RolloutBotError as error:
            raise ports.MetricError(str(error)) from error
        return ports.Ending(phase="Successful", message="Metric Terminated")

    async def collect(self, check: ports.Check, *, keep: int) -> None:
        """Delete all but the newest ``keep`` Jobs of the metric."""
        try:
            inside = self._namespace or check.namespace
            found = await self._bounded(
                self._api.list(ports.JOB, namespace=inside, selector=f"{UID}={check.uid}")
            )
            mine = [
                job["metadata"]
                for job in found
                if (job["metadata"].get("annotations") or {}).get(METRIC) == check.metric
            ]
            mine.sort(key=lambda meta: _number(meta["name"]), reverse=True)
            for meta in mine[keep:]:
                old = {NAME: meta["name"], NAMESPACE: inside}
                await self._delete(_ref(old), uid=meta["uid"])
        except errors.RolloutBotError as error:
            raise ports.MetricError(str(error)) from error

    async def _delete(self, ref: ports.Ref, *, uid: str = "") -> None:
        options: dict[str, Any] = dict(_FOREGROUND)
        if uid:
            options["preconditions"] = {"uid": uid}
        with contextlib.suppress(errors.NotFound, errors.Conflict):
            await self._bounded(
                self._api.write(ports.Write(verb=ports.Verb.DELETE, ref=ref, body=options))
            )

    async def _bounded(self, call: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(CALL_S):
                return await call
        except TimeoutError:
            raise errors.Unavailable("the API server did not answer in time") from None


def name_of(check: ports.Check) -> str:
    """``<uid>.<metric>.<n>``, the metric's name cut where it would not fit, as Argo names it."""
    end = f".{check.number}"
    return f"{check.uid}.{check.metric}"[: MAX_NAME - len(end)] + end


def body_of(
    config: Mapping[str, Any], *, check: ports.Check, name: str, namespace: str
) -> ports.Object:
    """The Job: its spec is the metric's, untouched."""
    told = config.get("metadata") or {}
    spec = config.get("spec")
    if not isinstance(told, Mapping) or not isinstance(spec, Mapping):
        raise ports.MetricError("job: an object is needed for spec and for metadata")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**(told.get("labels") or {}), UID: check.uid},
            "annotations": {
                **(told.get("annotations") or {}),
                RUN: check.run,
                OF_NAMESPACE: check.namespace,
                METRIC: check.metric,
            },
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "AnalysisRun",
                    "name": check.run,
                    "uid": check.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": dict(spec),
    }


def _ref(state: Mapping[str, str]) -> ports.Ref:
    return ports.Ref(kind=ports.JOB, namespace=state.get(NAMESPACE, ""), name=state.get(NAME, ""))


def _number(name: str) -> int:
    end = name.rpartition(".")[2]
    return int(end) if end.isdecimal() else 0


def _pause_s(elapsed_s: float) -> float:
    return min(max(math.sqrt(2 * elapsed_s), SOONEST_S), LATEST_S)


def _no_image(pod: ports.Object) -> str:
    """Why a container of the pod cannot start, where it is the image; else empty."""
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(kind) or ():
            waiting = (one.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in _NO_IMAGE:
                return f"container {one.get('name')} cannot start: {waiting['reason']}"
    return ""
