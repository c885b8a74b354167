"""Who gets how much traffic, read from the objects alone, and what an app would count of it."""

import json

from bot.adapters.metrics import datadog_answers, newrelic
from bot.adapters.metrics import prometheus_answers as answers
from bot.core import jsonpath, revisions
from bot.local.traffic import evaluate, promql
from bot.model import ports
from tests.core.engine import simulation

SCRAPE_S = 15.0
KEPT = 60
ERRORS = 'sum(rate(http_requests_total{status="500"}[5m]))'
QUICK = "sum(rate(http_request_duration_seconds_bucket{le=\"0.5\"}[5m]))"
ALL = "sum(rate(http_requests_total[5m]))"
REQUESTS_S = 40.0
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, float("inf"))
# What a version does, by the tag of its image: share of errors, seconds, share of sales.
TAGS = {
    "bad": (0.2, 1.2, 0.0),
    "as-flaky": (0.02, 0.08, 0.024),
    "four-times": (0.04, 0.08, 0.024),
    "flaky": (0.01, 0.08, 0.024),
    "flawless": (0.0, 0.08, 0.024),
    "flaky-again": (0.01, 0.08, 0.024),
    "flawless-again": (0.0, 0.08, 0.024),
}
GOOD = (0.001, 0.08, 0.024)


def shares(cluster, rollout):
    """Traffic by pod hash, adding up to 1 once there is any."""
    strategy = rollout["spec"]["strategy"]
    if "blueGreen" in strategy:
        return {_selected(cluster, strategy["blueGreen"]["activeService"]): 1.0}
    routing = strategy["canary"].get("trafficRouting") or {}
    if "istio" in routing:
        return _mesh(cluster, routing["istio"])
    if "nginx" in routing:
        return _nginx(cluster, rollout["metadata"]["name"], routing["nginx"])
    return _pods(cluster, rollout)


def _selected(cluster, service):
    found = cluster.find(ports.SERVICE, service) or {"spec": {}}
    return (found["spec"].get("selector") or {}).get(revisions.HASH, "")


def _pods(cluster, rollout):
    owned = simulation.Cache(cluster, ports.REPLICA_SET).owned_by(rollout["metadata"]["uid"])
    ready = {
        simulation._hash(rs): rs.get("status", {}).get("availableReplicas", 0) for rs in owned
    }
    total = sum(ready.values()) or 1
    return {pod_hash: count / total for pod_hash, count in ready.items() if count}


def _mesh(cluster, config):
    ref = config.get("virtualService") or config["virtualServices"][0]
    spec = (cluster.find(ports.VIRTUAL_SERVICE, ref["name"]) or {"spec": {}})["spec"]
    entries = spec.get("http") or spec.get("tls") or spec.get("tcp") or ()
    # Header and mirror routes stand before the one that everybody takes.
    plain = [one for one in entries if "http" not in spec or not one.get("match")]
    found = {}
    for one in plain[0]["route"] if plain else ():
        pod_hash = _destination(cluster, one["destination"], config)
        found[pod_hash] = found.get(pod_hash, 0) + one.get("weight", 100) / 100
    return found


def _destination(cluster, destination, config):
    if "subset" not in destination:
        return _selected(cluster, destination["host"])
    rule = cluster.find(ports.DESTINATION_RULE, config["destinationRule"]["name"])
    named = {one["name"]: one.get("labels") or {} for one in rule["spec"]["subsets"]}
    return named.get(destination["subset"], {}).get(revisions.HASH, "")


def _nginx(cluster, name, config):
    stable = config.get("stableIngress") or config["stableIngresses"][0]
    found = {_backend(cluster, stable): 1.0}
    canary = f"{name}-{stable}-canary"
    made = cluster.find(ports.INGRESS, canary)
    if made is not None:
        share = int(made["metadata"]["annotations"][_weight(config)]) / 100
        found = {pod_hash: 1 - share for pod_hash in found}
        pod_hash = _backend(cluster, canary)
        found[pod_hash] = found.get(pod_hash, 0) + share
    return found


def _weight(config):
    return f"{config.get('annotationPrefix', 'nginx.ingress.kubernetes.io')}/canary-weight"


def _backend(cluster, ingress):
    (rule, *_) = cluster.find(ports.INGRESS, ingress)["spec"]["rules"]
    return _selected(cluster, rule["http"]["paths"][0]["backend"]["service"]["name"])


class App:
    """The counters of every rollout's pods, scraped now and then."""

    def __init__(self, cluster):
        self.cluster, self._counters, self._points = cluster, {}, {}

    def scrape(self, now_s):
        for rollout in self.cluster.all(ports.ROLLOUT):
            # Before, what it names may not be there yet.
            if (rollout.get("status") or {}).get("stableRS"):
                self._rollout(rollout)
        for labels, value in self._counters.items():
            points = self._points.setdefault(labels, [])
            points.append((now_s, value))
            del points[:-KEPT]

    def _rollout(self, rollout):
        service = rollout["metadata"]["name"]
        uid = rollout["metadata"]["uid"]
        served = shares(self.cluster, rollout)
        for rs in simulation.Cache(self.cluster, ports.REPLICA_SET).owned_by(uid):
            pod_hash = simulation._hash(rs)
            if rs.get("status", {}).get("availableReplicas"):
                count = REQUESTS_S * SCRAPE_S * served.get(pod_hash, 0)
                tag = simulation._image(rs).rpartition(":")[2]
                self._serve((("service", service), ("version", pod_hash)), tag, count)

    def _serve(self, who, tag, count):
        errors, seconds, sold = TAGS.get(tag, GOOD)
        self._count("http_requests_total", count * (1 - errors), *who, ("status", "200"))
        if errors:
            # As most libraries have it: what never happened has no series.
            self._count("http_requests_total", count * errors, *who, ("status", "500"))
        for bound in BOUNDS:
            name = "http_request_duration_seconds_bucket"
            self._count(name, count * (seconds <= bound), *who, ("le", f"{bound:g}"))
        self._count("page_views_total", count, *who)
        self._count("conversions_total", count * sold, *who)
        self._count("revenue_total", count * sold * 40, *who)

    def _count(self, name, by, *labels):
        key = (("__name__", name), *labels)
        self._counters[key] = self._counters.get(key, 0.0) + by

    def ask(self, query, now_s):
        return evaluate.evaluate(promql.parse(query), series=self._points, at=now_s)


class Prometheus:
    """The provider, with the app's counters behind it instead of a server."""

    name = "prometheus"

    def __init__(self, app, clock_s):
        self._app, self._clock_s = app, clock_s

    async def sample(self, config, *, now):
        query = str(config.get("query") or "")
        found = self._app.ask(query, self._clock_s())
        if isinstance(found, float):
            body = [now.timestamp(), repr(found)]
        else:
            body = [{"value": [now.timestamp(), repr(value)]} for value in found.values()]
        value, shape, text = answers.value(body)
        return ports.Sample(
            value=value, shape=shape, text=text, metadata={"ResolvedPrometheusQuery": query}
        )


class Web:
    """The provider, with a body that does not change instead of a server."""

    name = "web"

    def __init__(self, body):
        self.body, self.asked = body, []

    async def sample(self, config, *, now):
        self.asked.append(config.get("url"))
        found = jsonpath.find(str(config.get("jsonPath") or "{$}"), self.body)
        return ports.Sample(value=found[0], text=str(found[0]))


def dog_body(app, now_s):
    """What Datadog would answer about the app's errors a second."""
    found = sum(app.ask(ERRORS, now_s).values())
    return json.dumps({"series": [{"pointlist": [[now_s, found]]}]}).encode()


def relic_rows(app, now_s):
    """What New Relic would answer about how quick the app is."""
    quick, whole = (sum(app.ask(query, now_s).values()) for query in (QUICK, ALL))
    return [{"score": round(quick / whole, 2) if whole else None}]


class Datadog:
    """The provider, with the app's counters behind it instead of a server."""

    name = "datadog"

    def __init__(self, app, clock_s):
        self._app, self._clock_s, self.asked = app, clock_s, []

    async def sample(self, config, *, now):
        self.asked.append(config["query"])
        return datadog_answers.of_v1(dog_body(self._app, self._clock_s()))


class NewRelic:
    """The same of New Relic."""

    name = "newRelic"

    def __init__(self, app, clock_s):
        self._app, self._clock_s, self.asked = app, clock_s, []

    async def sample(self, config, *, now):
        self.asked.append(config["query"])
        return newrelic.measured(relic_rows(self._app, self._clock_s()), {})
