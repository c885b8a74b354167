"""The exercise's eight criteria: pure functions from what was witnessed to one check each.

Each is made of smaller findings; its evidence says what was measured, never what was asked for.
"""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.local.demo import checks, witness

WEIGHTS = (10, 25, 50, 100)
METRICS = ("error-rate", "latency-p95", "conversion-rate")
PROMPT_S = 3.0  # what happens by itself happens soon
LIVE_S = 3.0  # a person who looks must not see the past
Check = checks.Check
Runs = Mapping[str, Mapping[str, Any]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """All that was seen of one version; ``metric`` is the one that it must fail, if any.

    ``card`` is what its card said and when; ``told`` its messages by kind, ``heard`` when the
    first alert came.
    """

    image: str
    metric: str
    sights: Sequence[witness.Sight]
    answers: Sequence[witness.Answer]
    runs: Runs
    rollout: Mapping[str, Any]
    canary: str
    stable: str
    old: str
    new: str
    over: float
    told: Mapping[str, Sequence[Mapping[str, Any]]]
    card: Sequence[tuple[float, str]]
    heard: float | None
    presses: Sequence[witness.Press]


def joined(name: str, parts: Sequence[Check]) -> Check:
    """One check of many: right where all are, and there is one."""
    words = [part.evidence if part.ok else f"WRONG: {part.evidence}" for part in parts]
    ok = bool(parts) and all(part.ok for part in parts)
    return Check(id=name, ok=ok, evidence="; ".join(words) or "nothing of it was seen")


def eight(
    good: Shipped | None, bad: Sequence[Shipped], *, answered: Mapping[str, int], source: str
) -> list[Check]:
    """In the order of the exercise; ``answered``: series by query, asked of the server anew."""
    shipped = [*bad, *([good] if good else [])]
    return [
        joined("1-progressive", progressive(good) if good else []),
        joined("2-analysis-at-each-step", [analyzed(good)] if good else []),
        joined("3-metrics-from-prometheus", [measured(shipped, answered, source)]),
        joined("4-promoted-by-itself", by_itself(good) if good else []),
        joined("5-rolled-back-by-itself", [all_metrics(bad), *(back(one) for one in bad)]),
        joined("6-approval-before-100", [approved(good)] if good else []),
        joined("7-slack-on-rollback", [all_metrics(bad), *(alerted(one) for one in bad)]),
        joined("8-shown-live", [live(good), checks.one_card_edited(good.told)] if good else []),
    ]


def _part(ok: bool, evidence: str) -> Check:  # noqa: FBT001
    return Check(id="", ok=ok, evidence=evidence)


def _first(sights: Sequence[witness.Sight], kind: str, value: Any) -> float | None:
    return next((s.at for s in sights if s.kind == kind and s.value == value), None)


def _ends(one: Shipped) -> list[tuple[float, int, str]]:
    """Each run's end, the weight at its start, and what it came to; in order."""
    begun: dict[str, int] = {}
    found, weight = [], 0
    for sight in one.sights:
        if sight.kind == "weight":
            weight = sight.value
        elif sight.kind == "run":
            name, phase = sight.value
            begun.setdefault(name, weight)
            if phase not in {"", "Pending", "Running"}:
                found.append((sight.at, begun[name], phase))
    return found


# 1: what each weight really got.


def progressive(good: Shipped) -> list[Check]:
    full = _first(good.sights, "weight", 100)
    return [
        checks.weights_in_order(good.sights, WEIGHTS),
        *checks.shares(good.sights, good.answers, canary=good.canary, until=good.over),
        _part(False, "never at 100 %")
        if full is None
        else checks.users_on_stable(
            good.answers, stable=good.canary, since=full, whose=f"{good.new} at 100 %"
        ),
    ]


# 2 and 3: the runs.


def analyzed(good: Shipped) -> Check:
    seen = [(weight, phase) for _, weight, phase in _ends(good)]
    ok = seen == [(weight, "Successful") for weight in WEIGHTS]
    return _part(ok, "analyzed at " + ", ".join(f"{w} %: {phase}" for w, phase in seen))


def measured(shipped: Sequence[Shipped], answered: Mapping[str, int], source: str) -> Check:
    """Every run has numbers of all three, with the query that gave them."""
    runs = {name: run for one in shipped for name, run in one.runs.items()}
    counts = dict.fromkeys(METRICS, 0)
    lacking = [f"{one.image} was never measured" for one in shipped if not one.runs]
    for name, run in runs.items():
        results = {r["name"]: r for r in (run.get("status") or {}).get("metricResults") or []}
        for metric in METRICS:
            numbers = _numbers(results.get(metric, {}))
            counts[metric] += len(numbers)
            if not numbers:
                lacking.append(f"{name} has no {metric}")
    silent = [query for query, series in answered.items() if not series]
    ok = bool(runs) and not lacking and bool(answered) and not silent
    words = [
        f"{len(runs)} runs measured " + ", ".join(f"{m} {n} times" for m, n in counts.items()),
        f"{source} answers {len(answered) - len(silent)} of {len(answered)} of their queries",
    ]
    return _part(ok, "; ".join([*words, *lacking[:3]]))


def _numbers(result: Mapping[str, Any]) -> list[float]:
    """The values that a query of its own is known for."""
    if not (result.get("metadata") or {}).get("ResolvedPrometheusQuery"):
        return []
    values = [m["value"] for m in result.get("measurements") or [] if "value" in m]
    return [float(n) for value in values for n in re.findall(r"-?\d[\d.e+-]*", value)[:1]]


def queries(shipped: Sequence[Shipped]) -> dict[str, float]:
    """What the runs say they have asked, and when last."""
    results = [
        result
        for one in shipped
        for run in one.runs.values()
        for result in (run.get("status") or {}).get("metricResults") or []
    ]
    found = {}
    for result in results:
        query = (result.get("metadata") or {}).get("ResolvedPrometheusQuery")
        ends = [m["finishedAt"] for m in result.get("measurements") or [] if "finishedAt" in m]
        if query and ends:
            found[query] = dt.datetime.fromisoformat(ends[-1]).timestamp()
    return found


# 4 and 6: by itself, and where not.


def by_itself(good: Shipped) -> list[Check]:
    found = []
    ends = {weight: at for at, weight, phase in _ends(good) if phase == "Successful"}
    for weight, coming in ((10, 25), (25, 50)):
        at, end = _first(good.sights, "weight", coming), ends.get(weight)
        found.append(_soon(f"{weight} → {coming} %", end, at))
    healthy = next(
        (s.at for s in reversed(good.sights) if (s.kind, s.value) == ("phase", "Healthy")), None
    )
    found.append(_soon("100 % → the stable", ends.get(100), healthy))
    early = [press.weight for press in good.presses if press.weight != WEIGHTS[-2]]
    found.append(_part(not early, f"pressed before the gate: {early or 'nothing'}"))
    return [*found, checks.ended(good.rollout, phase="Healthy", stable=good.canary)]


def _soon(what: str, cause: float | None, effect: float | None) -> Check:
    if cause is None or effect is None:
        return _part(False, f"{what}: not seen")
    took = effect - cause
    return _part(took <= PROMPT_S, f"{what} {took:+.2f} s after its analysis")


def approved(good: Shipped) -> Check:
    """Nothing moved while the gate was open, and 100 % came after a person's press."""
    full = _first(good.sights, "weight", 100)
    if not good.presses:
        return _part(False, "nobody was asked")
    press = good.presses[-1]
    by = ((good.rollout.get("status") or {}).get("rolloutBot") or {}).get("opened") or {}
    named = press.by in json.dumps(by)
    ok = press.weight == WEIGHTS[-2] and full is not None and full > press.at and named
    words = f"50 % for {press.open_s:.1f} s with the gate open" if press.weight == 50 else ""
    then = "100 % never came" if full is None else f"100 % {full - press.at:.2f} s after the press"
    told = checks.few_loud(good.told, card=1, gate=1, alert=0)
    evidence = f"{words or f'pressed at {press.weight} %'}, {then}, opened by {by.get('by')}"
    return _part(ok and told.ok, evidence)


# 5 and 7: back, and told.


def all_metrics(bad: Sequence[Shipped]) -> Check:
    failed = [metric for one in bad for metric in _failed(one)]
    return _part(failed == list(METRICS), f"failed one after another: {', '.join(failed) or '-'}")


def _failed(one: Shipped) -> list[str]:
    """The metrics that failed in its runs."""
    return [
        result["name"]
        for run in one.runs.values()
        for result in (run.get("status") or {}).get("metricResults") or []
        if result.get("phase") == "Failed"
    ]


def back(one: Shipped) -> Check:
    top = max((s.value for s in one.sights if s.kind == "weight"), default=0)
    hit = sum(a.revision == one.canary for a in one.answers)
    parts = [
        _part(
            _failed(one) == [one.metric],
            f"{', '.join(_failed(one)) or 'no metric'} failed at {top} %",
        ),
        _part(True, f"{hit} of {len(one.answers)} requests had met it"),
        checks.rollback_was_fast(one.sights),
        checks.ended(one.rollout, phase="Degraded", stable=one.stable),
        checks.users_on_stable(one.answers, stable=one.stable, since=one.over),
    ]
    whole = joined("", parts)
    return _part(whole.ok, f"[{one.image} {whole.evidence}]")


def alerted(one: Shipped) -> Check:
    verdict = next((s.at for s in one.sights if s.kind == "run" and s.value[1] == "Failed"), None)
    late = None if verdict is None or one.heard is None else one.heard - verdict
    soon = late is not None and late <= PROMPT_S
    parts = [
        checks.alert_says_why(one.told, metric=one.metric, old=one.old, new=one.new),
        _part(soon, "never came" if late is None else f"{late:+.2f} s after the verdict"),
        checks.few_loud(one.told, card=1, gate=0, alert=1),
    ]
    whole = joined("", parts)
    return _part(whole.ok, f"[{whole.evidence}]")


# 8: the card, until there is a page.


def live(good: Shipped) -> Check:
    late = {}
    for weight in WEIGHTS:
        at = _first(good.sights, "weight", weight)
        shown = _said(good.card, rf"\bat {weight}\s?%")
        late[f"{weight} %"] = None if at is None or shown is None else shown - at
    done = _said(good.card, r"\bdone\b")
    late["done"] = None if done is None else done - good.over
    ok = all(value is not None and value <= LIVE_S for value in late.values())
    words = [f"{k} {'never' if v is None else f'{v:+.2f} s'}" for k, v in late.items()]
    return _part(ok, "the card said " + ", ".join(words) + " after it was so")


def _said(card: Sequence[tuple[float, str]], words: str) -> float | None:
    return next((at for at, text in card if re.search(words, text)), None)
