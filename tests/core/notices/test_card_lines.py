"""What the card and the gate of each strategy offer and tell: blue-green, header routes, what is left."""

import dataclasses
from datetime import timedelta

import pytest

from bot.core import codec_spec, codec_status
from bot.core.notices import card, gate, header_routes, listing, standing, warm
from bot.core.notices import scene as scenes
from bot.model.facts import Closing, News
from bot.render import rendering
from tests.core.notices import test_blue_green as switches
from tests.core.notices import test_notices as canaries
from tests.render import reading

OLD, NEW, PAUSED = switches.OLD, switches.NEW, switches.PAUSED


def kinds(found):
    return [button.kind.value for button in found]


def way(scene):
    return [(step.text, step.state.value) for step in standing.steps(scene)]


def test_gate_of_a_switch_offers_to_switch_and_says_where_to_look():
    here = switches.scene(PAUSED, autoPromotionEnabled=False)
    (asked,) = gate.notices(here, {})
    assert kinds(asked.facts.buttons) == ["switch", "abort"]
    assert (asked.facts.switch.preview, asked.facts.switch.switched) == ("preview", False)
    assert way(here) == [("preview", "done"), ("approval", "current"), ("switch", "coming")]


def test_card_of_a_preview_links_to_it_when_an_annotation_says_where():
    here = switches.scene()
    url = "https://preview.shop.example/"
    notes = {"rollout-bot.io/preview-url": url}
    here = dataclasses.replace(here, seen=dataclasses.replace(here.seen, annotations=notes))
    assert card.card(here).switch.preview_url == url


def test_card_counts_down_a_switch_that_comes_by_itself_and_offers_it_now():
    here = switches.scene(PAUSED, autoPromotionSeconds=60)
    told = card.card(here)
    assert kinds(told.buttons) == ["switch", "abort", "why"]
    assert told.next_at == scenes.pause(here).start + timedelta(seconds=60)
    assert way(here)[1] == ("60 s", "current")


@pytest.mark.parametrize(
    ("raw", "present"),
    [
        ({"blueGreen": {}}, 1),
        ({"blueGreen": {"prePromotionAnalysisRunStatus": {"name": "r", "status": "Successful"}}}, 2),
    ],
)
def test_way_of_a_switch_marks_what_is_over(raw, present):
    here = switches.scene(raw, prePromotionAnalysis=switches.ANALYSIS)
    states = [state for _, state in way(here)]
    assert states == ["done"] * present + ["current"] + ["coming"] * (len(states) - present - 1)


def done(*, until_s=30, pods=4, active=NEW):
    """A switch that is over, with the earlier revision as it still is."""
    old = dataclasses.replace(
        canaries.V1,
        replicas=pods,
        available=pods,
        deadline=canaries.NOW + timedelta(seconds=until_s),
    )
    here = switches.scene({"stableRS": NEW}, active=active)
    seen = dataclasses.replace(here.seen, replica_sets=(old, canaries.V2))
    return scenes.build(
        spec=here.spec, status=here.status, seen=seen, reasons=(), now=canaries.NOW
    )


def test_card_offers_the_way_back_while_the_earlier_revision_is_warm():
    here = done()
    (told,) = card.notices(here, {})
    assert (told.facts.news, told.settled) == (News.DONE, False)
    assert kinds(told.facts.buttons) == ["switch_back", "why"]
    assert told.facts.buttons[0].stable.number == 1
    assert told.facts.switch.warm_until == canaries.NOW + timedelta(seconds=30)


@pytest.mark.parametrize("here", [done(until_s=0), done(pods=3)], ids=["time", "pods"])
def test_card_offers_no_way_back_when_the_earlier_revision_is_not_warm(here):
    (told,) = card.notices(here, {})
    assert told.settled
    assert kinds(told.facts.buttons) == ["why"]
    assert warm.of(here) is None


INCONCLUSIVE = {"currentStepIndex": 1, "pauseConditions": canaries.pauses("InconclusiveAnalysisRun")}


def test_gate_of_an_inconclusive_analysis_offers_three_answers():
    here = canaries.scene(INCONCLUSIVE)
    (asked,) = gate.notices(here, {})
    assert kinds(asked.facts.buttons) == ["measure_again", "continue", "abort"]
    assert kinds(listing.row(here).buttons) == ["measure_again", "continue", "abort"]


@pytest.mark.parametrize(
    ("kind", "closing"),
    [("measure-again", Closing.MEASURED_AGAIN), ("continue", Closing.CONTINUED)],
)
def test_gate_says_who_decided_about_an_inconclusive_analysis(kind, closing):
    (asked,) = gate.notices(canaries.scene(INCONCLUSIVE), {})
    said = {asked.key: {"channel": "C", "ts": "1", **asked.keep}}
    handled = {**canaries.HANDLED, "kind": kind}
    after = canaries.scene({"currentStepIndex": 1, "rolloutBot": {"handled": {"h": handled}}})
    (over,) = (n for n in gate.notices(after, said) if n.key == asked.key)
    assert (over.facts.decided.closing, over.facts.decided.by.name) == (closing, "sam")


@pytest.mark.parametrize("kind", ["measure-again", "continue"])
def test_answer_is_useless_when_nothing_is_inconclusive(kind):
    assert "has no analysis without a verdict" in listing.useless(canaries.scene(), kind)
    assert listing.useless(canaries.scene(INCONCLUSIVE), kind) == ""


def routed(*steps, weights=None, index=None, **more):
    """A canary behind a router whose steps are over but for the last."""
    manifest = canaries.manifest(steps=[*steps, {"pause": {}}])
    canary = manifest["spec"]["strategy"]["canary"]
    canary |= {"canaryService": "c", "stableService": "s"}
    routing = {"istio": {"virtualService": {"name": "v"}}, "managedRoutes": [{"name": "h"}]}
    canary["trafficRouting"] = routing
    status = {
        "currentPodHash": NEW,
        "stableRS": OLD,
        "currentStepIndex": len(steps) if index is None else index,
        **more,
    }
    return scenes.build(
        spec=codec_spec.decode(manifest),
        status=codec_status.decode(status),
        seen=canaries.seen(),
        reasons=(),
        now=canaries.NOW,
    )


def header(*match):
    return {"setHeaderRoute": {"name": "h", "match": list(match)}}


TRUE = {"headerName": "X-Canary", "headerValue": {"exact": "true"}}


def test_card_says_who_is_served_by_a_header_route():
    here = routed({"setCanaryScale": {"replicas": 1}}, header(TRUE))
    told = card.card(here)
    assert (told.header_route, told.weight) == ("X-Canary: true", 0)
    assert [step.text for step in told.steps][:2] == ["1 pod", "header route"]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([header()], ""),
        ([header(TRUE), header()], ""),
        (
            [header({"headerName": "Agent", "headerValue": {"prefix": "Moz"}}, TRUE)],
            "Agent: beginning with Moz or X-Canary: true",
        ),
        ([header({"headerName": "A", "headerValue": {"regex": "b+"}})], "A: matching b+"),
    ],
)
def test_header_route_is_told_as_it_stands_now(steps, said):
    assert header_routes.text(routed(*steps)) == said


def test_list_and_why_claim_no_share_of_all_where_a_header_brings_people():
    here = routed({"setCanaryScale": {"replicas": 1}}, header(TRUE))
    assert listing.row(here).what == "0 % by weight, step 3 of 4"
    assert " at 0 % by weight" in listing.why(here).sentences[0]
    plain = routed({"setCanaryScale": {"replicas": 1}}, header())
    assert "by weight" not in listing.row(plain).what + listing.why(plain).sentences[0]


def test_closed_gate_keeps_whom_the_header_brought():
    """The route is another by then, and the record is all that is known of it."""
    steps = ({"setCanaryScale": {"replicas": 1}}, header(TRUE))
    (asked,) = gate.notices(routed(*steps, pauseConditions=canaries.pauses()), {})
    assert asked.facts.header_route == "X-Canary: true"
    after = routed(*steps, header(), index=4)
    (over,) = gate.notices(after, {asked.key: {"ts": "1", **asked.keep}})
    assert over.settled and header_routes.text(after) == ""
    assert over.facts.header_route == "X-Canary: true"
    message = rendering.render(over.facts)
    assert "0 % by weight; everyone with X-Canary: true" in "\n".join(reading.lines(message))
    (old,) = gate.notices(after, {asked.key: {"ts": "1", "step": 2, "revision": NEW}})
    assert old.facts.header_route == "", "as an earlier bot recorded it"


def eta(raw=None, **more):
    return card.card(canaries.scene(raw, **more)).eta


def test_card_says_when_it_is_done_when_nobody_has_to_approve():
    steps = [{"setWeight": 25}, {"pause": {"duration": "60s"}}, {"setWeight": 50}, {"pause": {"duration": "5m"}}]
    left = eta({"pauseConditions": canaries.pauses()}, steps=steps)
    start = scenes.pause(canaries.scene({"pauseConditions": canaries.pauses()})).start
    assert (left.steps, left.machine_s, left.people, left.more) == (2, 300, 0, False)
    assert left.done_at == start + timedelta(seconds=360)


def test_card_says_no_end_when_people_have_to_approve():
    left = eta({"pauseConditions": canaries.pauses()})
    assert (left.steps, left.people, left.done_at) == (2, 1, None)
    assert eta({"pauseConditions": canaries.pauses()}, full=True).people == 1
    last = [{"setWeight": 25}, {"pause": {"duration": "60s"}}, {"setWeight": 50}]
    assert eta({"pauseConditions": canaries.pauses()}, steps=last, full=True).people == 1


def test_card_says_that_nobody_can_tell_when_an_analysis_is_not_known():
    steps = [{"setWeight": 25}, {"pause": {"duration": "60s"}}, {"analysis": switches.ANALYSIS}]
    left = eta({"pauseConditions": canaries.pauses()}, steps=steps)
    assert (left.more, left.done_at) == (True, None)


def test_card_counts_the_time_of_an_analysis_whose_template_is_there():
    metric = {
        "name": "m",
        "interval": "30s",
        "count": 5,
        "initialDelay": "1m",
        "successCondition": "true",
        "provider": {"prometheus": {"address": "http://p", "query": "up"}},
    }
    template = {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}
    steps = [{"setWeight": 25}, {"pause": {"duration": "60s"}}, {"analysis": switches.ANALYSIS}]
    here = canaries.scene({"pauseConditions": canaries.pauses()}, steps=steps)
    seen = dataclasses.replace(here.seen, templates={(False, "t"): template})
    here = scenes.build(
        spec=here.spec, status=here.status, seen=seen, reasons=(), now=canaries.NOW
    )
    assert card.card(here).eta.machine_s == 60 + 4 * 30


def test_nothing_is_left_when_it_is_over():
    assert eta({"stableRS": canaries.V2.hash}) is None
    assert eta({"abort": True, "rolloutBot": {"abort": canaries.BACK}}) is None


def test_way_of_an_abort_marks_the_step_that_it_never_got_past():
    stopped = canaries.scene({"abort": True, "rolloutBot": {"abort": canaries.BACK}})
    done, here, *ahead = [state for _, state in way(stopped)]
    assert (done, here) == ("done", "current")
    assert set(ahead) == {"coming"}
