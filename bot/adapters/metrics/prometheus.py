"""Prometheus, through prometheus-api-client. Gives samples; knows nothing of success.

The library is synchronous and has no deadline: it runs in a pool of six threads, and every
caller waits no longer than its timeout. Identical queries under way are one request.
"""

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import requests
import urllib3
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util.retry import Retry

from bot.adapters.metrics import aws_keys, listening, oauth, sigv4
from bot.adapters.metrics import config as read
from bot.adapters.metrics import prometheus_answers as answers
from bot.model import ports

DEFAULT_TIMEOUT_S = 30.0
THREADS = 6
# More than this waiting means that Prometheus is lost: fail at once instead of piling up.
MAX_WAITING = 512
_CONNECTIONS_A_THREAD = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where and how to ask; what makes two connections the same."""

    address: str
    headers: tuple[tuple[str, str], ...] = ()
    auth: tuple[str, str] | sigv4.Signer | None = None
    insecure: bool = False


@dataclass(slots=True, kw_only=True)
class _Flight:
    """One request under way and how many wait for it."""

    answer: asyncio.Future[Any]
    waiting: int = 0


Ask = Callable[[PrometheusConnect, float], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """The language of ``rangeQuery``, given from outside; each raises ``ValueError``."""

    instant: Callable[[str, datetime], datetime]
    seconds: Callable[[str], float]


class Prometheus:
    """The ``prometheus`` provider. ``address`` is used where a metric names none.

    ``aws`` holds the variables that say who signs for a managed Prometheus.
    """

    name = "prometheus"

    def __init__(
        self,
        *,
        address: str = "",
        clockwork: Clockwork | None = None,
        aws: Mapping[str, str] | None = None,
    ) -> None:
        self._address = address
        self._clockwork = clockwork
        self._tokens = oauth.Tokens()
        self._signers = aws_keys.Signers(aws or {})
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="prometheus")
        self._local = threading.local()
        self._flights: dict[Any, _Flight] = {}

    async def sample(self, config: Mapping[str, Any], *, now: datetime) -> ports.Sample:
        """Run the instant or the range query; it stands in the metadata, also of an error."""
        query = str(config.get("query") or "")
        metadata = {"ResolvedPrometheusQuery": query}
        try:
            ask = functools.partial(_instant, query=query)
            what: tuple[Any, ...] = ("instant", query)
            if config.get("rangeQuery"):
                ask = functools.partial(_over, query=query, **self._span(config, now))
                what = ("range", query, str(config["rangeQuery"]), now)
            found, warned = await self._shared(what, config, ask)
            value, shape, shown = answers.value(found)
        except ports.MetricError as error:
            raise ports.MetricError(
                str(error), metadata=metadata, answered=error.answered
            ) from error
        notes = {"warnings": warned} if warned else {}
        return ports.Sample(value=value, shape=shape, text=shown, metadata=metadata, notes=notes)

    def _span(self, config: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Start, end and step of ``rangeQuery``: expressions that give times, and a duration."""
        raw = config["rangeQuery"]
        if self._clockwork is None or not isinstance(raw, Mapping):
            raise ports.MetricError("rangeQuery: an object with start, end and step is needed")
        out: dict[str, Any] = {}
        for key in ("start", "end"):
            try:
                out[key] = self._clockwork.instant(str(raw.get(key) or ""), now)
            except ValueError as error:
                reason = f"failed to parse rangeQuery.{key} as time: {error}"
                raise ports.MetricError(reason) from error
        try:
            step_s = self._clockwork.seconds(str(raw.get("step") or ""))
        except ValueError as error:
            reason = f"failed to parse rangeQuery.step as duration: {error}"
            raise ports.MetricError(reason) from error
        return {**out, "step": f"{step_s:g}"}

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
        found, _ = await self._shared(("range", query, start, end, step_s), config, ask)
        if not isinstance(found, list):
            raise ports.MetricError("Prometheus metric type not supported")
        series = found[0] if found and isinstance(found[0], dict) else {}
        return [(float(at), answers.number(value)) for at, value in series.get("values", ())]

    async def close(self) -> None:
        """Drop what waits; running requests end with their own timeout."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _shared(self, what: tuple[Any, ...], config: Mapping[str, Any], ask: Ask) -> Any:
        """Ask once for all who want the same, each within its timeout."""
        target = self._target(config)
        timeout_s = read.seconds(config.get("timeout"), default=DEFAULT_TIMEOUT_S, field="timeout")
        target = await self._authorized(target, config, timeout_s)
        key = (what, target, timeout_s)
        flight = self._flights.get(key) or self._launch(key, target, timeout_s, ask)
        flight.waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.wait({flight.answer})
            return flight.answer.result()
        except TimeoutError:
            raise ports.MetricError(
                f"{target.address}: no answer within {timeout_s:g} s", answered=False
            ) from None
        except asyncio.CancelledError:
            if flight.answer.cancelled():
                raise ports.MetricError("the bot is stopping") from None
            raise
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._forget(key, flight)

    async def _authorized(
        self, target: _Target, config: Mapping[str, Any], timeout_s: float
    ) -> _Target:
        """The target with the token that its requests need."""
        try:
            async with asyncio.timeout(timeout_s):
                token = await self._tokens.header(config)
                auth = target.auth
                if sigv4.MARK in target.address:
                    auth = await self._signers.signer(config)
        except TimeoutError:
            reason = f"no token or key within {timeout_s:g} s"
            raise ports.MetricError(reason) from None
        return replace(target, headers=(*target.headers, *token.items()), auth=auth)

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
            session, connection = self._connection(target)
            return ask(connection, left_s), session.warned
        except PrometheusApiClientException as error:
            raise ports.MetricError(answers.refusal(str(error))) from error
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
            reason = f"{target.address}: {answers.reason(error)}"
            raise ports.MetricError(reason, answered=False) from error

    def _connection(self, target: _Target) -> tuple[listening.Session, PrometheusConnect]:
        if not hasattr(self._local, "held"):
            self._local.held = {}
        held: dict[_Target, tuple[listening.Session, PrometheusConnect]] = self._local.held
        if target not in held:
            while len(held) >= _CONNECTIONS_A_THREAD:
                held.pop(next(iter(held)))
            held[target] = _connect(target)
        return held[target]


def _connect(target: _Target) -> tuple[listening.Session, PrometheusConnect]:
    session = listening.Session()
    # Neither proxies nor passwords of the bot's own environment belong to a metric.
    session.trust_env = False
    session.verify = not target.insecure
    if target.insecure:
        urllib3.disable_warnings(InsecureRequestWarning)
    return session, PrometheusConnect(
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
