"""The ``datadog`` provider: one query to the API v1 or v2. Knows nothing of success.

The keys come from the Secret that the metric names, else from the environment, else from the
Secret ``datadog`` beside the bot.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.metrics import asking, keys
from bot.adapters.metrics import config as read
from bot.adapters.metrics import datadog_answers as answers
from bot.model import ports

ADDRESS = "https://api.datadoghq.com"
SECRET = "datadog"  # noqa: S105 - the name of the object
_AGGREGATORS = frozenset(
    {"avg", "min", "max", "sum", "last", "percentile", "mean", "l2norm", "area"}
)
_ENVIRONMENT = {"api-key": "DD_API_KEY", "app-key": "DD_APP_KEY", "address": "DD_ADDRESS"}
_REVIEW = "Please review the Analysis Template."
_ONLY_QUERY = (
    "Query is empty. API Version v1 only supports using the query parameter in your "
    "Analysis Template."
)
_LOST = "failed to find the credentials for datadog metrics provider"

Seconds = Callable[[str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """What is asked: by which version, over what time, with what patience."""

    version: str
    queries: Mapping[str, str]
    formula: str
    aggregator: str
    interval_s: int
    timeout_s: float


class Datadog:
    """``home`` is the bot's own namespace, ``seconds`` reads Go's durations."""

    name = "datadog"

    def __init__(
        self,
        *,
        api: ports.Api | None,
        home: str,
        environment: Mapping[str, str],
        seconds: Seconds,
    ) -> None:
        self._api = api
        self._home = home
        self._environment = environment
        self._seconds = seconds
        self._line = asking.Line()

    async def sample(self, config: Mapping[str, Any], *, now: datetime) -> ports.Sample:
        """Ask for the time until now; keys of the run's namespace are out of reach."""
        return await self.ask(config, now=now, namespace="")

    def within(self, namespace: str) -> ports.Provider:
        """The same, for a run of that namespace."""
        return _Within(self, namespace)

    async def ask(
        self, config: Mapping[str, Any], *, now: datetime, namespace: str
    ) -> ports.Sample:
        """The value of one query."""
        query = _query(config, self._seconds)
        found = await self._keys(config, namespace)
        address = (found.get("address") or ADDRESS).rstrip("/")
        if not read.is_url(address):
            raise ports.MetricError("the address of Datadog is not an http address")
        headers = {
            "Content-Type": "application/json",
            "DD-API-KEY": found["api-key"],
            "DD-APPLICATION-KEY": found["app-key"],
        }
        to = int(now.timestamp())
        ask = _v1(address, query, to) if query.version == "v1" else _v2(address, query, to)
        status, body = await self._line.ask(**ask, headers=headers, timeout_s=query.timeout_s)
        if status != 200:
            secrets = (found["api-key"], found["app-key"])
            word = "received non 2xx response code"
            if status in {401, 403}:
                word = "received authentication error response code"
            shown = asking.quoted(body, secrets)
            raise ports.MetricError(f"{word}: {status} {shown}".rstrip())
        return answers.of_v1(body) if query.version == "v1" else answers.of_v2(body)

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()

    async def _keys(self, config: Mapping[str, Any], namespace: str) -> Mapping[str, str]:
        ref = config.get("secretRef") or {}
        if not isinstance(ref, Mapping):
            raise ports.MetricError("secretRef: an object is needed")
        name, home = str(ref.get("name") or ""), self._home
        if ref.get("namespaced"):
            home = namespace
            if not name:
                raise ports.MetricError("secret name is required for namespaced credentials")
        given = {key: self._environment.get(_ENVIRONMENT[key]) for key in _ENVIRONMENT}
        if not name and None not in given.values():
            found: Mapping[str, str] = {key: value or "" for key, value in given.items()}
            if found["api-key"] and found["app-key"]:
                return found
        try:
            found = await keys.read(self._api, home, name or SECRET)
        except ports.MetricError as error:
            raise ports.MetricError(f"{_LOST}: {error}") from None
        if not found.get("api-key") or not found.get("app-key"):
            raise ports.MetricError(
                f'{_LOST}: secrets "{name or SECRET}" lacks api-key or app-key'
            )
        return found


class _Within:
    """Datadog for the runs of one namespace."""

    name = Datadog.name

    def __init__(self, datadog: Datadog, namespace: str) -> None:
        self._datadog = datadog
        self._namespace = namespace

    async def sample(self, config: Mapping[str, Any], *, now: datetime) -> ports.Sample:
        return await self._datadog.ask(config, now=now, namespace=self._namespace)


def _query(config: Mapping[str, Any], seconds: Seconds) -> _Query:
    """Read the metric, with Argo's sentence about the first thing that is wrong."""
    version, query = str(config.get("apiVersion") or "v1"), str(config.get("query") or "")
    queries, formula = config.get("queries") or {}, str(config.get("formula") or "")
    aggregator = str(config.get("aggregator") or "")
    if version not in {"v1", "v2"} or not isinstance(queries, Mapping):
        raise ports.MetricError("apiVersion has to be v1 or v2, queries an object")
    problems = (
        (not query and not queries, f"Must have either a query or queries. {_REVIEW}"),
        (query and queries, f"Cannot have both a query and queries. {_REVIEW}"),
        (
            version == "v1" and not query,
            _ONLY_QUERY,
        ),
        (
            formula and not queries,
            f"Formula are only valid when queries are set. {_REVIEW}",
        ),
        (
            not formula and len(queries) > 1,
            "When multiple queries are provided you must include a formula.",
        ),
        (version == "v1" and aggregator, f"Aggregator is not supported in v1. {_REVIEW}"),
        (
            aggregator and aggregator not in _AGGREGATORS,
            f"aggregator: {aggregator!r} is not one of {', '.join(sorted(_AGGREGATORS))}",
        ),
    )
    for wrong, sentence in problems:
        if wrong:
            raise ports.MetricError(sentence)
    return _Query(
        version=version,
        queries={str(k): str(v) for k, v in queries.items()} or {"query": query},
        formula=formula,
        aggregator=aggregator or "last",
        interval_s=int(_interval(config, seconds)),
        timeout_s=_timeout(config, seconds),
    )


def _interval(config: Mapping[str, Any], seconds: Seconds) -> float:
    try:
        return seconds(str(config.get("interval") or "5m"))
    except ValueError as error:
        raise ports.MetricError(str(error)) from None


def _timeout(config: Mapping[str, Any], seconds: Seconds) -> float:
    try:
        found = seconds(str(config.get("requestTimeout") or "10s"))
    except ValueError as error:
        raise ports.MetricError(
            f"Could not parse the request timeout: {error}. {_REVIEW}"
        ) from None
    if found <= 0:
        raise ports.MetricError(
            f"Request timeout must be a positive duration (e.g. 30s). {_REVIEW}"
        )
    return min(found, read.LONGEST_S)


def _v1(address: str, query: _Query, to: int) -> dict[str, Any]:
    (text,) = query.queries.values()
    params = {"query": text, "from": str(to - query.interval_s), "to": str(to)}
    return {"method": "GET", "url": f"{address}/api/v1/query", "params": params}


def _v2(address: str, query: _Query, to: int) -> dict[str, Any]:
    attributes = {
        "from": (to - query.interval_s) * 1000,
        "to": to * 1000,
        "queries": [
            {"name": name, "query": text, "data_source": "metrics", "aggregator": query.aggregator}
            for name, text in query.queries.items()
        ],
        "formulas": [{"formula": query.formula}] if query.formula else [],
    }
    body = json.dumps({"data": {"type": "scalar_request", "attributes": attributes}})
    return {"method": "POST", "url": f"{address}/api/v2/query/scalar", "data": body.encode()}
