"""The ``newRelic`` provider: one NRQL query through NerdGraph. Knows nothing of success.

The account and its key stand in a Secret beside the bot, the profile.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.adapters.metrics import asking, keys, text
from bot.adapters.metrics import config as read
from bot.model import ports

PROFILE = "newrelic"
DEFAULT_TIMEOUT_S = 5
_NERD_GRAPH = {
    "us": "https://api.newrelic.com/graphql",
    "eu": "https://api.eu.newrelic.com/graphql",
    "staging": "https://staging-api.newrelic.com/graphql",
}
_QUESTION = (
    "query($accountId: Int!, $query: Nrql!, $timeout: Seconds!) "
    "{actor {account(id: $accountId) {nrql(query: $query, timeout: $timeout) {results}}}}"
)
_NO_KEY = "Invalid credentials provided. Missing API key or an invalid API key was provided."
_NOTHING = "no results returned from NRQL query"
_SHOWN = 300


class NewRelic:
    """``home`` is the bot's own namespace, ``patience_s`` the wait beyond the query's time."""

    name = "newRelic"

    def __init__(self, *, api: ports.Api | None, home: str, patience_s: float) -> None:
        self._api = api
        self._home = home
        self._patience_s = patience_s
        self._line = asking.Line()

    async def sample(self, config: Mapping[str, Any], *, now: datetime) -> ports.Sample:  # noqa: ARG002 - the query names its time
        """Run the query; it stands in the metadata, also of an error."""
        query = str(config.get("query") or "")
        metadata = {"ResolvedNewRelicQuery": query} if query else {}
        try:
            return measured(await self._rows(config, query), metadata)
        except ports.MetricError as error:
            raise ports.MetricError(
                str(error), metadata=metadata, answered=error.answered
            ) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()

    async def _rows(self, config: Mapping[str, Any], query: str) -> Sequence[Any]:
        timeout_s = _timeout(config.get("timeout"))
        if not query:
            raise ports.MetricError("query: a NRQL query is needed")
        profile = str(config.get("profile") or PROFILE)
        found = await keys.read(self._api, self._home, profile)
        key, account = found.get("personal-api-key", ""), found.get("account-id", "")
        if not key or not account:
            raise ports.MetricError("account ID or personal API key not found")
        if not account.isascii() or not account.isdecimal():
            raise ports.MetricError("could not parse account ID: a whole number is needed")
        variables = {"accountId": int(account), "query": query, "timeout": timeout_s}
        status, body = await self._line.ask(
            "POST",
            _address(found),
            headers={"API-Key": key, "Content-Type": "application/json"},
            timeout_s=timeout_s + self._patience_s,
            data=json.dumps({"query": _QUESTION, "variables": variables}).encode(),
        )
        if status != 200:
            reason = _NO_KEY if status == 401 else asking.quoted(body, (key,))
            raise ports.MetricError(f"{status} response returned: {reason}".rstrip(": "))
        return _results(body, key)


def _timeout(value: Any) -> int:
    if value is None:
        return DEFAULT_TIMEOUT_S
    try:
        found = int(value)
    except (TypeError, ValueError):
        raise ports.MetricError("timeout: a whole number of seconds is needed") from None
    if found < 0:
        raise ports.MetricError("timeout value needs to be a positive value")
    return min(found, int(read.LONGEST_S))


def _address(found: Mapping[str, str]) -> str:
    region = found.get("region", "us").lower()
    if region not in _NERD_GRAPH:
        raise ports.MetricError(f"region: it is not one of {', '.join(sorted(_NERD_GRAPH))}")
    address = found.get("base-url-nerdgraph") or _NERD_GRAPH[region]
    if not read.is_url(address):
        raise ports.MetricError("base-url-nerdgraph is not an http address")
    return address


def _results(body: bytes, key: str) -> Sequence[Any]:
    """The rows of the answer, or New Relic's own complaint."""
    try:
        # As in Go, every number is a float.
        answer = json.loads(body, parse_int=float, parse_constant=_refuse)
        if complaints := answer.get("errors"):
            said = "; ".join(str(one["message"]) for one in complaints)
            raise ports.MetricError(asking.hidden(said, (key,))[:_SHOWN])
        rows = answer["data"]["actor"]["account"]["nrql"]["results"]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise ports.MetricError("the answer is not NerdGraph's JSON") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ports.MetricError("the answer is not NerdGraph's JSON")
    return rows


def measured(rows: Sequence[Any], metadata: Mapping[str, str]) -> ports.Sample:
    """One row as an object, several as a list."""
    if not rows or rows == [{}]:
        return ports.Sample(value=None, text="null", metadata=metadata, lacking=_NOTHING)
    value = rows[0] if len(rows) == 1 else rows
    try:
        shown = text.compact_json(value)
    except RecursionError:
        raise ports.MetricError("the answer nests too deeply") from None
    return ports.Sample(value=value, text=text.bounded(shown), metadata=metadata)


def _refuse(name: str) -> Any:
    raise ValueError(name)
