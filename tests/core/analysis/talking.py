"""A run as a conversation: what is measured, what is decided, what Argo recorded."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.core import analysis as core
from bot.model import analysis, ports

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
DONE = analysis.DONE
RECORDED = Path(__file__).parents[2] / "conformance" / "recorded"
EVENTUALLY = 200

Answer = float | str
"""A number is a sample; a text is the provider's error."""


def metric(name: str = "ok", **fields: Any) -> dict[str, Any]:
    return {"name": name, "provider": {"web": {"url": "u"}}, **fields}


def outcome(answer: Answer, at: datetime) -> analysis.Outcome:
    if isinstance(answer, str):
        return analysis.Outcome(started=at, finished=at, error=answer)
    text = json.dumps(answer)
    return analysis.Outcome(
        started=at, finished=at, sample=ports.Sample(value=answer, shape="any", text=text)
    )


class Talk:
    """The shell's part: keeps the object, takes what is due, wakes when it was asked to."""

    def __init__(self, *metrics: dict[str, Any], **spec: Any) -> None:
        self.run: dict[str, Any] = {"spec": {"metrics": list(metrics), **spec}}
        self.now = START
        self.taken: list[tuple[str, datetime]] = []

    @property
    def status(self) -> dict[str, Any]:
        return self.run.get("status") or {}

    def result(self, name: str = "ok") -> dict[str, Any]:
        return next(r for r in self.status["metricResults"] if r["name"] == name)

    def decide(
        self, outcomes: Mapping[str, analysis.Outcome] | None = None, **more: Any
    ) -> analysis.RunDecision:
        arguments: dict[str, Any] = {"in_flight": frozenset(), "secrets": {}, **more}
        decision = core.decide_run(self.run, now=self.now, outcomes=outcomes or {}, **arguments)
        if decision.status is not None:
            self.run["status"] = dict(decision.status)
        return decision

    def play(self, answers: Mapping[str, Sequence[Answer]], *, most: int = EVENTUALLY) -> "Talk":
        """Until the run has ended or nothing is to come; the last answer is given again."""
        given_so_far = dict.fromkeys(answers, 0)
        outcomes: dict[str, analysis.Outcome] = {}
        for _ in range(most):
            decision = self.decide(outcomes)
            outcomes = {}
            if self.status.get("phase") in DONE:
                break
            for due in decision.due:
                script = answers[due.metric]
                at = min(given_so_far[due.metric], len(script) - 1)
                given_so_far[due.metric] += 1
                self.taken.append((due.metric, self.now))
                outcomes[due.metric] = outcome(script[at], self.now)
            if not outcomes:
                if decision.wake_at is None:
                    break
                self.now = max(self.now, decision.wake_at + timedelta(milliseconds=1))
        return self


def recorded_run(scenario: str, name: str) -> dict[str, Any]:
    told = json.loads((RECORDED / f"{scenario}.json").read_text())
    found: dict[str, Any] = told["points"][-1]["snapshot"]["runs"][name]
    return found


def shown(talk: Talk) -> dict[str, Any]:
    """The status as the recordings show it: no times."""
    hidden = {"startedAt", "finishedAt"}
    results = []
    for one in talk.status["metricResults"]:
        taken = [
            {k: v for k, v in m.items() if k not in hidden} for m in one.get("measurements", ())
        ]
        results.append({**one, "measurements": taken})
    return {
        "dryRunSummary": talk.status["dryRunSummary"],
        "message": talk.status.get("message", ""),
        "metrics": results,
        "phase": talk.status["phase"],
        "runSummary": talk.status["runSummary"],
    }


LIMITS = metric(
    interval="1s",
    count=10,
    failureLimit=2,
    successCondition="result >= 1",
    failureCondition="result < 1",
)
ERRORS = metric(interval="1s", count=10, successCondition="result >= 1")
GOOD = metric("good", successCondition="result >= {{args.at-least}}")
BAD = metric("bad", successCondition="result >= 1")
UNCLEAR = metric(successCondition="result < 3", failureCondition="result > 7")
ARGS = [{"name": "at-least", "value": "2"}, {"name": "hash", "value": "h2"}]
