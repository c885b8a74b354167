"""Every kind of record, from the pass that decided it to the row: who, where, why, before, after.

A kind without a row here fails. The stories are played into a file and into a real PostgreSQL.
"""

from dataclasses import dataclass

import pytest

from bot.adapters import history
from bot.core import codec_status
from bot.model import chain, past, records
from bot.model.records import Kind
from tests.adapters.history import stories


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the ``nth`` record of a kind in a story must say.

    ``place``: what kind of message its address leads to; None where nobody posts one.
    """

    story: str
    kind: Kind
    by: tuple[str, str, str]
    reason: str
    before: str
    after: str
    place: str | None
    nth: int = 0


SAM, LEE, DANA = (
    ("sam", "U0SAM", "slack"),
    ("lee", "U0LEE", "slack"),
    ("dana", "U0DANA", "slack"),
)
ITSELF, KUBECTL, NOBODY = ("", "", "itself"), ("", "", "kubectl"), ("", "", "manifest")


def tool(name):
    return (f"{name} (field manager)", "", name)


PLUGIN, ARGO_CD = tool("the Argo Rollouts plugin"), tool("Argo CD")
POLICY = ("", "", "policy")


def row(story, kind, by, reason, change, place, nth=0):
    before, _, after = change.partition(" → ")
    return Row(
        story=story, kind=kind, by=by, reason=reason, before=before, after=after, place=place,
        nth=nth,
    )  # fmt: skip


ROWS = [
    row("quorum", Kind.SHIPPED, DANA, "two", "Progressing 0 % 1 → Paused 20 % 2", "card", 1),
    row("quorum", Kind.WEIGHT, ITSELF, "step 1 of 4: 20 %",
        "Progressing 0 % 1 → Paused 20 % 2", "card"),
    row("quorum", Kind.GATE_OPENED, ITSELF, "", "Progressing 0 % 1 → Paused 20 % 2", "gate"),
    row("quorum", Kind.GATE_KEPT, KUBECTL,
        "wrote currentStepIndex, pauseConditions: taken back, the gate stays shut",
        "Paused 20 % 3 → Paused 20 % 2", "gate"),
    row("quorum", Kind.REFUSED, SAM,
        "promote-full: Its gate is opened by its approvers alone; nothing was skipped.",
        "Paused 20 % 2 → Paused 20 % 2", "card"),
    row("quorum", Kind.VOTED, SAM, "Recorded: 1 of 2 approved: sam.",
        "Paused 20 % 2 → Paused 20 % 2", "gate"),
    row("quorum", Kind.APPROVED, LEE, "step 2", "Paused 20 % 2 → Progressing 20 % 3", "gate"),
    row("quorum", Kind.STEP, ITSELF, "step 2 of 4: approval",
        "Paused 20 % 3 → Paused 20 % 2", "card"),
    row("quorum", Kind.VOTED, SAM, "Recorded: 1 of 2 approved: sam.",
        "Paused 60 % 4 → Progressing 60 % 4", "gate", 1),
    row("quorum", Kind.APPROVED, LEE, "step 4", "Paused 60 % 4 → Progressing 60 % 4", "gate", 1),
    row("quorum", Kind.DONE, ITSELF, "", "Progressing 100 % 4 → Healthy 100 % 4", "card", 1),
    row("broken_glass", Kind.GLASS_ASKED, LEE, "orders fail",
        "Paused 20 % 2 → Paused 20 % 2", "glass"),
    row("broken_glass", Kind.GLASS_ASKED, LEE, "orders fail",
        "Paused 20 % 2 → Paused 20 % 2", "glass", 1),
    row("broken_glass", Kind.GLASS_REFUSED, SAM, "asked by lee: orders fail",
        "Paused 20 % 2 → Paused 20 % 2", "glass"),
    row("broken_glass", Kind.GLASS_BROKEN, SAM, "asked by lee: orders fail",
        "Paused 20 % 2 → Progressing 20 % 3", "glass"),
    row("broken_glass", Kind.APPROVED, ("sam", "U0SAM", "break-glass"), "step 2",
        "Paused 20 % 2 → Progressing 20 % 3", "gate"),
    row("abort_and_retry", Kind.ABORTED, SAM, "blank page",
        "Paused 20 % 2 → Degraded 20 % 1", "alert"),
    row("abort_and_retry", Kind.WEIGHT_ZERO, ITSELF, "",
        "Degraded 0 % 1 → Degraded 0 % 1", "alert"),
    row("abort_and_retry", Kind.RETRIED, ("lee@example.com", "", "terminal"),
        "Started again from the first step.", "Degraded 0 % 1 → Progressing 0 % 1", "card"),
    row("abort_and_retry", Kind.ABORTED, KUBECTL, "", "Paused 20 % 2 → Degraded 20 % 1", "alert", 1),
    row("abort_and_retry", Kind.RETRIED, KUBECTL, "",
        "Degraded 0 % 1 → Paused 20 % 2", "card", 1),
    row("explained", Kind.ABORTED, SAM, "", "Paused 20 % 2 → Degraded 20 % 1", "alert"),
    row("explained", Kind.REFUSED, LEE,
        "explain: Nobody waits for that reason; nothing was changed.",
        "Degraded 0 % 1 → Degraded 0 % 1", "card"),
    row("explained", Kind.EXPLAINED, SAM, "blank page",
        "Degraded 0 % 1 → Degraded 0 % 1", "alert"),
    row("explained", Kind.REFUSED, SAM,
        "explain: Nobody waits for that reason; nothing was changed.",
        "Degraded 0 % 1 → Degraded 0 % 1", "card", 1),
    row("undo", Kind.PROMOTED, SAM, "All steps that are left are skipped.",
        "Paused 20 % 2 → Progressing 20 % 4", "card"),
    row("undo", Kind.UNDONE, LEE, "one", "Healthy 4 → Progressing 0 % 1", "card"),
    row("stock_tools", Kind.PROMOTED, KUBECTL, "step 2",
        "Paused 20 % 2 → Progressing 20 % 3", "gate"),
    row("stock_tools", Kind.PROMOTED, KUBECTL, "All steps that are left are skipped.",
        "Paused 60 % 4 → Progressing 60 % 4", "card", 1),
    row("stock_tools", Kind.RESTARTED, NOBODY, "its pods are replaced, as spec.restartAt asks",
        "Healthy 100 % 4 → Healthy 100 % 4", "card"),
    row("known_tools", Kind.PROMOTED, PLUGIN, "step 2",
        "Paused 20 % 2 → Progressing 20 % 3", "gate"),
    row("known_tools", Kind.ABORTED, ARGO_CD, "", "Paused 60 % 4 → Degraded 60 % 1", "alert"),
    row("known_tools", Kind.RETRIED, PLUGIN, "", "Degraded 0 % 1 → Progressing 0 % 1", "card"),
    row("known_tools", Kind.PROMOTED, tool("jenkins"), "All steps that are left are skipped.",
        "Paused 20 % 2 → Progressing 20 % 4", "card", 1),
    row("moved_and_paused", Kind.HALTED, PLUGIN, "spec.paused was set",
        "Progressing 0 % 1 → Paused 0 % 1", "card"),
    row("moved_and_paused", Kind.RESUMED, ARGO_CD, "spec.paused was taken away",
        "Paused 0 % 1 → Progressing 0 % 1", "card"),
    row("moved_and_paused", Kind.MOVED, PLUGIN, "from step 1 to step 3",
        "Progressing 0 % 1 → Progressing 0 % 3", "card"),
    row("moved_and_paused", Kind.HALTED, KUBECTL, "spec.paused was set",
        "Progressing 0 % 3 → Paused 0 % 3", "card", 1),
    row("skip_a_step", Kind.PROMOTED, SAM, "The present step is skipped.",
        "Paused 20 % 2 → Progressing 20 % 3", "card"),
    row("skip_a_step", Kind.APPROVED, SAM, "step 4",
        "Paused 60 % 4 → Progressing 60 % 4", "gate"),
    row("rolled_back", Kind.ROLLED_BACK, ITSELF, "Step-based analysis phase error/failed: m",
        "Progressing 20 % 2 → Degraded 20 % 1", "alert"),
    row("rolled_back", Kind.RESTORED, ITSELF, "success-rate 99.7 % (≥ 99 %)",
        "Degraded 0 % 1 → Degraded 0 % 1", "alert"),
    row("not_restored", Kind.ROLLED_BACK, ITSELF, "Step-based analysis phase error/failed: m",
        "Progressing 20 % 2 → Degraded 20 % 1", "alert"),
    row("not_restored", Kind.NOT_RESTORED, ITSELF, "success-rate 99.7 % (≥ 99 %)",
        "Degraded 0 % 1 → Degraded 0 % 1", "alert"),
    row("measure_again", Kind.MEASURED_AGAIN, SAM, "It is measured again.",
        "Paused 20 % 2 → Progressing 20 % 2", "card"),
    row("measure_again", Kind.CONTINUED, LEE, "v2 goes on without a verdict.",
        "Paused 20 % 2 → Paused 20 % 3", "card"),
    row("promoted_by_the_policy", Kind.PROMOTED, POLICY,
        "step 2: nobody answered in time, and the policy says promote",
        "Paused 20 % 2 → Progressing 20 % 3", "gate"),
    row("aborted_by_the_policy", Kind.ROLLED_BACK, ITSELF, "nobody approved within 1 h",
        "Paused 20 % 2 → Degraded 20 % 1", "alert"),
    row("freezes", Kind.FROZEN, DANA, "shop/* (freeze f0) until 2026-11-23T13:00:00Z: db incident",
        "moving → held", "https://x.example/C1/7.0"),
    row("freezes", Kind.UNFROZEN, LEE, "shop/* (freeze f0)",
        "held → moving", "https://x.example/C1/8.0"),
    row("freezes", Kind.FROZEN, DANA, "all (stop-the-line f1): db incident",
        "moving → held", "https://x.example/C1/7.0", 1),
    row("freezes", Kind.UNFROZEN, LEE, "all (stop-the-line f1)",
        "held → moving", "https://x.example/C1/8.0", 1),
    row("outage", Kind.GAP, ITSELF,
        "No decision could be recorded from 2026-11-23 12:00:00 UTC to 2026-11-23 12:02:00 UTC; "
        "what happened meanwhile was kept and is recorded now.", " → ", None),
]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def played(request, tmp_path_factory):
    """Entries, head and messages of all stories."""
    if request.param == "sqlite":
        where = str(tmp_path_factory.mktemp("history") / "history.db")
    else:
        where = request.getfixturevalue("postgres").url()
    return stories.run(lambda: history.SqlHistory(where))


def test_every_kind_has_a_row():
    assert {one.kind for one in ROWS} == set(Kind)


@pytest.mark.parametrize("wanted", ROWS, ids=lambda one: f"{one.kind} in {one.story} {one.nth}")
def test_record_says_who_where_why_before_and_after(played, wanted):
    entries, _, places = played
    mine = [e.record for e in entries if e.record.cluster == wanted.story]
    found = [one for one in mine if one.kind is wanted.kind][wanted.nth]
    assert (found.actor, found.actor_id, found.way) == wanted.by
    assert found.reason == wanted.reason
    assert (stand(found.before), stand(found.after)) == (wanted.before, wanted.after)
    message = places.get(wanted.story, {}).get(found.permalink, found.permalink)
    if wanted.place is None:
        assert message == ""
    elif wanted.place == "gate":
        assert message == f"gate:{found.gate}"
    else:
        assert message.startswith(wanted.place)


def test_every_decision_is_there_once_and_nothing_else(played):
    """What a person or a tool did makes one record: the same under two names would be two."""
    entries, _, _ = played
    decisions = (
        Kind.VOTED, Kind.APPROVED, Kind.PROMOTED, Kind.ABORTED, Kind.RETRIED, Kind.REFUSED,
        Kind.GATE_KEPT, Kind.MEASURED_AGAIN, Kind.CONTINUED, Kind.ROLLED_BACK, Kind.GLASS_ASKED,
        Kind.GLASS_BROKEN, Kind.GLASS_REFUSED, Kind.UNDONE, Kind.RESTARTED, Kind.FROZEN,
        Kind.UNFROZEN, Kind.GAP, Kind.MOVED, Kind.HALTED, Kind.RESUMED,
        Kind.EXPLAINED,
    )  # fmt: skip
    missing = []
    for name in {one.story for one in ROWS}:
        mine = [e.record for e in entries if e.record.cluster == name]
        for kind in decisions:
            rows = sum(one.story == name and one.kind is kind for one in ROWS)
            count = sum(one.kind is kind for one in mine)
            if count != rows:
                missing.append((name, str(kind), count, rows))
    assert missing == []


def test_restored_update_has_every_instant_that_it_is_measured_by(played):
    """Since when it was bad is known where something was measured: a test of the recorder."""
    entries, _, _ = played
    (one,) = (
        e.record for e in entries
        if e.record.cluster == "rolled_back" and e.record.kind is Kind.RESTORED
    )  # fmt: skip
    update = one.update
    assert (update.commit, codec_status.stamp(update.commit_at)) == ("3f2a1c", stories.COMMITTED)
    assert (
        update.commit_at
        < update.shipped_at
        < update.detected_at
        <= update.zero_at
        <= update.restored_at
        == one.at
    )


def test_reason_that_was_given_later_is_a_row_of_its_own_that_names_its_decision(played):
    entries, _, _ = played
    mine = [e.record for e in entries if e.record.cluster == "explained"]
    (abort,) = (one for one in mine if one.kind is Kind.ABORTED)
    (said,) = (one for one in mine if one.kind is Kind.EXPLAINED)
    assert (said.about, abort.about, abort.reason) == (abort.id, "", "")
    shown = {one.id: one.reason for one in past.told(mine)}
    assert shown[abort.id] == "blank page (said afterwards)"


def test_chain_of_all_stories_is_whole(played):
    entries, head, _ = played
    walker = chain.Walker(head=head)
    assert walker.follow(entries) is None
    assert walker.end() is None
    ids = [one.record.id for one in entries]
    assert len(ids) == len(set(ids)) > 100


def stand(one):
    parts = (one.phase, "" if one.weight is None else f"{one.weight} %", one.step)
    return " ".join(str(part) for part in parts if part not in ("", None))
