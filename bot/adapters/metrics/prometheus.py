"""Prometheus, through prometheus-api-client. Gives samples; knows nothing of success.

The library is synchronous and has no deadline: it runs in a pool of six threads, and every
caller waits no longer than its timeout. Identical queries under way are one request.
"""

import ast
import asyncio
import functools
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
import urllib3
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util.retry import Retry

from bot.adapters.metrics import config as read
from bot.adapters.metrics import text
from bot.model import ports

DEFAULT_TIMEOUT_S = 30.0
THREADS = 6
# More than this waiting means that Prometheus is lost: fail at once instead of piling up.
MAX_WAITING = 512
_CONNECTIONS_A_THREAD = 16
_SHOWN = 300
_STATUS = re.compile(r"HTTP Status Code (\d+) \((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where and how to ask; what makes two connections the same."""

    address: str
    headers: tuple[tuple[str, str], ...] = ()
    auth: tuple[str, str] | None = None
    insecure: bool = False


@dataclass(slots=True, kw_only=True)
class _Flight:
    """One request under way and how many wait for it."""

    answer: asyncio.Future[Any]
    waiting: int = 0


Ask = Callable[[PrometheusConnect, float], Any]


class Prometheus:
    """The ``prometheus`` provider. ``address`` is used where a metric names none."""

    name = "prometheus"

    def __init__(self, *, address: str = "") -> None:
        self._address = address
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="prometheus")
        self._local = threading.local()
        self._flights: dict[Any, _Flight] = {}

    async def sample(self, config: Mapping[str, Any], *, now: datetime) -> ports.Sample:  # noqa: ARG002 - the server's own now is the instant
        """Run the instant query; the query stands in the metadata, also of an error."""
        query = str(config.get("query") or "")
        metadata = {"ResolvedPrometheusQuery": query}
        if config.get("rangeQuery"):
            raise ports.MetricError("rangeQuery is not supported yet", metadata=metadata)
        try:
            ask = functools.partial(_instant, query=query)
            found = await self._shared(("instant", query), config, ask)
            value, shape, shown = _value(found)
        except ports.MetricError as error:
            raise ports.MetricError(str(error), metadata=metadata) from error
        return ports.Sample(value=value, shape=shape, text=shown, metadata=metadata)

    async def range(
        self,
        config: Mapping[str, Any],
        query: str,
        start: datetime,
        end: datetime,
        step_s: float,
    ) -> list[tuple[float, float]]:
        """Give (Unix time, value) of the first series of ``query``, for charts.

        Raises:
            MetricError: no usable answer within the timeout.

        """
        ask = functools.partial(_over, query=query, start=start, end=end, step=f"{step_s:g}")
        found = await self._shared(("range", query, start, end, step_s), config, ask)
        if not isinstance(found, list):
            raise ports.MetricError("Prometheus metric type not supported")
        series = found[0] if found and isinstance(found[0], dict) else {}
        return [(float(at), _float(value)) for at, value in series.get("values", ())]

    async def close(self) -> None:
        """Drop what waits; running requests end with their own timeout."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _shared(self, what: tuple[Any, ...], config: Mapping[str, Any], ask: Ask) -> Any:
        """Ask once for all who want the same, each within its timeout."""
        target = self._target(config)
        timeout_s = read.seconds(config.get("timeout"), default=DEFAULT_TIMEOUT_S, field="timeout")
        key = (what, target, timeout_s)
        flight = self._flights.get(key) or self._launch(key, target, timeout_s, ask)
        flight.waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.wait({flight.answer})
            return flight.answer.result()
        except TimeoutError:
            raise ports.MetricError(
                f"{target.address}: no answer within {timeout_s:g} s"
            ) from None
        except asyncio.CancelledError:
            if flight.answer.cancelled():
                raise ports.MetricError("the bot is stopping") from None
            raise
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._forget(key, flight)

    def _launch(self, key: Any, target: _Target, timeout_s: float, ask: Ask) -> _Flight:
        if len(self._flights) >= MAX_WAITING:
            raise ports.MetricError(f"more than {MAX_WAITING} queries wait for Prometheus")
        deadline = time.monotonic() + timeout_s
        call = functools.partial(self._ask, target, deadline, ask)
        try:
            answer = asyncio.get_running_loop().run_in_executor(self._pool, call)
        except RuntimeError:
            raise ports.MetricError("the bot is stopping") from None
        flight = _Flight(answer=answer)
        self._flights[key] = flight
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        return flight

    def _forget(self, key: Any, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        # What has not started yet need not start any more.
        flight.answer.cancel()

    def _target(self, config: Mapping[str, Any]) -> _Target:
        address = str(config.get("address") or self._address).rstrip("/")
        if not address:
            raise ports.MetricError("prometheus address is not configured")
        if not read.is_url(address):
            raise ports.MetricError(f"prometheus address is not a url: {address!r}")
        read.refuse_authentication(config, "oauth2", "sigv4")
        basic = read.section(config, "basicAuth")
        auth = (str(basic.get("username", "")), str(basic.get("password", "")))
        return _Target(
            address=address,
            headers=tuple(read.headers(config).items()),
            auth=auth if basic else None,
            insecure=bool(config.get("insecure")),
        )

    # From here on in a thread of the pool.

    def _ask(self, target: _Target, deadline: float, ask: Ask) -> Any:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        try:
            return ask(self._connection(target), left_s)
        except PrometheusApiClientException as error:
            raise ports.MetricError(_refusal(str(error))) from error
        except requests.Timeout as error:
            raise TimeoutError from error
        except (requests.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ports.MetricError(
                f"{target.address}: the answer is not Prometheus' JSON"
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            if "timed out" in str(error):
                # urllib3 wraps a read that took too long as a used-up retry.
                raise TimeoutError from error
            raise ports.MetricError(f"{target.address}: {_reason(error)}") from error

    def _connection(self, target: _Target) -> PrometheusConnect:
        if not hasattr(self._local, "held"):
            self._local.held = {}
        held: dict[_Target, PrometheusConnect] = self._local.held
        if target not in held:
            while len(held) >= _CONNECTIONS_A_THREAD:
                held.pop(next(iter(held)))
            held[target] = _connect(target)
        return held[target]


def _connect(target: _Target) -> PrometheusConnect:
    session = requests.Session()
    # Neither proxies nor passwords of the bot's own environment belong to a metric.
    session.trust_env = False
    session.verify = not target.insecure
    if target.insecure:
        urllib3.disable_warnings(InsecureRequestWarning)
    return PrometheusConnect(
        url=target.address,
        headers=dict(target.headers),
        auth=target.auth,
        retry=Retry(total=0),
        session=session,
    )


def _instant(connection: PrometheusConnect, timeout_s: float, *, query: str) -> Any:
    return connection.custom_query(query, timeout=timeout_s)


def _over(
    connection: PrometheusConnect,
    timeout_s: float,
    *,
    query: str,
    start: datetime,
    end: datetime,
    step: str,
) -> Any:
    return connection.custom_query_range(query, start, end, step, timeout=timeout_s)


def _refusal(sentence: str) -> str:
    """Give Prometheus' own sentence; the library hides it in the text of some bytes."""
    found = _STATUS.fullmatch(sentence)
    if found is None:
        return sentence[:_SHOWN]
    try:
        body = ast.literal_eval(found[2]).decode("utf-8", "replace")
        answer = json.loads(body)
        return f"{answer['errorType']}: {answer['error']}"
    except (ValueError, SyntaxError, KeyError, TypeError, AttributeError):
        status = int(found[1])
        side = "server" if status >= 500 else "client"
        return f"{side}_error: {side} error: {status}"


def _reason(error: Exception) -> str:
    sentence = str(error)
    if "refused" in sentence:
        return "connection refused"
    return sentence[:_SHOWN] or type(error).__name__


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ports.MetricError("Prometheus metric type not supported") from None


def _value(found: Any) -> tuple[Any, str, str]:
    """Give value, shape and text; a scalar comes as ``[time, "text"]``, a vector as objects."""
    if not isinstance(found, list):
        raise ports.MetricError("Prometheus metric type not supported")
    if found and not isinstance(found[0], dict):
        scalar = _float(found[-1])
        return scalar, "float64", text.number(scalar)
    numbers: list[float] = []
    for series in found:
        if "value" not in series and "values" not in series:
            raise ports.MetricError("Prometheus metric type not supported")
        points = series["values"] if "values" in series else [series["value"]]
        numbers.extend(_float(point[1]) for point in points)
    return numbers, "[]float64", text.bounded(text.numbers(numbers))
