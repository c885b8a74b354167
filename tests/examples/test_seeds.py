"""Every block of YAML of the seeds stands in a file that does what its text says."""

import asyncio
import re

import pytest
import yaml

from bot.model import analysis, ports
from bot.runtime import announce, authorize
from tests.architecture import files
from tests.examples import endings, play
from tests.examples import plane as planes
from tests.runtime import stage, virtual

LIST = yaml.safe_load((files.ROOT / "tests" / "examples" / "seeds.yaml").read_text())
# Where the project is developed they lie beside it; on a user's machine they may be absent.
SEEDS = files.ROOT.parent / "shared" / "seeds"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
LISTED = [
    (title["title"], name)
    for titles in LIST.values()
    for title in titles
    for name in title["files"]
]


@pytest.mark.parametrize(("title", "name"), LISTED, ids=[name for _, name in LISTED])
def test_block_of_a_seed_has_a_file_that_is_run(title, name):
    assert f"seeds/{name}" in endings.SEEDS
    assert (play.FOLDER / "seeds" / name).exists(), title


def test_no_file_is_without_its_block():
    assert {f"seeds/{name}" for _, name in LISTED} == set(endings.SEEDS)


def blocks():
    for seed, titles in LIST.items():
        path = SEEDS / seed
        if path.exists():
            yield seed, BLOCK.findall(path.read_text()), titles


def test_list_names_as_many_blocks_as_the_seeds_have():
    for seed, found, titles in blocks():
        assert len(found) == len(titles), seed


def test_files_say_what_the_blocks_say_where_the_seeds_are_there():
    for _, found, titles in blocks():
        for text, entry in zip(found, titles, strict=True):
            ours = play.load(f"seeds/{entry['files'][0]}")
            for document in yaml.safe_load_all(text):
                assert any(kept(document, one) for one in places(ours)), entry["title"]


def places(ours):
    """Each document, and what a fragment may be a part of."""
    for document in ours:
        spec = document["spec"]
        yield from (document, spec, (spec.get("strategy") or {}).get("canary") or {})


def kept(wanted, found):
    """Whether everything of ``wanted`` stands in ``found``, where a list may go on."""
    if wanted is None:
        return True
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found and kept(value, found[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and all(map(kept, wanted, found)) and len(wanted) <= len(found)
        )
    return wanted == found


def played(name, *, tag="next", pull_s=5.0, also=(), change=None, prepare=lambda plane: None):
    documents = play.load(f"seeds/{name}", *also)
    if change is not None:
        change(documents)
    ending = play.Ending(tag=tag, pull_s=pull_s)
    return play.run(lambda: play.course(documents, ending, prepare=prepare))


def test_first_canary_keeps_the_timetable_of_slide_18():
    found = played("lecture-slide-17-first-canary.yaml", pull_s=60.0)
    minutes = {share: at // 60 for at, share in found.points if share in {0, 20, 50, 100}}
    assert minutes == {0: 0, 20: 1, 50: 6, 100: 11}


def test_module_canary_goes_by_the_ratio_of_pods():
    seen = []

    def look(plane):
        plane.cluster.lookers.append(lambda: seen.append(pods(plane)))

    found = played("module-part-3-progressive-canary.yaml", prepare=look)
    assert found.shares == (20, 40, 60, 80, 100)
    ratios = [(n, 5 - n) for n in range(1, 6)]
    order = [pair for pair in dict.fromkeys(seen) if pair in ratios]
    assert order == ratios
    assert {kind for kind, _ in found.plane.cluster.objects} == {
        "services",
        "rollouts",
        "replicasets",
    }


def pods(plane):
    """How many pods are there of the new and of the old image."""
    count = dict.fromkeys(("yellow", "blue"), 0)
    for rs in plane.cluster.all(ports.REPLICA_SET):
        image = rs["spec"]["template"]["spec"]["containers"][0]["image"]
        side = "blue" if image.endswith(":blue") else "yellow"
        count[side] = rs.get("status", {}).get("availableReplicas", 0)
    return count["yellow"], count["blue"]


def test_header_route_is_there_while_a_person_is_waited_for_and_gone_in_the_end():
    seen = []

    def look(plane):
        def names():
            web = plane.cluster.find(ports.VIRTUAL_SERVICE, "myapp")
            if web is not None:
                seen.append(tuple(one["name"] for one in web["spec"]["http"]))
                seen.append(web["spec"]["http"][0].get("match"))

        plane.cluster.lookers.append(names)

    found = played("module-part-6-header-route.yaml", prepare=look)
    assert ("canary-by-header", "primary") in seen
    assert [{"headers": {"X-Canary": {"exact": "true"}}}] in seen
    assert seen[-2] == ("primary",)
    assert any(reason == "AcceptedHere" for _, _, reason, _ in found.plane.events)


def test_web_check_asks_about_the_service_that_the_argument_names():
    found = played("module-part-5-web.yaml")
    assert found.plane.web.asked == ["https://my-health-api.com/check?service=myapp"]


def test_web_check_takes_everything_back_when_the_answer_is_another():
    def sick(plane):
        plane.web.body = {"health": {"status": "sick"}}

    found = played("module-part-5-web.yaml", prepare=sick)
    assert (found.status["phase"], found.shares) == ("Degraded", (20,))


@pytest.mark.row(96)
def test_datadog_is_asked_about_the_service_and_its_value_kept():
    found = played("module-part-5-datadog.yaml")
    (asked,) = found.plane.datadog.asked
    assert "service:myapp" in asked
    assert float(measured(found)) > 0


@pytest.mark.row(97)
def test_new_relic_is_asked_about_the_service_and_its_row_kept():
    found = played("module-part-5-new-relic.yaml")
    (asked,) = found.plane.new_relic.asked
    assert "appName = 'myapp'" in asked
    assert measured(found) == '{"score":1}'


def measured(found):
    """The value of the one measurement."""
    (run,) = found.plane.cluster.all(ports.RUN)
    (result,) = run["status"]["metricResults"]
    assert result["phase"] == "Successful"
    return result["measurements"][0]["value"]


@pytest.mark.parametrize(
    ("name", "also"),
    [
        pytest.param(
            "module-part-4-analysis-steps.yaml",
            ("seeds/module-part-4-success-rate.yaml",),
            id="part-4",
        ),
        pytest.param("module-part-8-exercise.yaml", (), id="part-8"),
        pytest.param("module-part-5-business-metrics.yaml", (), id="business"),
    ],
)
def test_bad_version_is_rolled_back_when_the_seed_measures_it(name, also):
    found = played(name, tag="bad", also=also)
    assert (found.status["phase"], found.runs) == ("Degraded", ("Failed",))
    assert found.points[-1][1] == 0


def told(name, **how):
    """A workspace in which the story of a seed was told."""
    chat = stage.Chat(stage.Trouble())

    def tell(plane):
        plane.teller = announce.Announcer(
            chat=chat,
            api=plane.cluster,
            clock=virtual.now,
            rules=authorize.Rules(default_channel="#others"),
            observe=lambda rollout: None,
        )

    played(name, prepare=tell, **how)
    return chat


def test_card_says_that_managed_routes_were_taken_from_the_steps():
    chat = told("module-part-6-header-route.yaml")
    cards = [str(one["message"].blocks) for one in chat.messages.values() if not one["thread"]]
    assert any("managedRoutes is left out" in card for card in cards)


def test_exercise_is_told_in_its_channel_and_its_rollback_loudly():
    chat = told("module-part-8-exercise.yaml", tag="bad")
    assert {channel for channel, _ in chat.messages} == {"#ecommerce-releases"}
    # The card says that it was rolled back, and one message beside it says loudly why.
    both = [text for text in chat.top() if "rolled back in test, users are on v1" in text]
    assert len(both) == 2, chat.top()
    assert [text for text in both if "error-rate" in text] == both[1:]


ORIGINAL = "module-part-5-compare-baseline.yaml"
CORRECTED = "module-part-5-compare-baseline-corrected.yaml"
# The versions by their share of errors: stable, canary; at which weight; what each file says.
MISJUDGED = {
    "four times as many errors at a small weight": (
        ("flaky", "four-times"), 20, ("Successful", "Failed"),
    ),
    "no more errors at a large weight": (("flaky", "flaky-again"), 80, ("Failed", "Successful")),
    "a baseline that never fails": (
        ("flawless", "flawless-again"), 20, ("Inconclusive", "Successful"),
    ),
    "errors where the baseline has none": (
        ("flawless", "as-flaky"), 40, ("Inconclusive", "Failed"),
    ),
    # What both get right, or the test would prove nothing.
    "much worse at half": (("flaky", "four-times"), 60, ("Failed", "Failed")),
}  # fmt: skip


@pytest.mark.parametrize("corrected", [False, True], ids=["seed", "corrected"])
@pytest.mark.parametrize("case", MISJUDGED)
def test_comparison_by_counts_misjudges_what_the_corrected_one_judges_rightly(case, corrected):
    (stable, canary), weight, verdicts = MISJUDGED[case]

    def change(documents):
        (rollout,) = [one for one in documents if one["kind"] == "Rollout"]
        rollout["spec"]["template"]["spec"]["containers"][0]["image"] = f"myapp:{stable}"
        rollout["spec"]["strategy"]["canary"]["steps"][0]["setWeight"] = weight

    assert judged(CORRECTED if corrected else ORIGINAL, canary, change) == verdicts[corrected]


def judged(name, tag, change):
    """The verdict of the first analysis of an update."""
    documents = play.load(f"seeds/{name}")
    change(documents)

    async def story():
        found = play.Course(plane=planes.Plane(), name="myapp")
        async with found.plane.running():
            found.plane.cluster.apply(documents)
            await found.plane.until(lambda: play.settled(found))
            await asyncio.sleep(play.AFTER_S)
            play.ship(found.plane, found.name, tag)
            await found.plane.until(lambda: bool(found.runs) and found.runs[0] in analysis.DONE)
        return found.runs[0]

    return play.run(story)
