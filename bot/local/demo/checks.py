"""Verdicts on a story: pure functions from what was witnessed to named checks with evidence."""

import dataclasses
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.local.demo import witness

BOT = "UROLLOUT01"
SIGMAS = 4.0
SETTLE_S = 0.5  # the proxy hears of a weight a moment after the API server has it
FEWEST = 30
ROLLBACK_S = 2.0
OWN_FAILURES = 0.02
ALERT = re.compile(r"\b(?:was|is being) rolled back\b")
GATE = re.compile(r"\bwaits for (?:approval|you)\b")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One outcome: ``evidence`` is what was seen, for a person."""

    id: str
    ok: bool
    evidence: str


def weights_in_order(sights: Sequence[witness.Sight], wanted: Sequence[int]) -> Check:
    """Each weight once; 0 only at the ends: before the start, and when the canary is stable."""
    seen = [s.value for s in sights if s.kind == "weight"]
    inner = seen[seen[:1] == [0] : len(seen) - (seen[-1:] == [0])]
    ok = inner == list(wanted)
    return Check(id="weights-in-order", ok=ok, evidence=f"seen {seen}, wanted {list(wanted)}")


def shares(
    sights: Sequence[witness.Sight],
    answers: Sequence[witness.Answer],
    *,
    canary: str,
    until: float,
    cut_short: bool = False,
) -> list[Check]:
    """For each weight between 0 and 100: what the canary really got while it lasted.

    ``cut_short``: a rollback may end a weight before enough requests came to judge it by.
    """
    moves = [s for s in sights if s.kind == "weight"]
    ends = [s.at for s in moves[1:]] + [until]
    found = []
    for move, end in zip(moves, ends, strict=False):
        if 0 < move.value < 100:
            inside = [a for a in answers if move.at + SETTLE_S <= a.t < end and a.status]
            if len(inside) >= FEWEST or not cut_short:
                found.append(_share(move.value, inside, canary))
    return found


def _share(weight: int, answers: Sequence[witness.Answer], canary: str) -> Check:
    total, hits = len(answers), sum(a.revision == canary for a in answers)
    expected = total * weight / 100
    sigma = math.sqrt(total * weight / 100 * (1 - weight / 100))
    off = abs(hits - expected) / sigma if sigma else math.inf
    return Check(
        id=f"share-{weight}",
        ok=total >= FEWEST and off <= SIGMAS,
        evidence=f"{hits} of {total} requests, {off:.1f} sigma from {weight} %",
    )


def rollback_was_fast(sights: Sequence[witness.Sight]) -> Check:
    """From the first failed verdict to weight 0, by the API server's own watch."""
    verdict = next((s.at for s in sights if s.kind == "run" and s.value[1] == "Failed"), None)
    if verdict is None:
        return Check(id="rollback-fast", ok=False, evidence="no analysis run failed")
    # The last fall: the two watches may deliver the two facts in either order.
    falls = [
        after.at
        for before, after in itertools.pairwise(s for s in sights if s.kind == "weight")
        if before.value and not after.value
    ]
    if not falls:
        return Check(id="rollback-fast", ok=False, evidence="the weight never fell to 0")
    took = falls[-1] - verdict
    return Check(
        id="rollback-fast",
        ok=took <= ROLLBACK_S,
        evidence=f"weight 0 {took:+.2f} s after the verdict (at most {ROLLBACK_S:.0f})",
    )


def users_on_stable(
    answers: Sequence[witness.Answer], *, stable: str, since: float, whose: str = "the stable"
) -> Check:
    """All of them there; a few failures are the app's own: even good images have 0.1 %."""
    after = [a for a in answers if a.t >= since + SETTLE_S]
    there = sum(a.revision == stable for a in after)
    failed = sum(a.status != 200 for a in after)
    return Check(
        id="users-on-stable",
        ok=len(after) >= FEWEST and there == len(after) and failed <= len(after) * OWN_FAILURES,
        evidence=f"{there} of {len(after)} requests since then on {whose}, {failed} failed",
    )


def proxy_agrees(
    answers: Sequence[witness.Answer], *, canary: str, counted: int, since: float
) -> Check:
    """What the proxy says it sent to the canary's Service, against the answers seen."""
    seen = sum(a.revision == canary for a in answers if a.t >= since)
    ok = seen > 0 and abs(seen - counted) <= max(5, seen * 0.02)
    return Check(
        id="proxy-agrees", ok=ok, evidence=f"{counted} sent by the proxy, {seen} answers seen"
    )


def ended(rollout: Mapping[str, Any], *, phase: str, stable: str) -> Check:
    status = rollout.get("status") or {}
    seen = (status.get("phase"), status.get("stableRS"))
    return Check(
        id="ended", ok=seen == (phase, stable), evidence=f"seen {seen}, wanted {(phase, stable)}"
    )


def kind_of(first_text: str) -> str:
    """Told by the first words of a message: alert, gate or card."""
    if ALERT.search(first_text):
        return "alert"
    return "gate" if GATE.search(first_text) else "card"


def loud(
    messages: Iterable[Mapping[str, Any]], first: Mapping[str, tuple[float, str]], *, name: str
) -> dict[str, list[Mapping[str, Any]]]:
    """The bot's messages in the channel itself about one rollout, by kind."""
    found: dict[str, list[Mapping[str, Any]]] = {"card": [], "gate": [], "alert": []}
    for said in messages:
        in_thread = said.get("thread_ts") not in {None, said["ts"]}
        if said["user"] != BOT or said["is_ephemeral"] or in_thread:
            continue
        text = first.get(said["ts"], (0.0, said["text"]))[1]
        if re.search(rf"\b{re.escape(name)}\b", text):
            found[kind_of(text)].append(said)
    return found


def one_card_edited(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> Check:
    edits = [card["edits"] for card in told["card"]]
    ok = len(edits) == 1 and edits[0] > 0
    return Check(id="one-card-edited", ok=ok, evidence=f"{len(edits)} cards, edits {edits}")


def few_loud(told: Mapping[str, Sequence[Any]], **most: int) -> Check:
    counts = {kind: len(found) for kind, found in told.items()}
    ok = all(counts.get(kind, 0) <= limit for kind, limit in most.items())
    return Check(id="few-loud", ok=ok, evidence=f"{counts}, at most {most}")


def alert_says_why(
    told: Mapping[str, Sequence[Mapping[str, Any]]], *, metric: str, old: str, new: str
) -> Check:
    """Which metric, its value and bound, from which version to which."""
    if not told["alert"]:
        return Check(id="alert-says-why", ok=False, evidence="there is no alert")
    said = str(told["alert"][0]["text"])
    bound = re.search(rf"{re.escape(metric)}\s+[\d.,]+\D*, must be [^.]*\d", said)
    lacks = [what for what, there in {
        "metric, value and bound": bound,
        f"from {new}": re.search(rf"\b{re.escape(new)}\b", said),
        f"to {old}": re.search(rf"\b{re.escape(old)}\b", said),
    }.items() if not there]  # fmt: skip
    return Check(id="alert-says-why", ok=not lacks, evidence=f"lacks {lacks}: {said}")


def charts(messages: Iterable[Mapping[str, Any]], *, thread: str) -> list[Mapping[str, Any]]:
    """Pictures in the thread of a message."""
    replies = [m for m in messages if m.get("thread_ts") == thread and m["ts"] != thread]
    return [f for m in replies for f in m.get("files", []) if f["mimetype"] == "image/png"]
