"""Verdicts on a blue-green: pure functions from what was witnessed to named checks."""

import dataclasses
from collections.abc import Sequence

from bot.local.demo import checks, witness

OVERLAP_S = 1.0  # of answers from both sides: requests under way and the proxy's own delay
BACK_S = 3.0
Answers = Sequence[witness.Answer]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What the active Service and its users did between two revisions."""

    sights: Sequence[witness.Sight]
    answers: Answers
    old: str
    new: str

    @property
    def at(self) -> float | None:
        """When the active Service began to select the new one."""
        found = (s.at for s in self.sights if (s.kind, s.value) == ("active", self.new))
        return next(found, None)

    @property
    def path(self) -> list[str]:
        """Which of the two it selected, one after another."""
        names = {self.old: "old", self.new: "new"}
        return [names.get(s.value, s.value) for s in self.sights if s.kind == "active"]


def preview_first(switch: Switch, preview: Answers) -> checks.Check:
    """Before the switch: the preview's address shows the new one, no user has seen it."""
    ready = next(
        (s.at for s in switch.sights if (s.kind, s.value[1:]) == ("run", ("Running",))), None
    )
    if ready is None:
        return checks.Check(id="preview-first", ok=False, evidence="the preview was not measured")
    end = switch.at
    users = [a for a in switch.answers if end is None or a.t < end]
    shown = [a for a in preview if a.t >= ready + checks.SETTLE_S and (end is None or a.t < end)]
    there = sum(a.revision == switch.new for a in shown)
    met = sum(a.revision == switch.new for a in users)
    ok = met == 0 and there == len(shown) and min(len(users), len(shown)) >= checks.FEWEST
    return checks.Check(
        id="preview-first",
        ok=ok,
        evidence=f"{there} of {len(shown)} requests to the preview's address on the new version, "
        f"{met} of {len(users)} users",
    )


def at_once(switch: Switch, *, name: str = "all-at-once") -> checks.Check:
    """One move of the Service; before it nobody is on the new revision, after it everybody."""
    if switch.at is None:
        words = f"the active Service never switched: {switch.path}"
        return checks.Check(id=name, ok=False, evidence=words)
    new = [a.t for a in switch.answers if a.revision == switch.new]
    old = [a.t for a in switch.answers if a.revision == switch.old]
    failed = sum(a.status != 200 for a in switch.answers)
    overlap = max(0.0, max(old, default=0.0) - min(new, default=0.0)) if new and old else 0.0
    own = checks.OWN_FAILURES * len(switch.answers)
    ok = switch.path == ["old", "new"] and overlap <= OVERLAP_S and failed <= own
    return checks.Check(
        id=name,
        ok=ok and min(len(old), len(new)) >= checks.FEWEST,
        evidence=f"0 → 100 % once: {len(old)} requests on the old version, then {len(new)} on the "
        f"new, {overlap:.2f} s with both, {failed} failed",
    )


def approved(switch: Switch, presses: Sequence[witness.Press]) -> checks.Check:
    """The switch came after a person's press, and nothing moved while the gate was open."""
    if not presses:
        return checks.Check(id="approved", ok=False, evidence="nobody was asked")
    press, at = presses[-1], switch.at
    then = "never" if at is None else f"{at - press.at:.2f} s later"
    return checks.Check(
        id="approved",
        ok=at is not None and at > press.at and bool(press.answer.get("acked")),
        evidence=f"{press.by} after {press.open_s:.1f} s, switched {then}: {press.asked}",
    )


def fast_back(
    switch: Switch, *, ordered: float, before: frozenset[str], after: frozenset[str]
) -> list[checks.Check]:
    """Back to the pods that were kept: no gate, no analysis, no new pod."""
    took = None if switch.at is None else switch.at - ordered
    last = max((a.t for a in switch.answers if a.revision == switch.old), default=ordered)
    waited = [s.value for s in switch.sights if (s.kind, s.value) == ("phase", "Paused")]
    runs = [s.value for s in switch.sights if s.kind == "run"]
    words = "never" if took is None else f"{took:.2f} s after the order"
    return [
        at_once(switch, name="back-at-once"),
        checks.Check(
            id="back-fast",
            ok=took is not None and took <= BACK_S and not waited and not runs,
            evidence=f"switched {words}, last user moved after {max(0.0, last - ordered):.2f} s "
            f"(at most {BACK_S:.0f}), {len(waited)} pauses, {len(runs)} analyses",
        ),
        checks.Check(
            id="back-to-warm-pods",
            ok=bool(before) and before == after,
            evidence=f"{len(before & after)} of {len(before)} pods are those of before, "
            f"{len(after - before)} new",
        ),
    ]
