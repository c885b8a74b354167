"""The working sheet of one pass: what ``decide`` has come to so far. Lives within one call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.core import revisions
from bot.model import holds, sealed, world
from bot.model import spec as spec_model
from bot.model import status as status_model


@dataclass(slots=True, kw_only=True)
class Draft:
    """Mutable on purpose: the one place where a pass collects its result.

    ``before`` is the status as read; ``status`` the next one. ``resumed`` means that a person
    ended the present pause, ``again`` that what was inconclusive is measured anew; ``by`` who and
    how, where it is known; ``outcome`` what the present intent comes to. ``show_weight`` is a
    weight that must be written before the next step may ask for another; ``cleared`` says that
    nothing holds the switch of a blue-green any more. ``gated`` are the answers of the gates by
    step; ``bitten`` is the hold that something of this pass came up against. ``full_passed``
    tells of a gate before 100 % that only named people open (None: there is none such). ``kept``
    is a gate that holds on though the steps were changed under it; ``cap`` the most that the
    canary gets while something holds it that is no step. ``claimed`` is the stable as it was
    written, which need not be the one that is.
    """

    spec: spec_model.Spec
    seen: world.Seen
    before: status_model.Status
    status: status_model.Status
    family: revisions.Family
    now: datetime
    resumed: bool = False
    again: bool = False
    by: tuple[str, str] = ("", "")
    outcome: status_model.Outcome = status_model.Outcome.UNKNOWN
    abort_cause: str = ""
    shifted: bool = False
    cleared: bool = False
    show_weight: int | None = None
    bitten: holds.Hold | None = None
    gated: dict[int, holds.Hold | None] = field(default_factory=dict)
    full_passed: bool | None = None
    kept: sealed.Held | None = None
    cap: int | None = None
    claimed: str | None = None
    events: list[world.Event] = field(default_factory=list)
    reasons: list[world.Reason] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)
    create_runs: list[Mapping[str, Any]] = field(default_factory=list)
    evict: tuple[str, ...] = ()
    terminate_runs: list[str] = field(default_factory=list)
    create_experiments: list[Mapping[str, Any]] = field(default_factory=list)
    terminate_experiments: list[str] = field(default_factory=list)

    @property
    def promoted(self) -> bool:
        """The present template is the stable one."""
        return self.status.stable_hash == self.family.new.hash

    @property
    def index(self) -> int:
        """The present step, within the steps whatever a client wrote."""
        return max(0, min(self.status.step_index or 0, len(self.spec.canary.steps)))

    @property
    def skipping(self) -> bool:
        """The steps that are left do not count: somebody said so, or an earlier revision is back.

        A gate before 100 % holds all the same.
        """
        window = self.spec.rollback_window
        return self.status.promote_full or revisions.in_window(self.family, window)

    @property
    def finished(self) -> bool:
        return self.index >= len(self.spec.canary.steps)

    def set(self, **changes: Any) -> None:
        """Replace fields of the next status."""
        self.status = replace(self.status, **changes)

    def set_bot(self, **changes: Any) -> None:
        """Replace fields of the extension block."""
        self.status = replace(self.status, bot=replace(self.status.bot, **changes))

    def event(self, reason: str, message: str, *, warning: bool = False) -> None:
        self.events.append(world.Event(reason=reason, message=message, warning=warning))

    def because(self, rule: str, sentence: str) -> None:
        self.reasons.append(world.Reason(rule=rule, sentence=sentence))

    def wake(self, at: datetime | None) -> None:
        if at is not None:
            self.wakes.append(at)

    def abort(self, cause: str) -> None:
        """Take the rollout back; the first instant and cause are kept."""
        if not self.status.abort:
            self.abort_cause = cause
        self.set(
            abort=True,
            aborted_at=self.status.aborted_at or self.now,
            pause_conditions=(),
            step_index=0 if self.spec.canary.steps else None,
        )
        # Whichever way it is started again, what was approved before it does not count.
        self.kept = None
        self.set_bot(
            opened=None, full_gate_since=None, approvals=(), passes=(), shut=None, glasses=()
        )
